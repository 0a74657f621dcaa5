"""A machine without a network asks its host by a file, and is activated by the file that comes back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError
from muster.client import app as client
from muster.client.service.machine import Machine
from muster.trust.productkey import KeyKind
from muster.wire.activation import State
from muster.wire.armour import ACTIVATION_REPLY, ACTIVATION_REQUEST, armour, dearmour
from tests.worlds.clocks import MORNING
from tests.worlds.network_world import HostInMemory, Office, activate, state
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys

VALIDITY = timedelta(days=180)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def requested(machine: Machine) -> bytes:
    return dearmour(asyncio.run(client.request_file(machine, None)), ACTIVATION_REQUEST)


def host_of(office: Office, machines: int = 30) -> HostInMemory:
    """A host that no network leads to."""
    host = HostInMemory(office.vendor, office.clock)
    host.fill(machines)
    return host


def give(machine: Machine, answer: bytes) -> client.Result:
    return client.deposit_file(machine, armour(ACTIVATION_REPLY, answer).encode())


def refused(machine: Machine, answer: bytes) -> Code:
    with pytest.raises(MusterError) as caught:
        give(machine, answer)
    assert caught.value.hint
    return caught.value.code


def test_a_reply_by_file_activates_for_as_long_as_one_by_wire_counted_from_the_request(office: Office) -> None:
    machine, host = office.machine(), host_of(office)
    body = requested(machine)
    office.clock.move(days=3)
    result = give(machine, host.answer(body))
    assert result.error is None
    assert state(machine) is State.LICENSED
    assert machine.scene(None).standing().expires_at == MORNING + VALIDITY
    assert office.network.asked == []
    assert office.network.questions == []


def test_a_reply_is_good_once(office: Office) -> None:
    machine, host = office.machine(), host_of(office)
    answer = host.answer(requested(machine))
    give(machine, answer)
    office.clock.move(days=100)
    assert refused(machine, answer) is Code.NOT_FOUND
    assert machine.scene(None).standing().expires_at == MORNING + VALIDITY


def test_a_reply_to_an_earlier_request_is_refused(office: Office) -> None:
    machine, host = office.machine(), host_of(office)
    earlier = host.answer(requested(machine))
    requested(machine)
    assert refused(machine, earlier) is Code.HOST_UNTRUSTED
    assert state(machine) is State.INITIAL_GRACE


def test_a_reply_for_another_machine_is_refused(office: Office) -> None:
    machine, other, host = office.machine(1), office.machine(2), host_of(office)
    requested(machine)
    assert refused(machine, host.answer(requested(other))) is Code.HOST_UNTRUSTED


def test_a_reply_of_a_host_that_the_vendor_never_certified_is_refused(office: Office) -> None:
    machine, stranger = office.machine(), VendorKeys(seed="stranger")
    body = requested(machine)
    host = HostInMemory(stranger, office.clock)
    assert refused(machine, host.certified.reply(body)) is Code.HOST_UNTRUSTED


def test_a_reply_below_the_threshold_is_counted_and_told(office: Office) -> None:
    machine, host = office.machine(), host_of(office, machines=3)
    result = give(machine, host.answer(requested(machine)))
    assert result.error is not None
    assert result.error.code is Code.COUNT_BELOW_THRESHOLD
    assert client.report(result.scene)["count"] == 4
    assert state(machine) is State.INITIAL_GRACE


def test_a_signed_no_keeps_the_request_waiting(office: Office) -> None:
    machine, host = office.machine(), host_of(office)
    body = requested(machine)
    assert refused(machine, host.certified.refuse(body, Code.RATE_LIMITED.number)) is Code.RATE_LIMITED
    assert give(machine, host.answer(body)).error is None


def test_a_request_made_before_a_rearm_brings_nothing(office: Office) -> None:
    machine, host = office.machine(), host_of(office)
    answer = host.answer(requested(machine))
    client.rearm_all(machine, keep_grace=False)
    assert refused(machine, answer) is Code.HARDWARE_CHANGED


def test_a_clock_that_was_put_back_takes_no_reply(office: Office) -> None:
    machine, host = office.machine(), host_of(office)
    answer = host.answer(requested(machine))
    office.clock.set(MORNING - timedelta(days=3))
    assert refused(machine, answer) is Code.CLOCK_SUSPECT


def test_a_lease_that_ends_later_stays(office: Office) -> None:
    machine, host = office.machine(), host_of(office)
    answer = host.answer(requested(machine))
    office.clock.move(days=10)
    office.host(machines=30)
    assert activate(machine).error is None
    later = machine.scene(None).standing().expires_at
    give(machine, answer)
    assert machine.scene(None).standing().expires_at == later


def test_a_multiple_activation_key_asks_no_host(office: Office) -> None:
    machine = office.machine()
    client.install_key(machine, office.vendor.key(KeyKind.MAK, CAD_PRO.id).formatted)
    with pytest.raises(MusterError) as caught:
        requested(machine)
    assert caught.value.code is Code.KEY_WRONG_KIND


def test_a_damaged_request_file_is_named(office: Office) -> None:
    machine, host = office.machine(), host_of(office)
    answer = host.answer(requested(machine))
    path = next(office.folder.rglob("request-*"))
    path.write_bytes(path.read_bytes()[:-3])
    assert refused(machine, answer) is Code.STATE_CORRUPT

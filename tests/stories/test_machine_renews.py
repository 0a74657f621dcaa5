"""A machine on its own network over months: asked for, counted, activated, renewed, left alone."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from muster.base.errors import Code
from muster.client import app as client
from muster.trust.cose import public_bytes
from muster.wire.activation import State
from muster.wire.keyset import IssuingKey, Purpose
from tests.worlds.network_world import KMS1, Office, activate, live, state
from tests.worlds.vendor_keys import CAD_PRO, CAD_SERVER

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_the_worked_example_of_the_product(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host()
    for number, edition in enumerate([CAD_PRO, CAD_PRO, CAD_PRO, CAD_SERVER], 1):
        result = activate(office.machine(number, edition))
        assert result.error is not None
        assert result.error.code is Code.COUNT_BELOW_THRESHOLD
        assert client.report(result.scene)["count"] == number
        assert state(office.machine(number)) is State.INITIAL_GRACE
    fifth = activate(office.machine(5, CAD_SERVER))
    assert fifth.error is None
    assert client.report(fifth.scene)["count"] == 5
    clients = [activate(office.machine(number)).error is None for number in range(6, 27)]
    assert clients == [False] * 19 + [True] * 2, "the 25th machine is the first client to be activated"
    row = client.report(office.machine(25).scene(None))
    assert row["state"] == "LICENSED"
    assert row["expires_at"] == "2027-05-23T09:00:00Z", "180 days ahead"


def test_a_lease_is_renewed_every_seven_days(tmp_path: Path) -> None:
    office = Office(tmp_path)
    host = office.host(machines=24)
    machine = office.machine()
    asked = live(machine, office.clock, 29 * DAY)
    assert [(b - a) for a, b in pairwise(asked)] == [7 * DAY] * 4
    assert host.asked[-5:] == [State.INITIAL_GRACE, *[State.LICENSED] * 4]
    assert state(machine) is State.LICENSED


def test_the_hosts_own_interval_wins_after_its_first_answer(tmp_path: Path) -> None:
    office = Office(tmp_path)
    host = office.host(machines=24)
    host.renewal_minutes = 3 * 24 * 60
    host.install()
    asked = live(office.machine(), office.clock, 7 * DAY)
    assert [b - a for a, b in pairwise(asked)] == [3 * DAY] * 2


def test_below_the_threshold_a_machine_asks_again_every_two_hours(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host()
    asked = live(office.machine(), office.clock, 2 * DAY)
    gaps = [b - a for a, b in pairwise(asked)]
    assert len(gaps) > 20
    assert all(1.8 * HOUR <= gap <= 2.2 * HOUR for gap in gaps), "2 hours, give or take 10 %"
    assert len(set(gaps)) > 10, "machines that were started together do not stay together"


def test_the_first_twelve_renewals_that_fail_are_two_hours_apart_then_the_machine_backs_off(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    office.network.lose(KMS1)
    asked = live(machine, office.clock, 12 * DAY)
    gaps = [b - a for a, b in pairwise(asked)]
    assert all(gap <= 2.2 * HOUR for gap in gaps[:11])
    assert gaps[11] > 2.6 * HOUR
    assert 10.7 * HOUR <= gaps[-1] <= 13.3 * HOUR, "12 hours at the most, give or take 10 %"


def test_a_machine_with_less_than_thirty_days_left_does_not_back_off(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    office.network.lose(KMS1)
    live(machine, office.clock, 160 * DAY)
    asked = live(machine, office.clock, DAY)
    gaps = [b - a for a, b in pairwise(asked)]
    assert all(gap <= 2.2 * HOUR for gap in gaps)


def test_a_host_that_is_gone_hurts_nobody_for_180_days(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    office.network.lose(KMS1)
    live(machine, office.clock, 179 * DAY)
    assert state(machine) is State.LICENSED
    live(machine, office.clock, 2 * DAY)
    assert state(machine) is State.RENEWAL_GRACE
    assert client.report(machine.scene(None))["grace_ends_at"] == "2027-06-22T09:00:00Z"
    live(machine, office.clock, 30 * DAY)
    assert state(machine) is State.NOTIFICATION
    office.host(machines=24)
    live(machine, office.clock, 3 * HOUR)
    assert state(machine) is State.LICENSED, "it comes back by itself"


def test_a_machine_that_never_found_a_host_is_told_after_thirty_days(tmp_path: Path) -> None:
    office = Office(tmp_path)
    machine = office.machine()
    live(machine, office.clock, 29 * DAY)
    assert state(machine) is State.INITIAL_GRACE
    error = client.report(machine.scene(None))["last_error"]
    assert error["code"] == "NO_HOST_FOUND"
    assert "_muster._tcp.corp.example" in error["message"]
    live(machine, office.clock, 2 * DAY)
    assert state(machine) is State.NOTIFICATION


def test_an_issuing_key_is_rotated_while_the_machine_knows_only_its_host(tmp_path: Path) -> None:
    office = Office(tmp_path)
    host = office.host(machines=24)
    machine = office.machine()
    activate(machine)
    issued = {key.number for key in office.vendor.keysets[-1].issuing}
    office.vendor.publish(issuing=_with_new_host_key(office, max(issued) + 1))
    host.certified.changes = {"issuing_key": max(issued) + 1}
    host.install()
    live(machine, office.clock, 8 * DAY)
    report = client.report(machine.scene(None))
    assert report["state"] == "LICENSED"
    assert report["last_error"] is None
    assert machine.scene(None).product.keysets.version == 2, "fetched from the host, over the same port"


def _with_new_host_key(office: Office, number: int) -> tuple[IssuingKey, ...]:
    keys = office.vendor.keysets[-1].issuing
    spare = number - office.vendor.issuing_number(Purpose.HOST)
    fresh = keys[0]._replace(number=number, public=public_bytes(office.vendor.issuing_key(Purpose.HOST, spare)))
    return (*keys, fresh)


def test_a_withdrawn_host_renews_nothing_and_ends_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path)
    host = office.host(machines=24)
    machine = office.machine()
    activate(machine)
    office.vendor.publish(withdrawn=(41,))
    client.install(machine, office.vendor.product_file(serial=2).encode())
    live(machine, office.clock, 30 * DAY)
    report = client.report(machine.scene(None))
    assert report["state"] == "LICENSED"
    assert report["last_error"]["code"] == "CERTIFICATE_WITHDRAWN"
    assert report["expires_at"] == "2027-05-23T09:00:00Z", "the lease given before runs on"
    assert host.asked


@pytest.mark.parametrize("error", ["no certificate", "foreign vendor", "garbage"])
def test_who_cannot_prove_anything_changes_nothing(tmp_path: Path, error: str) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    before = machine.scene(None).part.lease
    if error == "foreign vendor":
        stranger = Office(tmp_path / "stranger", vendor=type(office.vendor)("stranger"), clock=office.clock)
        office.network.hosts[KMS1] = stranger.host(machines=24)
    else:
        office.network.hosts[KMS1] = b"\x82\x01\x05" if error == "no certificate" else b"HTTP/1.1 400 Bad Request"
    office.clock.move(days=8)
    result = activate(machine)
    assert result.error is not None
    assert machine.scene(None).part.lease == before
    assert state(machine) is State.LICENSED

"""A multiple activation key: the machine asks its vendor by itself, keeps what it got, and never asks in vain for long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from muster.base.errors import Code, Misconfigured, Unreachable, Untrusted
from muster.client import app as client
from muster.client.core.agenda import hopes_for_network
from muster.client.service.machine import Machine
from muster.trust.cose import public_bytes
from muster.trust.productkey import KeyKind
from muster.wire.activation import State
from muster.wire.keyset import Purpose
from tests.worlds.network_world import Office, activate, live, parts, state
from tests.worlds.online_vendor import MAK, OnlineVendor
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys, days, key_of

SERVICE = "https://licensing.acme.example"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def vendor(office: Office) -> OnlineVendor:
    return OnlineVendor(office.clock)


@pytest.fixture
def machine(office: Office, vendor: OnlineVendor) -> Machine:
    return with_mak(office, vendor)


def with_mak(office: Office, vendor: OnlineVendor, number: int = 1, *, home: Path | None = None) -> Machine:
    machine = office.machine(number, home=home)
    machine.vendor = vendor
    client.install_key(machine, MAK.formatted)
    return machine


def code(machine: Machine) -> Code | None:
    error = activate(machine).error
    return error.code if error else None


def move_to(machine: Machine, number: int) -> None:
    """The state folder is on other hardware from now on."""
    machine.around = replace(machine.around, hardware=parts(number))


def test_a_machine_with_a_mak_activates_itself_once_and_for_good(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    asked = live(machine, office.clock, days(1000))
    assert len(asked) == 1
    row = client.report(machine.scene(None))
    assert (row["state"], row["method"], row["permanent"], row["next_attempt_at"]) == ("LICENSED", "mak", True, None)
    assert (vendor.asked, vendor.used, office.network.asked) == ([SERVICE], 1, [])
    assert machine.journal.last(1)[0] | {"time": None} == {
        "time": None,
        "event": "activation.done",
        "edition": CAD_PRO.name,
        "method": "mak",
        "state": "LICENSED",
        "remaining": 2,
    }
    assert code(machine) is None
    assert len(vendor.asked) == 1, "there is nothing to ask for"


def test_a_machine_without_a_network_asks_until_there_is_one_and_tells_the_other_way(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    vendor.trouble = Unreachable(Code.SERVICE_UNREACHABLE)
    error = activate(machine).error
    assert isinstance(error, Unreachable)
    assert "muster client installation-id" in error.hint
    assert hopes_for_network(machine.scene(None))
    waiting = client.next_attempt(machine.scene(None))
    assert waiting is not None
    assert timedelta(hours=1.8) <= waiting - office.clock.now() <= timedelta(hours=2.2)
    vendor.trouble = None
    live(machine, office.clock, days(1))
    assert state(machine) is State.LICENSED


def test_an_untrusted_service_is_not_believed_whatever_it_says(machine: Machine, vendor: OnlineVendor) -> None:
    vendor.trouble = Untrusted(Code.SERVICE_UNTRUSTED)
    assert code(machine) is Code.SERVICE_UNTRUSTED
    vendor.trouble, vendor.keys = None, VendorKeys("stranger")
    assert code(machine) is Code.CONFIRMATION_UNTRUSTED
    assert state(machine) is State.INITIAL_GRACE


def test_an_empty_or_blocked_key_is_asked_about_once_a_day_until_somebody_extends_it(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    vendor.activations, vendor.used = 3, 3
    asked = live(machine, office.clock, days(10))
    assert 9 <= len(asked) <= 11
    row = client.report(machine.scene(None))
    assert (row["state"], row["last_error"]["code"]) == ("INITIAL_GRACE", "KEY_EXHAUSTED")
    vendor.is_blocked = True
    assert code(machine) is Code.KEY_BLOCKED
    vendor.is_blocked, vendor.activations = False, 4
    live(machine, office.clock, days(2))
    assert state(machine) is State.LICENSED


def test_the_service_named_last_wins_command_settings_product_file(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    machine.around = replace(
        machine.around, settings=replace(machine.around.settings, service="https://proxy.example/a")
    )
    vendor.trouble = Unreachable(Code.SERVICE_UNREACHABLE)
    activate(machine)
    asyncio.run(client.activate(machine, None, service="https://other.example"))
    assert vendor.asked == ["https://proxy.example/a", "https://other.example"]
    result = asyncio.run(client.activate(machine, None, service="http://other.example"))
    assert isinstance(result.error, Misconfigured)
    assert "without TLS" in result.error.message


def test_without_any_service_the_machine_says_how_to_go_on(office: Office, vendor: OnlineVendor) -> None:
    machine = office.machine()
    client.install(machine, office.vendor.product_file(service="", serial=2).encode())
    machine.vendor = vendor
    client.install_key(machine, MAK.formatted)
    error = activate(machine).error
    assert error is not None
    assert (error.code, vendor.asked) == (Code.NO_SERVICE, [])
    assert "muster client confirm" in error.hint


def test_a_service_is_only_for_multiple_activation_keys(office: Office) -> None:
    with pytest.raises(Misconfigured) as refused:
        asyncio.run(client.activate(office.machine(), None, service=SERVICE))
    assert refused.value.code is Code.USAGE


def test_a_trial_ends_on_its_day_and_the_vendor_confirms_no_other(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    vendor.days = 30
    activate(machine)
    assert client.report(machine.scene(None))["expires_at"] == "2026-12-25T00:00:00Z"
    asked = live(machine, office.clock, days(40))
    assert state(machine) is State.RENEWAL_GRACE
    assert client.report(machine.scene(None))["last_error"]["code"] == "LEASE_ENDED"
    assert len(asked) <= 11, "once at its end, then once a day"
    assert vendor.used == 1
    office.clock.move(days=40)
    assert state(machine) is State.NOTIFICATION


def test_parts_exchanged_within_tolerance_change_nothing(machine: Machine, vendor: OnlineVendor) -> None:
    activate(machine)
    machine.around = replace(machine.around, hardware=parts(1)._replace(disk="newdisk"))
    assert state(machine) is State.LICENSED
    assert (code(machine), vendor.used) == (None, 1)


def test_hardware_that_changed_too_much_is_activated_anew_and_the_old_one_is_free(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    activate(machine)
    move_to(machine, 9)
    vendor.trouble = Unreachable(Code.SERVICE_UNREACHABLE)
    live(machine, office.clock, days(1))
    standing = machine.scene(None).standing()
    assert (standing.state, standing.reason) == (State.RENEWAL_GRACE, Code.HARDWARE_CHANGED)
    vendor.trouble = None
    live(machine, office.clock, days(1))
    assert (state(machine), vendor.used) == (State.LICENSED, 2)
    move_to(machine, 1)
    live(machine, office.clock, days(1))
    assert (state(machine), vendor.used) == (State.LICENSED, 2)


def test_an_image_with_a_mak_activates_each_copy_by_its_own_hardware(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    activate(machine)
    client.rearm_all(machine)
    assert state(machine) is State.INITIAL_GRACE
    assert machine.scene(None).part.key is not None, "rearming keeps keys"
    for number, used in ((2, 2), (3, 3), (2, 3)):
        move_to(machine, number)
        client.rearm_all(machine, keep_grace=True)
        assert code(machine) is None
        assert (state(machine), vendor.used) == (State.LICENSED, used)
    move_to(machine, 4)
    client.rearm_all(machine, keep_grace=True)
    assert code(machine) is Code.KEY_EXHAUSTED


def test_a_machine_installed_anew_on_the_same_hardware_costs_nothing(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    activate(machine)
    again = with_mak(office, vendor, home=office.folder / "installed anew")
    again.around = replace(again.around, hardware=parts(1)._replace(network="020000000099"))
    assert (code(again), vendor.used) == (None, 1)


def test_from_volume_to_a_mak_and_back(office: Office, vendor: OnlineVendor) -> None:
    office.host(machines=30)
    machine = office.machine()
    machine.vendor = vendor
    assert code(machine) is None
    generic = machine.scene(None).product.generic_key(CAD_PRO)
    client.install_key(machine, MAK.formatted)
    assert state(machine) is State.RENEWAL_GRACE, "a lease belongs to the generic key"
    live(machine, office.clock, days(1))
    assert client.report(machine.scene(None))["method"] == "mak"
    client.install_key(machine, generic.formatted)
    live(machine, office.clock, days(1))
    row = client.report(machine.scene(None))
    assert (row["state"], row["method"]) == ("LICENSED", "host")
    assert not machine.state.secrets(machine.scene(None).product.keysets.vendor_id), "no secret is left behind"
    client.install_key(machine, MAK.formatted)
    assert code(machine) is None
    assert (client.report(machine.scene(None))["method"], vendor.used) == ("mak", 1)


def test_a_machine_that_may_be_activated_by_hosts_only_does_not_use_its_mak(
    machine: Machine, vendor: OnlineVendor
) -> None:
    client.set_type(machine, "host")
    assert code(machine) is Code.KEY_WRONG_KIND
    assert vendor.asked == []
    client.set_type(machine, "mak")
    assert code(machine) is None


def test_a_suspect_clock_is_not_healed_by_a_confirmation_and_asks_nobody(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    vendor.days = 300
    activate(machine)
    office.clock.move(days=20)
    machine.awake(machine.scene(None).product.keysets.vendor_id)
    office.clock.move(days=-15)
    assert code(machine) is Code.CLOCK_SUSPECT
    assert len(vendor.asked) == 1
    office.clock.move(days=16)
    assert state(machine) is State.LICENSED


def test_an_installation_id_that_was_read_out_stays_while_a_part_comes_and_goes(machine: Machine) -> None:
    digits = client.installation_id(machine, None)
    machine.around = replace(machine.around, hardware=parts(1)._replace(network=None))
    assert client.installation_id(machine, None) == digits
    move_to(machine, 5)
    assert client.installation_id(machine, None) != digits


def test_what_was_confirmed_with_one_key_stays_when_another_is_installed(
    machine: Machine, vendor: OnlineVendor
) -> None:
    activate(machine)
    client.install_key(machine, VendorKeys().key(KeyKind.MAK, CAD_PRO.id, 8).formatted)
    assert (state(machine), code(machine), vendor.used) == (State.LICENSED, None, 1)


def test_a_vendor_that_changed_its_keys_since_the_product_file_is_followed_as_far_as_the_chain_proves_itself(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    spare, fresh = vendor.keys.keysets[-1].issuing[-1], key_of("rotated")
    added = spare._replace(number=200, purpose=Purpose.PERMANENT, public=public_bytes(fresh))
    vendor.keys.publish(issuing=(*vendor.keys.keysets[-1].issuing, added))
    vendor.signer = fresh
    assert (code(machine), state(machine)) == (None, State.LICENSED)
    assert machine.scene(None).product.keysets.version == 2
    vendor.keys.documents[1] = vendor.keys.documents[1][:-1] + b"!"
    other = with_mak(office, vendor, 2)
    assert code(other) is Code.CONFIRMATION_UNTRUSTED
    assert other.scene(None).product.keysets.version == 1

"""A machine without a host: installation ids, confirmations typed or as files, hardware that changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError
from muster.client import app as client
from muster.client.service.entering import enter
from muster.client.service.machine import Machine
from muster.trust.humanid import format_confirmation, parse_installation
from muster.trust.installation import host_id
from muster.trust.productkey import KeyKind
from muster.wire.activation import State
from muster.wire.calendar import seconds
from muster.wire.confirmation import decode_installation_file, encode_confirmation_file
from muster.wire.installation import pack_installation
from tests.worlds.network_world import Office, activate, live, parts, state
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys, days

MAK = VendorKeys().key(KeyKind.MAK, CAD_PRO.id)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def machine(office: Office) -> Machine:
    machine = office.machine()
    client.install_key(machine, MAK.formatted)
    return machine


def confirmed(office: Office, digits: str, end_day: int = 0) -> str:
    """What the vendor answers to an installation id."""
    installation = pack_installation(parse_installation(digits))
    return format_confirmation(office.vendor.confirm_permanently(installation, end_day))


def code_of(do: Callable[[], object]) -> Code:
    with pytest.raises(MusterError) as error:
        do()
    return error.value.code


def test_a_confirmed_machine_is_activated_for_good_and_asks_nobody(office: Office, machine: Machine) -> None:
    digits = client.installation_id(machine, None)
    assert [len(group) for group in digits.split("-")] == [7] * 10
    assert client.installation_id(machine, None) == digits, "it does not change while it waits"
    client.confirm(machine, confirmed(office, digits))
    row = client.report(machine.scene(None))
    assert (row["state"], row["method"], row["permanent"]) == ("LICENSED", "mak", True)
    assert (row["expires_at"], row["next_attempt_at"], row["last_error"]) == (None, None, None)
    assert live(machine, office.clock, days(1000)) == []
    assert state(machine) is State.LICENSED
    assert activate(machine).error is None
    assert office.network.asked == []


def test_until_it_is_confirmed_activation_tells_what_to_do(machine: Machine) -> None:
    result = activate(machine)
    assert result.error is not None
    assert "installation-id" in result.error.hint
    assert state(machine) is State.INITIAL_GRACE


def test_a_trial_ends_on_its_day(office: Office, machine: Machine) -> None:
    last = seconds(office.clock.now()) // 86_400 + 30
    client.confirm(machine, confirmed(office, client.installation_id(machine, None), last))
    row = client.report(machine.scene(None))
    assert (row["state"], row["permanent"], row["expires_at"]) == ("LICENSED", False, "2026-12-25T00:00:00Z")
    assert activate(machine).error is None
    office.clock.move(days=31)
    assert state(machine) is State.RENEWAL_GRACE


def test_digits_with_a_typing_error_are_refused_with_the_group(office: Office, machine: Machine) -> None:
    groups = confirmed(office, client.installation_id(machine, None)).split("-")
    groups[4], groups[5] = groups[5], groups[4]
    with pytest.raises(MusterError, match="group 5") as error:
        client.confirm(machine, "-".join(groups))
    assert error.value.code is Code.CONFIRMATION_MALFORMED
    client.confirm(machine, " ".join(confirmed(office, client.installation_id(machine, None)).split("-")))
    assert state(machine) is State.LICENSED


def test_a_confirmation_of_another_machine_is_refused(office: Office, machine: Machine) -> None:
    other = office.machine(2)
    client.install_key(other, MAK.formatted)
    foreign = confirmed(office, client.installation_id(other, None))
    client.installation_id(machine, None)
    assert code_of(lambda: client.confirm(machine, foreign)) is Code.CONFIRMATION_UNTRUSTED
    assert state(machine) is State.INITIAL_GRACE


def test_a_confirmation_of_another_vendor_is_refused(office: Office, machine: Machine) -> None:
    stranger = replace(office, vendor=VendorKeys("stranger"))
    digits = confirmed(stranger, client.installation_id(machine, None))
    assert code_of(lambda: client.confirm(machine, digits)) is Code.CONFIRMATION_UNTRUSTED


def test_digits_without_an_id_that_waits_belong_to_nothing(office: Office, machine: Machine) -> None:
    digits = confirmed(office, client.installation_id(machine, None))
    client.confirm(machine, digits)
    assert code_of(lambda: client.confirm(machine, digits)) is Code.CONFIRMATION_UNTRUSTED
    assert state(machine) is State.LICENSED


def test_a_file_is_taken_on_the_same_hardware_even_after_the_machine_was_installed_anew(
    office: Office, machine: Machine
) -> None:
    installation = decode_installation_file(client.installation_file(machine, None))
    file = encode_confirmation_file(installation, office.vendor.confirm_permanently(installation))
    again = office.machine(1, home=office.folder / "installed anew")
    client.install_key(again, MAK.formatted)
    again.around = replace(again.around, hardware=parts(1)._replace(disk="newdisk"))
    client.confirm_file(again, file)
    assert state(again) is State.LICENSED


def test_a_file_for_other_hardware_another_key_or_a_host_is_refused(office: Office, machine: Machine) -> None:
    other = office.machine(2)
    client.install_key(other, MAK.formatted)

    def file(installation: bytes) -> str:
        return encode_confirmation_file(installation, office.vendor.confirm_permanently(installation))

    of_other = file(decode_installation_file(client.installation_file(other, None)))
    assert code_of(lambda: client.confirm_file(machine, of_other)) is Code.HARDWARE_CHANGED
    own = file(decode_installation_file(client.installation_file(machine, None)))
    client.install_key(machine, office.vendor.key(KeyKind.MAK, CAD_PRO.id, 8).formatted)
    assert code_of(lambda: client.confirm_file(machine, own)) is Code.KEY_UNKNOWN
    of_host = file(pack_installation(host_id(MAK.reference, MAK.secret, bytes(32))))
    assert code_of(lambda: client.confirm_file(machine, of_host)) is Code.CONFIRMATION_MALFORMED
    assert code_of(lambda: client.confirm_file(machine, "rubbish")) is Code.CONFIRMATION_MALFORMED


def test_hardware_that_changed_too_much_leads_to_grace_and_back(office: Office, machine: Machine) -> None:
    client.confirm(machine, confirmed(office, client.installation_id(machine, None)))
    machine.around = replace(machine.around, hardware=parts(9))
    assert activate(machine).error is not None
    assert state(machine) is State.RENEWAL_GRACE
    machine.around = replace(machine.around, hardware=parts(1))
    assert state(machine) is State.LICENSED


def test_a_machine_with_a_generic_key_has_no_installation_id(office: Office) -> None:
    machine = office.machine()
    assert code_of(lambda: client.installation_id(machine, None)) is Code.KEY_WRONG_KIND
    client.uninstall_key(machine, None)
    assert code_of(lambda: client.installation_id(machine, "acme-cad-pro")) is Code.NO_KEY


def test_each_copy_of_a_rearmed_image_is_activated_by_its_own_hardware(office: Office, machine: Machine) -> None:
    client.confirm(machine, confirmed(office, client.installation_id(machine, None)))
    client.rearm_all(machine)
    assert state(machine) is State.INITIAL_GRACE
    before = client.installation_id(machine, None)
    machine.around = replace(machine.around, hardware=parts(7))
    digits = client.installation_id(machine, None)
    assert digits != before
    client.confirm(machine, confirmed(office, digits))
    assert state(machine) is State.LICENSED


def test_groups_that_were_entered_are_kept_until_the_confirmation_is_deposited(
    office: Office, machine: Machine
) -> None:
    groups = confirmed(office, client.installation_id(machine, None)).split("-")
    entered = enter(machine, "-".join(groups[:7]))
    assert (entered.installation_id, entered.wanted) == (client.installation_id(machine, None), 26)
    again = office.machine()
    assert enter(again, "").groups == tuple(groups[:7]), "another command, on another day"
    wrong = enter(again, groups[8])
    assert wrong.error is not None
    assert "group 8" in wrong.error.message
    client.confirm(again, "-".join(enter(again, "-".join(groups[7:])).groups))
    assert state(again) is State.LICENSED
    client.rearm_all(again)
    assert enter(again, "").groups == ()


def test_groups_for_another_installation_id_are_not_gone_on_with(office: Office, machine: Machine) -> None:
    enter(machine, confirmed(office, client.installation_id(machine, None)).split("-")[0])
    machine.around = replace(machine.around, hardware=parts(9))
    assert enter(machine, "").groups == ()


def test_what_was_entered_and_cannot_be_read_is_typed_again(office: Office, machine: Machine) -> None:
    enter(machine, confirmed(office, client.installation_id(machine, None)).split("-")[0])
    (path,) = office.folder.rglob("entered-*")
    assert path.stat().st_mode & 0o077 == 0
    for content in (b"", b"\xff\xff", b"zz\n1234567", b"00\n1\n2", bytes(5000)):
        path.write_bytes(content)
        assert enter(machine, "").groups == ()


def test_a_confirmation_that_has_ended_is_not_taken(office: Office, machine: Machine) -> None:
    yesterday = seconds(office.clock.now()) // 86_400 - 1
    digits = confirmed(office, client.installation_id(machine, None), yesterday)
    assert code_of(lambda: client.confirm(machine, digits)) is Code.LEASE_ENDED
    assert state(machine) is State.INITIAL_GRACE

"""What a vendor's program sees: offline, verified, and never an exception because of a machine's state."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from muster.base.errors import Code, Misconfigured
from muster.client import app as client
from muster.license import License, NotLicensed, State
from tests.worlds.clocks import HandClock
from tests.worlds.network_world import KMS1, Office, activate, parts
from tests.worlds.vendor_keys import VendorKeys


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.host(machines=24)
    return office


def open_license(office: Office, home: str = "machine-1", **changes: Any) -> License:
    arguments: dict[str, Any] = {
        "vendor": office.vendor.fingerprint.hex(),
        "home": office.folder / home,
        "clock": office.clock,
        "hardware": parts(1),
    }
    return License.open("acme-cad-pro", **{**arguments, **changes})


def test_a_machine_that_knows_nothing_is_unlicensed_and_says_why(office: Office) -> None:
    licence = open_license(office)
    assert (licence.state, licence.reason, licence.days_left) == (State.UNLICENSED, Code.NOT_SET_UP, 0)
    assert licence.features == ()


def test_the_program_follows_the_machine_without_being_opened_again(office: Office) -> None:
    licence = open_license(office)
    machine = office.machine()
    assert (licence.state, licence.days_left) == (State.INITIAL_GRACE, 30)
    activate(machine)
    assert (licence.state, licence.days_left, licence.organisation) == (State.LICENSED, 180, 7)
    assert licence.features == ("rendering",)
    office.clock.move(days=100, hours=1)
    assert licence.days_left == 80, "a begun day counts"
    office.network.lose(KMS1)
    office.clock.move(days=81)
    assert licence.state is State.RENEWAL_GRACE
    assert licence.require() is State.RENEWAL_GRACE
    office.clock.move(days=31)
    assert (licence.state, licence.days_left) == (State.NOTIFICATION, 0)
    with pytest.raises(NotLicensed) as refused:
        licence.require()
    assert refused.value.code is Code.LEASE_ENDED
    client.uninstall_key(machine, None)
    assert str(licence.state) == "UNLICENSED"


def test_it_comes_to_the_same_state_as_the_machine(office: Office) -> None:
    machine = office.machine()
    licence = open_license(office)
    activate(machine)
    office.network.lose(KMS1)
    for _ in range(25):
        assert licence.state is machine.scene(None).standing().state
        office.clock.move(timedelta(days=9))
    assert licence.state is State.NOTIFICATION


def test_another_vendor_under_the_same_names_is_not_believed_when_the_program_knows_its_own(tmp_path: Path) -> None:
    stranger = Office(tmp_path, vendor=VendorKeys("stranger"))
    stranger.host(machines=24)
    activate(stranger.machine())
    own = VendorKeys()
    anchored = open_license(stranger, vendor=own.fingerprint.hex())
    assert (anchored.state, anchored.anchored) == (State.UNLICENSED, True)
    trying = open_license(stranger, vendor=None)
    assert (trying.state, trying.anchored) == (State.LICENSED, False)


def test_a_strangers_product_file_in_our_own_folder_is_refused(office: Office, tmp_path: Path) -> None:
    activate(office.machine())
    licence = open_license(office)
    assert licence.state is State.LICENSED
    folder = tmp_path / "machine-1" / "vendors" / office.vendor.fingerprint[:8].hex()
    (folder / "product.muster").write_text(VendorKeys("stranger").product_file())
    assert (licence.state, licence.reason) == (State.UNLICENSED, Code.VENDOR_MISMATCH)


def test_a_copied_state_folder_is_worth_nothing_elsewhere(office: Office) -> None:
    activate(office.machine())
    shutil.copytree(office.folder / "machine-1", office.folder / "copied")
    copied = open_license(office, "copied", hardware=parts(2))
    assert (copied.state, copied.reason) == (State.RENEWAL_GRACE, Code.HARDWARE_CHANGED)


def test_a_damaged_record_falls_back_to_the_one_before_it(office: Office, tmp_path: Path) -> None:
    machine = office.machine()
    activate(machine)
    activate(machine)
    licence = open_license(office)
    folder = tmp_path / "machine-1" / "vendors" / office.vendor.fingerprint[:8].hex()
    (folder / "record").write_bytes(b"\x83\x01garbage")
    assert licence.state is State.LICENSED
    (folder / "record.previous").write_bytes(b"")
    licence = open_license(office)
    assert (licence.state, licence.reason) == (State.UNLICENSED, Code.STATE_CORRUPT)


def test_an_edition_that_is_not_in_the_file_is_unlicensed(office: Office) -> None:
    office.machine()
    licence = License.open(
        "acme-cad-ultra", vendor=office.vendor.fingerprint.hex(), home=office.folder / "machine-1", clock=office.clock
    )
    assert (licence.state, licence.reason) == (State.UNLICENSED, Code.EDITION_UNKNOWN)


@pytest.mark.parametrize("vendor", ["", "ab", "zz" * 32, "ab" * 33])
def test_a_fingerprint_that_is_none_is_a_mistake_of_the_program(office: Office, vendor: str) -> None:
    with pytest.raises(Misconfigured, match="fingerprint"):
        open_license(office, vendor=vendor)


def test_waiting_ends_when_the_time_is_over_and_at_once_when_it_is_licensed(office: Office) -> None:
    machine = office.machine()
    licence = open_license(office, clock=HandClock())
    assert licence.wait(0) is False
    activate(machine)
    assert licence.wait(60) is True


def test_the_environment_changes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    activate(office.machine())
    monkeypatch.setenv("MUSTER_HOME", str(office.folder / "machine-1"))
    monkeypatch.setenv("HOME", str(office.folder))
    licence = License.open("acme-cad-pro", vendor=office.vendor.fingerprint.hex(), clock=office.clock)
    assert licence.state is State.UNLICENSED


def test_states_print_as_their_names() -> None:
    assert [str(state) for state in State] == [state.name for state in State]


def test_a_program_needs_cryptography_and_nothing_else() -> None:
    code = (
        "import sys, muster.license;"
        "bad = {'cbor2', 'dns', 'rich', 'typer', 'sqlalchemy', 'asyncio', 'logging', 'socket', 'segno'};"
        "print(sorted(bad & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"

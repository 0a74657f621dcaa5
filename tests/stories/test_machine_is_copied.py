"""Images, copies and clocks: what happens to machines that are not where, when or what they were."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from muster.base.errors import Code, Refused
from muster.client import app as client
from muster.wire.activation import State
from tests.worlds.clocks import HandClock
from tests.worlds.network_world import KMS1, Office, activate, live, parts, state

DAY = timedelta(days=1)


def test_a_copied_state_folder_becomes_a_machine_of_its_own(tmp_path: Path) -> None:
    office = Office(tmp_path)
    host = office.host(machines=24)
    first = office.machine(1)
    activate(first)
    shutil.copytree(tmp_path / "machine-1", tmp_path / "copied")
    copied = office.machine(2, home=tmp_path / "copied")
    assert state(copied) is State.RENEWAL_GRACE, "a lease of other hardware is worth nothing"
    assert client.report(copied.scene(None))["last_error"]["code"] == "HARDWARE_CHANGED"
    assert state(first) is State.LICENSED
    assert activate(copied).error is None
    ids = {client.report(m.scene(None))["client_id"] for m in (first, copied)}
    assert len(ids) == 2
    assert state(copied) is State.LICENSED
    assert host.answering.counts.count((office.vendor.fingerprint[:8], 1), 0) == 26
    assert "machine.copied" in {event["event"] for event in copied.journal.last(10)}


def test_one_new_part_is_the_same_machine(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    before = client.report(machine.scene(None))["client_id"]
    machine.around = replace(machine.around, hardware=parts(1)._replace(disk="newdisk"))
    assert state(machine) is State.LICENSED
    activate(machine)
    assert client.report(machine.scene(None))["client_id"] == before


def test_hardware_that_comes_back_gives_the_lease_back(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    office.network.lose(KMS1)
    machine.around = replace(machine.around, hardware=parts(9))
    activate(machine)
    assert state(machine) is State.RENEWAL_GRACE
    live(machine, office.clock, 31 * DAY)
    assert state(machine) is State.NOTIFICATION
    machine.around = replace(machine.around, hardware=parts(1))
    assert state(machine) is State.LICENSED, "evidence is kept, and holds again"


def test_an_image_is_rearmed_before_it_is_captured(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    master = office.machine(1)
    activate(master)
    before = client.report(master.scene(None))["client_id"]
    office.clock.move(days=10)
    client.rearm_all(master)
    row = client.report(master.scene(None))
    assert row["client_id"] != before
    assert row["state"] == "INITIAL_GRACE"
    assert row["grace_ends_at"] == "2027-01-03T09:00:00Z", "the first grace began anew"
    assert row["partial_key"]


def test_the_first_grace_begins_anew_three_times_and_rearm_still_works_after_that(tmp_path: Path) -> None:
    office = Office(tmp_path)
    machine = office.machine()
    for _ in range(3):
        client.rearm_all(machine)
    with pytest.raises(Refused) as refused:
        client.rearm_all(machine)
    assert refused.value.code is Code.REARM_EXHAUSTED
    before = client.report(machine.scene(None))["client_id"]
    client.rearm_all(machine, keep_grace=True)
    assert client.report(machine.scene(None))["client_id"] != before


def test_a_clock_put_back_extends_nothing_and_a_corrected_one_gives_the_lease_back(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    clock = HandClock()
    machine = office.machine(clock=clock)
    activate(machine)
    office.network.lose(KMS1)
    clock.move(days=100)
    activate(machine)
    right = clock.now()
    clock.set(right - 90 * DAY)
    activate(machine)
    assert state(machine) is State.RENEWAL_GRACE
    assert client.report(machine.scene(None))["last_error"]["code"] == "HOST_UNREACHABLE"
    clock.move(days=31)
    activate(machine)
    assert state(machine) is State.NOTIFICATION, "the grace ran on use, not on the clock"
    clock.set(right + 31 * DAY)
    assert state(machine) is State.LICENSED


def test_a_fresh_answer_ends_the_doubt_about_a_clock(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    clock = HandClock()
    machine = office.machine(clock=clock)
    clock.set(clock.now() + 400 * DAY)
    activate(machine)
    clock.set(office.clock.now())
    assert client.report(machine.scene(None))["last_error"]["code"] == "CLOCK_SUSPECT"
    assert activate(machine).error is None
    assert state(machine) is State.LICENSED
    assert client.report(machine.scene(None))["last_error"] is None


def test_a_lease_ends_by_use_where_the_wall_clock_stands_still(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    clock = HandClock()
    machine = office.machine(clock=clock)
    activate(machine)
    office.network.lose(KMS1)
    wall = clock.now()
    for _ in range(19):
        clock.move(days=10)
        clock.set(wall)
        activate(machine)
    assert state(machine) is State.RENEWAL_GRACE

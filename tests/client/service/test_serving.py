"""The licensing service over months on a clock moved by hand: when it wakes, what for, and what it leaves alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from muster.base.errors import Code, StoreFailed
from muster.client import app as client
from muster.client.adapters.state_folder import StateFolder
from muster.client.ports import Wake
from muster.client.service.machine import Machine
from muster.wire.activation import State
from muster.wire.product import Policy
from muster.wire.record import VendorRecord
from tests.worlds.hand_wakes import HandWakes, events, serve
from tests.worlds.network_world import KMS1, Office, state
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HONEST = CAD_PRO._replace(name="honest-cad", product="Honest Cad")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def awake_for(office: Office, machine: Machine, length: timedelta, **happens: Wake) -> HandWakes:
    wakes = HandWakes(office.clock, office.clock.now() + length)
    serve(machine, wakes)
    return wakes


def test_a_licensed_machine_wakes_for_its_renewals_and_for_nothing_else(office: Office) -> None:
    office.host(machines=24)
    wakes = awake_for(office, office.machine(), 29 * DAY)
    assert [cause for _, cause in wakes.woken] == [Wake.DEADLINE] * 4
    assert {later - earlier for (earlier, _), (later, _) in pairwise(wakes.woken)} == {7 * DAY}
    assert not any(wakes.network_watched), "networks may come and go"


def test_a_machine_without_hosts_asks_every_two_hours_and_is_told_when_its_grace_ends(tmp_path: Path) -> None:
    office = Office(tmp_path, VendorKeys(policy=Policy(first_grace=2 * DAY)))
    machine = office.machine()
    wakes = awake_for(office, machine, 3 * DAY)
    assert 3 * 12 * 0.9 < len(wakes.woken) < 3 * 12 * 1.1 + 5
    told = [(row["time"], row["state"], row.get("before")) for row in rows(machine, "edition.state")]
    assert told == [
        ("2026-11-24T09:00:00Z", "INITIAL_GRACE", None),
        ("2026-11-26T09:00:00Z", "NOTIFICATION", "INITIAL_GRACE"),
    ]


def rows(machine: Machine, name: str) -> list[dict[str, object]]:
    return [row for row in machine.journal.last(10_000) if row["event"] == name]


def test_a_lease_that_nobody_renews_is_announced_and_its_end_told(tmp_path: Path) -> None:
    office = Office(tmp_path, VendorKeys(policy=Policy(validity=33 * DAY, renewal_grace=2 * DAY)))
    office.host(machines=24)
    machine = office.machine()
    awake_for(office, machine, DAY)
    office.network.lose(KMS1)
    awake_for(office, machine, 36 * DAY)
    assert [row["expires_at"] for row in rows(machine, "edition.ending")] == ["2026-12-27"]
    assert rows(machine, "edition.ending")[0]["time"] == "2026-11-27T09:00:00Z"
    told = [(str(row["time"])[:10], row["state"], row.get("code")) for row in rows(machine, "edition.state")]
    assert told[-2:] == [("2026-12-27", "RENEWAL_GRACE", "LEASE_ENDED"), ("2026-12-29", "NOTIFICATION", "LEASE_ENDED")]


def test_what_was_told_before_a_restart_is_not_told_again(office: Office) -> None:
    machine = office.machine()
    for _ in range(3):
        awake_for(office, machine, HOUR)
    assert len(rows(machine, "edition.state")) == 1


def test_at_its_start_it_asks_unless_it_is_comfortably_licensed(tmp_path: Path) -> None:
    office = Office(tmp_path, VendorKeys(policy=Policy(validity=33 * DAY)))
    host = office.host(machines=24)
    machine = office.machine()
    awake_for(office, machine, DAY)
    assert host.asked[-1:] == [State.INITIAL_GRACE]
    awake_for(office, machine, DAY)
    assert len(host.asked) == 25, "32 days left: a start is no reason to ask"
    office.network.lose(KMS1)
    awake_for(office, machine, 2 * DAY)
    asked = len(office.network.asked)
    office.clock.move(MINUTE)
    awake_for(office, machine, MINUTE)
    assert len(office.network.asked) == asked + 1


def test_on_demand_it_asks_at_the_first_start_of_the_day_and_then_only_when_due(office: Office) -> None:
    machine = office.machine()
    asked = []
    for restarts in (False, False, True, False):
        if restarts:
            office.clock.restart(minutes=1)
        office.clock.move(minutes=1)
        serve(machine, HandWakes(office.clock, office.clock.now() + DAY), idle=timedelta(seconds=30))
        asked.append(len(rows(machine, "activation.failed")))
    assert asked == [1, 1, 2, 2]
    assert office.clock.now() < datetime.fromisoformat("2026-11-24T09:10:00Z"), "each ended after half a minute"


def test_after_a_failure_another_network_is_tried_for_a_quarter_of_an_hour(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    awake_for(office, machine, DAY)
    office.network.lose(KMS1)
    begun = office.clock.now()
    change = begun + 6 * DAY + 30 * MINUTE
    wakes = HandWakes(office.clock, change + 2 * HOUR, {change - 4 * HOUR: Wake.NETWORK, change: Wake.NETWORK})
    serve(machine, wakes)
    tried = [row["time"] for row in rows(machine, "activation.failed")]
    assert tried[0] == f"{begun + 6 * DAY:%Y-%m-%dT%H:%M:%SZ}", "the renewal itself"
    after = [(at - change).total_seconds() for at, _ in wakes.woken if at >= change]
    assert [round(s) for s in after if s <= 900] == [0, 2, 15, 45, 120, 300, 600, 900]
    assert not any(900 < s < 6000 for s in after), "then the retry interval"
    assert (change - 4 * HOUR, Wake.NETWORK) not in wakes.woken, (
        "while it was licensed without a failure, nobody listened"
    )


def test_a_network_that_brings_the_host_back_renews_at_once(office: Office) -> None:
    host = office.host(machines=24)
    machine = office.machine()
    office.network.lose(KMS1)
    begun = office.clock.now()
    wakes = HandWakes(office.clock, begun + 10 * MINUTE, {begun + MINUTE: Wake.NETWORK})
    original, network = wakes.next, office.network

    async def with_host(until: datetime | None, *, network_: bool = False, **given: bool) -> frozenset[Wake]:
        causes = await original(until, network=given.get("network", network_))
        if Wake.NETWORK in causes:
            network.publish(KMS1, host)
        return causes

    wakes.next = with_host  # type: ignore[method-assign]
    serve(machine, wakes)
    assert state(machine) is State.LICENSED
    assert [at - begun for at, _ in wakes.woken] == [MINUTE, MINUTE + timedelta(seconds=2)]


class FullDisk(StateFolder):
    """A folder on a disk that is full until it is not."""

    is_full = False

    def save_record(self, vendor_id: bytes, record: VendorRecord) -> None:
        if self.is_full:
            raise StoreFailed(Code.STORE_FAILED, "no space left on device")
        super().save_record(vendor_id, record)


def test_on_a_full_disk_it_asks_nobody_and_looks_again_every_minute(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    folder = FullDisk(office.folder / "machine-1")
    machine.state = folder
    folder.is_full = True
    wakes = awake_for(office, machine, timedelta(minutes=10, seconds=30))
    assert len(wakes.woken) == 10
    assert office.network.asked == []
    assert events(machine).count("service.trouble") == 2, "what was saved and what was asked for, once each"
    folder.is_full = False
    awake_for(office, machine, MINUTE)
    assert state(machine) is State.LICENSED


def test_a_clock_that_is_put_back_wakes_it_and_extends_nothing(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    awake_for(office, machine, DAY)
    office.network.lose(KMS1)
    ends = client.report(machine.scene(None))["expires_at"]
    wakes = HandWakes(office.clock, office.clock.now() - 99 * DAY)
    office.clock.set(office.clock.now() - 100 * DAY)
    serve(machine, wakes)
    assert [row.get("code") for row in rows(machine, "edition.state")][-1:] == ["CLOCK_SUSPECT"]
    office.clock.set(office.clock.now() + 100 * DAY)
    assert (state(machine), client.report(machine.scene(None))["expires_at"]) == (State.LICENSED, ends)


def test_one_vendors_damage_does_not_stop_the_other(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    honest = VendorKeys("honest", editions=(HONEST,))
    client.install(machine, honest.product_file(vendor="Honest Cad").encode())
    damaged = office.folder / "machine-1" / "vendors" / honest.fingerprint[:8].hex() / "record"
    for path in (damaged, damaged.with_name("record.previous")):
        path.write_bytes(b"rubbish")
    wakes = awake_for(office, machine, 22 * DAY)
    assert state(machine) is State.LICENSED
    assert len(wakes.woken) == 3
    assert [row["code"] for row in rows(machine, "state.damaged")] == ["STATE_CORRUPT"]
    assert damaged.read_bytes() == b"rubbish"


def test_used_time_is_saved_at_each_wake_and_at_the_end(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    awake_for(office, machine, 10 * DAY)
    record = machine.state.record(office.vendor.fingerprint[:8])
    assert record is not None
    assert record.used == timedelta(days=10).total_seconds()

"""Four hundred days of one machine, a day at a time: hosts that die, new hardware, a copy, clocks that jump both ways."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from muster.client import app as client
from muster.client.core.discovery import Address
from muster.client.service.machine import Machine
from muster.wire.activation import State
from tests.worlds.clocks import HandClock
from tests.worlds.network_world import KMS1, KMS2, HostInMemory, Office, activate, live, parts, state
from tests.worlds.vendor_keys import days

DAY = days(1)
LICENSED, RENEWAL_GRACE, NOTIFICATION = State.LICENSED, State.RENEWAL_GRACE, State.NOTIFICATION


class Life:
    """A machine with a clock of its own beside 24 others that ask their host every week."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.clock = HandClock()
        self.hosts: list[HostInMemory] = [self.host(KMS1)]
        self.machine: Machine = self.office.machine(clock=self.clock)
        self.day = 0
        self.states: list[State] = []

    def host(self, address: Address) -> HostInMemory:
        """A host that lets machines ask again once a day, not every two hours."""
        host = self.office.host(address, machines=24)
        host.retry_minutes = 24 * 60
        host.install()
        return host

    def until(self, day: int) -> None:
        """Live through the days before `day`, and keep the state at the end of each."""
        while self.day < day:
            if self.day % 7 == 0:
                for host in self.hosts:
                    host.fill(24)
            live(self.machine, self.clock, DAY)
            self.office.clock.move(DAY)
            self.states.append(state(self.machine))
            self.day += 1

    def runs(self) -> list[tuple[State, int]]:
        """The states in their order, each with the days that it lasted."""
        return [(value, len(list(run))) for value, run in groupby(self.states)]


def client_id(machine: Machine) -> object:
    return client.report(machine.scene(None))["client_id"]


def test_a_machine_is_told_the_truth_on_each_of_four_hundred_days(tmp_path: Path) -> None:
    life = Life(tmp_path)
    office, network = life.office, life.office.network

    life.until(60)
    network.lose(KMS1)
    life.hosts = [life.host(KMS2)]
    life.until(100)
    first = client_id(life.machine)

    life.machine.around = replace(life.machine.around, hardware=parts(9))
    assert state(life.machine) is RENEWAL_GRACE, "a lease of other hardware is worth nothing"
    life.until(150)
    assert client_id(life.machine) != first, "other hardware is another machine"
    assert life.runs() == [(LICENSED, 150)], "it helped itself within the day, each time"

    network.lose(KMS2)
    life.hosts = []
    life.until(365)
    assert life.runs() == [(LICENSED, 328), (RENEWAL_GRACE, 30), (NOTIFICATION, 7)], (
        "a lease, its grace, then the truth"
    )

    life.hosts = [life.host(KMS1)]
    life.until(380)
    assert life.runs()[3:] == [(LICENSED, 15)], "a host is back, and nobody had to do anything"

    shutil.copytree(tmp_path / "machine-1", tmp_path / "copied")
    copied = office.machine(2, home=tmp_path / "copied")
    assert state(copied) is RENEWAL_GRACE
    assert activate(copied).error is None
    assert state(copied) is LICENSED
    assert client_id(copied) != client_id(life.machine)

    life.clock.set(life.clock.now() - 90 * DAY)
    assert state(life.machine) is RENEWAL_GRACE, "a clock that was put back extends nothing"
    life.until(400)
    assert life.runs()[3:] == [(LICENSED, 35)], "the host's answer ended the doubt"

    life.clock.set(life.clock.now() + 190 * DAY)
    assert state(life.machine) is RENEWAL_GRACE, "a clock that jumped over the end of the lease is believed"
    life.until(420)
    assert life.runs()[3:] == [(LICENSED, 55)], "the host's answer began a new lease, and it is renewed as ever"
    life.clock.set(life.clock.now() - 190 * DAY)
    assert state(life.machine) is RENEWAL_GRACE, "what was kept under the wrong time does not hold under the right one"
    life.until(440)
    assert life.runs()[3:] == [(LICENSED, 75)], "it asked by itself within the day"

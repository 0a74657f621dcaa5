"""A machine whose clock is wrong, by hours, by years, at the ends of its widths, while hosts have the right time.

Symmetrical to the table of hosts (tests/host/core/test_answering_clocks.py); what a wrong clock makes of evidence that lies
still is in tests/trust/test_standing_clocks.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from muster.base.errors import Code
from muster.client import app as client
from muster.client.service.machine import Machine
from muster.wire.activation import State
from tests.worlds.clocks import MORNING, HandClock
from tests.worlds.network_world import HostInMemory, Office, activate, state
from tests.worlds.vendor_keys import days

SECOND, HOUR, DAY, YEAR = timedelta(seconds=1), timedelta(hours=1), days(1), days(365)
RIGHT = MORNING + days(10)
"""When the clock is set: the tenth day of a lease of 180 days, used every day."""

RENEWAL = days(7)
END_OF_RECORDS = datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)
"""The last second that fits into 32 bits."""

L, R, N = State.LICENSED, State.RENEWAL_GRACE, State.NOTIFICATION


class Case(NamedTuple):
    """Before asking; what asking says; after it; once the clock is right again."""

    wall: datetime
    before: State
    error: Code | None
    after: State
    corrected: State


CASES = [
    Case(RIGHT, L, None, L, L),
    Case(RIGHT + HOUR, L, None, L, L),
    Case(RIGHT - HOUR, L, None, L, L),
    Case(RIGHT + DAY, L, None, L, L),
    Case(RIGHT - DAY, L, None, L, L),
    Case(RIGHT + DAY + SECOND, L, None, L, R),
    Case(RIGHT - DAY - SECOND, R, None, L, L),
    Case(RIGHT + days(30), L, None, L, R),
    Case(RIGHT - days(30), R, None, L, L),
    Case(RIGHT + days(179), L, None, L, R),
    Case(RIGHT + days(181), R, None, L, R),
    Case(RIGHT + YEAR, N, None, L, R),
    Case(RIGHT - YEAR, R, None, L, N),
    Case(RIGHT + 10 * YEAR, N, Code.CERTIFICATE_EXPIRED, N, R),
    Case(RIGHT - 10 * YEAR, R, None, L, N),
    Case(datetime(1970, 1, 1, tzinfo=UTC), R, None, L, N),
    Case(datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), N, Code.CERTIFICATE_EXPIRED, N, R),
    Case(datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC), N, Code.CERTIFICATE_EXPIRED, N, R),
]


class World:
    """A machine with a clock of its own, licensed since MORNING and renewed on the tenth day; a host that is right."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.host: HostInMemory = self.office.host(machines=24)
        self.clock = HandClock()
        self.machine: Machine = self.office.machine(clock=self.clock)
        assert activate(self.machine).error is None
        for clock in (self.office.clock, self.clock):
            clock.move(RIGHT - MORNING)
        self.host.fill(24)
        assert activate(self.machine).error is None


@pytest.fixture
def world(tmp_path: Path) -> World:
    """As described."""
    return World(tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.wall:%Y-%m-%d %H:%M:%S}")
def test_what_a_machine_is_and_does_with_a_wrong_clock(world: World, case: Case) -> None:
    world.clock.set(case.wall)
    assert state(world.machine) is case.before

    result = activate(world.machine)
    assert (result.error.code if result.error else None, state(world.machine)) == (case.error, case.after)
    assert world.office.network.asked, "a wrong clock keeps nobody from asking"
    due = client.next_attempt(world.machine.scene(None))
    if case.error is None:
        assert due == case.wall + RENEWAL
    elif case.wall < END_OF_RECORDS:
        assert due is not None
        assert HOUR < due - case.wall < 3 * HOUR
    else:
        assert due is None, "no deadline can be written down: nothing is due until the clock is set"

    world.clock.set(RIGHT)
    assert state(world.machine) is case.corrected, "what was kept under a wrong clock extends nothing"
    again = activate(world.machine)
    assert (again.error, state(world.machine)) == (None, L), "one answer ends every doubt"
    expires = world.machine.scene(None).standing().expires_at
    assert expires is not None
    assert abs(expires - (RIGHT + days(180))) <= HOUR


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.corrected is not L], ids=lambda case: f"{case.wall:%F}"
)
def test_once_the_clock_is_right_again_a_machine_asks_by_itself(world: World, case: Case) -> None:
    world.clock.set(case.wall)
    activate(world.machine)
    world.clock.set(RIGHT)
    due = client.next_attempt(world.machine.scene(None))
    assert due is not None
    assert due <= RIGHT

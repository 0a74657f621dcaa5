"""Clocks that are wrong: by hours, by years, at the ends of their widths; and what counts instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code
from muster.trust.standing import is_suspect, stand, used_now
from muster.wire.activation import State
from muster.wire.calendar import day_number, moment, seconds
from muster.wire.record import Moment, VendorRecord
from tests.worlds.clocks import MORNING, HandClock
from tests.worlds.machines import Machine, leased, used
from tests.worlds.vendor_keys import days

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
VALIDITY, GRACE = days(180), days(30)
YEAR = days(365)

U, I, L, R, N = State  # noqa: E741 - the letters of the states, as in the table


AT_REST = days(10)
CLOCKS = [
    (timedelta(0), L, None),
    (HOUR, L, None),
    (-HOUR, L, None),
    (DAY, L, None),
    (-DAY, L, None),
    (-DAY - SECOND, R, Code.CLOCK_SUSPECT),
    (-days(30), R, Code.CLOCK_SUSPECT),
    (days(30), L, None),
    (days(169), L, None),
    (days(171), R, Code.LEASE_ENDED),
    (-YEAR, R, Code.CLOCK_SUSPECT),
    (YEAR, N, Code.LEASE_ENDED),
    (-10 * YEAR, R, Code.CLOCK_SUSPECT),
    (10 * YEAR, N, Code.LEASE_ENDED),
]
YEARS = [
    (datetime(1970, 1, 1, tzinfo=UTC), R, Code.CLOCK_SUSPECT),
    (datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), N, Code.LEASE_ENDED),
    (datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC), N, Code.LEASE_ENDED),
]
WALLS = [(MORNING + AT_REST + shift, state, reason) for shift, state, reason in CLOCKS] + YEARS


@pytest.mark.parametrize(("wall", "state", "reason"), WALLS, ids=str)
def test_a_clock_that_is_set_elsewhere_on_the_tenth_day(wall: datetime, state: State, reason: Code | None) -> None:
    machine = leased()
    machine.seen(AT_REST)
    standing = stand(machine.situation(), wall, used(AT_REST))

    assert (standing.state, standing.reason) == (state, reason)


@pytest.mark.parametrize("wall", [wall for wall, _, _ in WALLS], ids=str)
def test_a_clock_set_right_again_gives_back_what_was(wall: datetime) -> None:
    """As long as nobody noted the wrong time: nothing was deleted."""
    machine = leased()
    machine.seen(AT_REST)
    situation = machine.situation()
    before = stand(situation, MORNING + AT_REST, used(AT_REST))

    stand(situation, wall, used(AT_REST))

    assert stand(situation, MORNING + AT_REST, used(AT_REST)) == before
    assert before.state is L


def test_a_clock_that_ran_ahead_is_suspect_until_it_is_caught_up_or_an_answer_comes() -> None:
    machine = leased()
    machine.record = machine.record._replace(high_water=seconds(MORNING + YEAR), used=used(AT_REST))

    assert machine.standing(AT_REST).reason is Code.CLOCK_SUSPECT
    machine.lease(at=MORNING + AT_REST, used=used(AT_REST))
    machine.seen(AT_REST)
    assert machine.standing(AT_REST).state is L


def test_a_lease_on_a_suspect_clock_runs_on_use() -> None:
    machine = leased()
    machine.seen(AT_REST)

    assert machine.standing(-YEAR, VALIDITY - SECOND).reason is Code.CLOCK_SUSPECT
    assert machine.standing(-YEAR, VALIDITY).reason is Code.LEASE_ENDED
    assert machine.standing(-YEAR, VALIDITY + GRACE).state is N


def test_the_grace_of_a_suspect_clock_ends_by_use() -> None:
    machine = leased()
    machine.seen(AT_REST)
    machine.change(trouble=Moment(seconds(MORNING + AT_REST), used(AT_REST)))

    assert machine.standing(-YEAR, AT_REST + GRACE - SECOND).state is R
    assert machine.standing(-YEAR, AT_REST + GRACE).state is N


@pytest.mark.parametrize(
    ("high", "now", "suspect"),
    [
        (MORNING, MORNING, False),
        (MORNING, MORNING - DAY, False),
        (MORNING, MORNING - DAY - SECOND, True),
        (MORNING, MORNING + 10 * YEAR, False),
        (moment(0), moment(0), False),
    ],
)
def test_a_clock_is_suspect_more_than_a_day_below_what_it_has_shown(
    high: datetime, now: datetime, *, suspect: bool
) -> None:
    assert is_suspect(seconds(high), now) is suspect


walls = st.integers(-400, 4000).map(lambda hours: timedelta(hours=hours * 5))
uses = st.integers(0, 8000).map(lambda hours: timedelta(hours=hours))


@given(wall=walls, use=uses, high=walls)
def test_no_clock_makes_a_lease_last_longer_than_use_or_wall_allow(
    wall: timedelta, use: timedelta, high: timedelta
) -> None:
    machine = leased()
    machine.record = machine.record._replace(high_water=seconds(MORNING + high))
    state = machine.standing(wall, use).state

    if use >= VALIDITY + HOUR:
        assert state is not L
    if use >= VALIDITY + GRACE + HOUR:
        assert state is N
    if wall < high - DAY or wall >= VALIDITY:
        assert state is not L
    if wall >= max(VALIDITY + GRACE, high):
        assert state is N


@given(start=uses, step=uses)
def test_time_alone_never_makes_a_standing_better(start: timedelta, step: timedelta) -> None:
    machine = leased()
    order = [L, R, N]

    assert order.index(machine.standing(start).state) <= order.index(machine.standing(start + step).state)


@pytest.mark.parametrize("wall", [wall for wall, _, _ in WALLS], ids=str)
def test_a_permanent_activation_depends_on_no_clock(wall: datetime) -> None:
    machine = Machine()
    machine.deposit()
    machine.seen(AT_REST)
    standing = stand(machine.situation(), wall, used(100 * YEAR))

    assert (standing.state, standing.permanent, standing.expires_at, standing.reason) == (L, True, None, None)


def test_a_trial_is_not_made_longer_by_a_clock_that_is_put_back() -> None:
    machine = Machine()
    machine.deposit(end_day=day_number(MORNING) + 14)
    machine.seen(days(13))

    assert machine.standing(-YEAR, days(13)).reason is Code.CLOCK_SUSPECT
    machine.seen(days(20))
    assert machine.standing(-YEAR, days(20)).reason is Code.LEASE_ENDED


def test_the_first_grace_on_a_suspect_clock_ends_by_use() -> None:
    machine = Machine()
    machine.seen(AT_REST)

    assert (machine.standing(-YEAR, GRACE - SECOND).state, machine.standing(-YEAR, GRACE - SECOND).reason) == (
        I,
        Code.CLOCK_SUSPECT,
    )
    assert machine.standing(-YEAR, GRACE).state is N


# seconds of use


def record(used_: int, clock: HandClock) -> VendorRecord:
    return Machine().record._replace(used=used_, boot_id=clock.boot_id(), boot_seconds=int(clock.boot_seconds()))


def test_use_is_counted_on_the_boot_time_clock() -> None:
    clock = HandClock()
    written = record(100, clock)
    clock.move(hours=2)

    assert used_now(written, clock.boot_id(), clock.boot_seconds()) == 100 + 7200
    clock.set(MORNING + YEAR)
    assert used_now(written, clock.boot_id(), clock.boot_seconds()) == 100 + 7200


def test_after_a_restart_use_counts_from_the_start() -> None:
    clock = HandClock()
    written = record(100, clock)
    clock.restart(hours=12)
    clock.move(minutes=5)

    assert used_now(written, clock.boot_id(), clock.boot_seconds()) == 100 + 300


def test_a_boot_time_clock_that_went_back_takes_no_use_away() -> None:
    clock = HandClock()

    assert used_now(record(100, clock), clock.boot_id(), 5.0) == 100


@pytest.mark.parametrize(("boot_seconds", "use"), [(3600, 100), (3660, 160), (60, 160)])
def test_without_a_boot_id_a_restart_is_known_by_the_clock_that_went_back(boot_seconds: float, use: int) -> None:
    written = record(100, HandClock())._replace(boot_id=bytes(8))

    assert used_now(written, bytes(8), boot_seconds) == use

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.wire.calendar import EPOCH, MAX_DAY, MAX_SECONDS, day_end, day_number, day_start, moment, seconds


@given(day=st.integers(0, MAX_DAY))
def test_a_day_begins_and_ends_on_itself(day: int) -> None:
    assert day_number(day_start(day)) == day
    assert day_number(day_end(day) - timedelta(microseconds=1)) == day
    assert day_end(day) - day_start(day) == timedelta(days=1)


@given(value=st.integers(0, MAX_SECONDS))
def test_seconds_come_back(value: int) -> None:
    assert seconds(moment(value)) == value


def test_a_day_is_a_day_of_utc() -> None:
    late_in_the_west = datetime(2026, 11, 24, 20, 0, tzinfo=timezone(timedelta(hours=-8)))

    assert day_number(late_in_the_west) == day_number(date(2026, 11, 25))


def test_the_last_day_is_in_2149() -> None:
    assert day_start(MAX_DAY).date() == date(2149, 6, 6)


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(2149, 6, 7)])
def test_a_day_outside_16_bits_is_refused(day: date) -> None:
    with pytest.raises(ValueError, match="day number"):
        day_number(day)


@pytest.mark.parametrize(
    ("wall", "told"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), 0),
        (EPOCH, 0),
        (datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), 2**31),
        (datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC), MAX_SECONDS),
        (datetime(9999, 12, 31, tzinfo=UTC), MAX_SECONDS),
    ],
)
def test_a_broken_clock_is_held_within_32_bits(wall: datetime, told: int) -> None:
    assert seconds(wall) == told

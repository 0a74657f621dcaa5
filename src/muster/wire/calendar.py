"""Days and seconds as they travel: days since 1970-01-01 in 16 bits, seconds since then in 32 bits (spec/activation.md)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
MAX_DAY = 0xFFFF
MAX_SECONDS = 0xFFFF_FFFF
MOMENTS_REMEMBERED = 256
"""One look at a machine asks for the same few instants again and again."""


def day_number(moment: date) -> int:
    """Days since 1970-01-01 (UTC) of a date or an aware datetime; `ValueError` outside 16 bits."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).date()
    day = (moment - EPOCH.date()).days
    if not 0 <= day <= MAX_DAY:
        message = f"{moment} does not fit into a day number"
        raise ValueError(message)
    return day


def day_start(day: int) -> datetime:
    """The first instant (UTC) of a day number."""
    return EPOCH + timedelta(days=day)


def day_end(day: int) -> datetime:
    """The first instant (UTC) after a day number: the end of a day that is still covered."""
    return EPOCH + timedelta(days=day + 1)


def seconds(moment: datetime) -> int:
    """Whole seconds since 1970, held within 32 bits: a broken clock must not break an encoder."""
    passed = (moment - EPOCH) // _SECOND
    return passed if 0 <= passed <= MAX_SECONDS else 0 if passed < 0 else MAX_SECONDS


@lru_cache(MOMENTS_REMEMBERED)
def moment(value: int) -> datetime:
    """The instant (UTC) of whole seconds since 1970."""
    return EPOCH + timedelta(seconds=value)

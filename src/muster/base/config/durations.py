"""Durations as people write them in settings: ``180d``, ``2h``, ``15min``, ``90s``."""

from __future__ import annotations

import re
from datetime import timedelta

MAX_DURATION = timedelta(days=36_500)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"^\s*(\d{1,10})\s*(s|m|min|h|d)\s*$")


def parse_duration(text: str) -> timedelta:
    """Read ``"180d"``, ``"2h"``, ``"15min"`` or ``"90s"``; `ValueError` with the remedy otherwise."""
    match = _DURATION.match(text)
    if match is None:
        message = f'{text!r} is not a duration; write a number and d, h, min or s, like "180d"'
        raise ValueError(message)
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > MAX_DURATION.total_seconds():
        message = f"{text!r} is longer than a hundred years"
        raise ValueError(message)
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """The shortest exact form: ``180d``, ``2h``, ``15min``, ``90s``."""
    seconds = int(duration.total_seconds())
    for unit in ("d", "h", "min"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"

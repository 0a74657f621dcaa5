"""Wrong tags counted over all nodes: a few are typing errors, many are somebody who tries.

A node counts in memory, and writes what it counted each time it looks at the outbox: how often somebody asks never decides
how often the database is written to.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from datetime import datetime, timedelta

SLOT = timedelta(minutes=10)
SLOTS = 6
WINDOW = SLOT * SLOTS
"""What is counted together: this slot and the five before it, so 50 to 60 minutes."""
MANY_OF_ONE = 20
MANY = 200
MAX_REFERENCES = 10_000
"""Counted at once by a node; the one that was counted longest ago goes when there are more."""
MOST_WRITTEN = 100
"""References that a node writes at a time, those that came most often; the others count on."""
ANY = b""

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def slot_of(now: datetime) -> int:
    """The number of the ten minutes that `now` is in."""
    return (now - _EPOCH) // SLOT


def many(name: bytes) -> int:
    """From how many on a reference, or `ANY`, is told of."""
    return MANY if name == ANY else MANY_OF_ONE


class WrongTags:
    """What this node counted and did not write yet, by slot and reference."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[int, bytes], int] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, reference: bytes, now: datetime) -> None:
        """Count an installation id whose tag no key made."""
        with self._lock:
            for name in (reference, ANY):
                self._grow((slot_of(now), name), 1)

    def take(self, now: datetime) -> dict[tuple[int, bytes], int]:
        """What is to be written now; it is not counted here any more. What is too old for anybody is dropped."""
        oldest = slot_of(now) - SLOTS + 1
        with self._lock:
            kept = Counter({name: number for name, number in self._counts.items() if name[0] >= oldest})
            taken = dict(kept.most_common(MOST_WRITTEN))  # `ANY` is among them: it came most often
            self._counts = OrderedDict(
                (name, kept[name]) for name in self._counts if name in kept and name not in taken
            )
        return taken

    def give_back(self, counts: dict[tuple[int, bytes], int]) -> None:
        """Count again what could not be written."""
        with self._lock:
            for name, number in counts.items():
                self._grow(name, number)

    def _grow(self, name: tuple[int, bytes], number: int) -> None:
        self._counts[name] = self._counts.get(name, 0) + number
        self._counts.move_to_end(name)
        if len(self._counts) > MAX_REFERENCES:
            self._counts.popitem(last=False)

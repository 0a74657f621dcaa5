"""Wrong tags counted: a few are typing errors, many are somebody who tries."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
MANY_OF_ONE = 20
MANY = 200
MAX_REFERENCES = 10_000
ANY = b""


class WrongTags:
    """How many installation ids with a wrong tag came within an hour, by reference and in all; of this process."""

    def __init__(self) -> None:
        self._counts: OrderedDict[bytes, tuple[datetime, int]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, reference: bytes, now: datetime) -> tuple[bytes, ...]:
        """Count one; the references, or `ANY`, that became many by this very one."""
        with self._lock:
            return tuple(
                name for name, many in ((reference, MANY_OF_ONE), (ANY, MANY)) if self._grow(name, now) == many
            )

    def _grow(self, name: bytes, now: datetime) -> int:
        since, number = self._counts.get(name, (now, 0))
        if now - since >= WINDOW:
            since, number = now, 0
        self._counts[name] = since, number + 1
        self._counts.move_to_end(name)
        if len(self._counts) > MAX_REFERENCES:
            self._counts.popitem(last=False)
        return number + 1

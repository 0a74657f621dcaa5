"""The connections that are open: how many in all and per source, and one absolute deadline for each."""

from __future__ import annotations

from enum import StrEnum

from muster.host.service.connection import Connection

CONNECTION_SECONDS = 5.0
"""From the first packet to the last: a peer that needs longer is dropped, whatever it sent."""

MAX_CONNECTIONS = 4_096
MAX_PER_SOURCE = 512


class Admission(StrEnum):
    """Whether a connection may stay; otherwise which limit it met."""

    WELCOME = "welcome"
    SOURCE_FULL = "source limit"
    HOUSE_FULL = "connection limit"


class Guests:
    """Open connections, the oldest first. `now` is the event loop's time, in seconds."""

    def __init__(
        self,
        limit: int = MAX_CONNECTIONS,
        per_source: int = MAX_PER_SOURCE,
        seconds: float = CONNECTION_SECONDS,
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._per_source = per_source
        self.made_room = 0
        self._deadlines: dict[Connection, float] = {}
        self._sources: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._deadlines)

    def admit(self, connection: Connection, now: float) -> Admission:
        """Take a connection in. When the house is full, the oldest that has not asked yet makes room."""
        here = self._sources.get(connection.source, 0)
        if here >= self._per_source:
            return Admission.SOURCE_FULL
        if len(self._deadlines) >= self._limit:
            idle = next((c for c in self._deadlines if not c.has_asked), None)
            if idle is None:
                return Admission.HOUSE_FULL
            self.forget(idle)
            idle.drop()
            self.made_room += 1
        self._deadlines[connection] = now + self._seconds
        self._sources[connection.source] = here + 1
        return Admission.WELCOME

    def forget(self, connection: Connection) -> bool:
        """A connection is gone; False when it was not known."""
        if self._deadlines.pop(connection, None) is None:
            return False
        left = self._sources[connection.source] - 1
        if left:
            self._sources[connection.source] = left
        else:
            del self._sources[connection.source]
        return True

    def overdue(self, now: float) -> list[Connection]:
        """The connections past their deadline."""
        late = []
        for connection, deadline in self._deadlines.items():
            if deadline > now:
                break
            late.append(connection)
        return late

    def idle(self) -> list[Connection]:
        """The connections that have not asked anything yet."""
        return [c for c in self._deadlines if not c.has_asked]

    def all(self) -> list[Connection]:
        """Every connection."""
        return list(self._deadlines)

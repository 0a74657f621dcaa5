"""Which arrivals wait to be folded into the inventory, and when which of them are (docs/decisions/0016-arrivals.md).

They are folded by slices of the space of client ids, so that neighbours, who share pages of the inventory, are folded
together. Holds the ids, because a machine that waits here is known.
"""

from __future__ import annotations

from typing import NamedTuple

CALM_ROWS = 8
"""A group as small as this is folded at once, with all that waits, unless that is more than a slice."""

SLICES = 64
SLICE_ROWS = 3_000
GATHER_ROWS = 200_000
"""So many arrivals wait at most; beyond that a slice is folded with the next group."""

_IDS_PER_SLICE = 256 // SLICES
_SCOPE_BYTES = 4
_BEYOND = b"\xff" * 17


class Slice(NamedTuple):
    """The arrivals with client ids from the first bound to before the second."""

    number: int | None
    bounds: tuple[bytes, bytes]


_ALL = Slice(None, (b"", _BEYOND))


class Waiting:
    """Client ids of the arrivals that wait; `rows` says of how many arrivals."""

    def __init__(self) -> None:
        self.rows = 0
        self._ids: list[set[bytes]] = [set() for _ in range(SLICES)]
        self._rows = [0] * SLICES
        self._next = 0

    def holds(self, scope: int, client_id: bytes) -> bool:
        """Whether an arrival of this machine in this group waits."""
        return _key(scope, client_id) in self._ids[client_id[0] // _IDS_PER_SLICE]

    def add(self, scope: int, client_id: bytes) -> None:
        """One more arrival."""
        number = client_id[0] // _IDS_PER_SLICE
        self._ids[number].add(_key(scope, client_id))
        self._rows[number] += 1
        self.rows += 1

    def slice_for(self, more: int) -> Slice | None:
        """What to fold together with a group of so many arrivals; None: nothing now."""
        rows = self.rows + more
        if rows and more <= CALM_ROWS and rows <= SLICE_ROWS:
            return _ALL
        return self.next_slice() if rows > GATHER_ROWS else None

    def next_slice(self) -> Slice:
        """What to fold next: everything, when that is little."""
        if self.rows <= SLICE_ROWS:
            return _ALL
        while not self._rows[self._next]:
            self._next = (self._next + 1) % SLICES
        first = self._next * _IDS_PER_SLICE
        last = first + _IDS_PER_SLICE
        return Slice(self._next, (bytes((first,)), bytes((last,)) if last < 256 else _BEYOND))  # noqa: PLR2004 - a byte

    def drop(self, slice_: Slice) -> None:
        """These were folded."""
        numbers = range(SLICES) if slice_.number is None else (slice_.number,)
        for number in numbers:
            self._ids[number].clear()
            self.rows -= self._rows[number]
            self._rows[number] = 0


def _key(scope: int, client_id: bytes) -> bytes:
    return client_id + scope.to_bytes(_SCOPE_BYTES, "big")

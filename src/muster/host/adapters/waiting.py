"""Which arrivals wait to be folded into the inventory, and when which of them are (docs/decisions/0016-arrivals.md).

They gather in runs. A full run is sealed and folded by slices of the space of client ids, so that neighbours, who share pages
of the inventory, are folded together, while the next run gathers at the same pace. Only when all of a run is folded does it
leave the list on disk; a run that was folded in part and is folded anew after a crash comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from muster.host.adapters.arrival import Arrival, owner, unpack

CALM_ROWS = 8
"""A group as small as this is folded at once, with all that waits, unless that is more than a few."""

FEW_ROWS = 3_000
RUN_ROWS = 100_000
"""So many gather before they are folded; at most about twice as many wait on disk, and half of those in memory."""

SLICES = 1_024
"""By the first byte of a client id and two bits of its second."""

SETTLE_BYTES = 65_536
"""Folded in one transaction while nobody asks, about 1,000 records: who comes meanwhile waits for some milliseconds."""

CALM_GROUPS = 16
"""So many small groups behind one another are no storm any more."""

CALM_BYTES = 8_192
"""Folded along with a small group while more than a few wait, about 100 records: more than such a group brings."""

_MORE_BITS = 2


class Fold(NamedTuple):
    """What to fold now: its records, and the number up to which the list on disk may be cut then; 0: not yet.

    `end`: the slices of the sealed run that are folded then. `is_all`: everything that waits, and the group at hand too.
    """

    records: bytes
    until: int
    end: int
    is_all: bool = False

    def arrivals(self) -> Iterable[Arrival]:
        """Unpacked, neighbours beside one another, the older ones of a machine first."""
        return sorted(unpack(self.records), key=lambda a: (a.scope, a.client_id, a.edition, a.seq))


class _Run:
    def __init__(self) -> None:
        self.rows = 0
        self.newest = 0
        self.slices = [bytearray() for _ in range(SLICES)]


class Waiting:
    """The records of the arrivals that wait; `rows` says how many. `run_rows`: of a full run."""

    def __init__(self, run_rows: int = RUN_ROWS) -> None:
        self._run_rows = run_rows
        self._open = _Run()
        self._sealed: _Run | None = None
        self._done = 0
        self._small_groups = 0

    @property
    def rows(self) -> int:
        """How many arrivals wait, those of a run that is folded in part included."""
        return self._open.rows + (self._sealed.rows if self._sealed else 0)

    def holds(self, scope: int, client_id: bytes) -> bool:
        """Whether an arrival of this machine in this group waits."""
        needle, number = owner(scope, client_id), _slice_of(client_id)
        return needle in self._open.slices[number] or (
            self._sealed is not None and needle in self._sealed.slices[number]
        )

    def add(self, arrivals: Iterable[tuple[bytes, bytes]], newest: int) -> None:
        """More of them, client id and record of each; the number of the last."""
        slices, rows = self._open.slices, 0
        for client_id, record in arrivals:
            slices[client_id[0] << _MORE_BITS | client_id[1] >> 8 - _MORE_BITS] += record
            rows += 1
        self._open.rows += rows
        self._open.newest = newest
        if self._open.rows >= self._run_rows and self._sealed is None:
            self._seal()

    def fold_for(self, more: int) -> Fold | None:
        """What to fold together with a group of so many; None: nothing now."""
        self._small_groups = self._small_groups + 1 if more <= CALM_ROWS else 0
        if self._small_groups and self.rows <= FEW_ROWS:
            return self._everything()
        is_calm = self._small_groups >= CALM_GROUPS
        if self._sealed is None and not is_calm:
            return None
        run = self._sealed or self._seal()
        # As much of the sealed run is folded as of the next one has gathered; a small group has time for more.
        end = min(SLICES, -(-SLICES * (self._open.rows + more) // self._run_rows))
        if is_calm:
            end = max(end, self._reaching(run, CALM_BYTES))
        return self._up_to(run, end) if end > self._done else None

    def next_fold(self) -> Fold:
        """What to fold next while nobody asks: everything, when that is little."""
        if self.rows <= FEW_ROWS:
            return self._everything()
        run = self._sealed or self._seal()
        return self._up_to(run, self._reaching(run, SETTLE_BYTES))

    def folded(self, fold: Fold) -> None:
        """It is done, and durable."""
        if fold.is_all:
            self._open, self._sealed, self._done = _Run(), None, 0
        elif fold.end == SLICES:
            self._sealed, self._done = None, 0
        elif self._sealed is not None:
            # What is in the inventory need not be held as well, though on disk the run is cut from the list as a whole.
            for number in range(self._done, fold.end):
                self._sealed.slices[number] = bytearray()
            self._done = fold.end

    def _seal(self) -> _Run:
        self._sealed, self._open, self._done = self._open, _Run(), 0
        return self._sealed

    def _reaching(self, run: _Run, size: int) -> int:
        """The end of the slices that hold about so many bytes."""
        end = self._done
        while end < SLICES and size > 0:
            size -= len(run.slices[end])
            end += 1
        return end

    def _up_to(self, run: _Run, end: int) -> Fold:
        until = run.newest if end == SLICES else 0
        return Fold(b"".join(run.slices[self._done : end]), until, end)

    def _everything(self) -> Fold:
        sealed = self._sealed.slices if self._sealed else ()
        newest = max(self._open.newest, self._sealed.newest if self._sealed else 0)
        return Fold(b"".join((*sealed, *self._open.slices)) if newest else b"", newest, 0, is_all=True)


def _slice_of(client_id: bytes) -> int:
    return client_id[0] << _MORE_BITS | client_id[1] >> 8 - _MORE_BITS

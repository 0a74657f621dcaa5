"""How many machines asked: the count of every group (spec/counting.md).

A group keeps its newest distinct client ids, at most twice the largest threshold that a request has named so far. A
renewal takes an id out and puts it in again as the newest; an id that had to make room does not come back by itself
(the floor); an id that did not ask for 30 days is forgotten. Holds memory only; what must be durable is told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from muster.wire.activation import MAX_THRESHOLD

ENTRY_SECONDS = 30 * 86_400
"""Lifetime of an entry since the machine's last request."""

CACHE_PER_THRESHOLD = 2
MAX_CACHE = CACHE_PER_THRESHOLD * MAX_THRESHOLD

GroupKey: TypeAlias = tuple[bytes, int]
"""Vendor id (8 bytes) and group id: what is counted together."""


class Entry(NamedTuple):
    """One counted machine. `seq` grows with every request; `seen` is in seconds since 1970."""

    client_id: bytes
    seq: int
    seen: int


@dataclass(frozen=True, slots=True)
class SavedGroup:
    """A group as it was stored; `entries` from the oldest to the newest, none below the floor."""

    cache_size: int
    floor: int
    entries: tuple[Entry, ...]


class Place(NamedTuple):
    """Where a request put its machine: what must be durable before the count, `told`, leaves."""

    told: int
    seq: int
    cache_size: int
    floor: int


class _Group:
    __slots__ = ("cache_size", "entries", "floor", "forgotten_at")

    def __init__(self, saved: SavedGroup | None) -> None:
        self.cache_size = saved.cache_size if saved else 0
        self.floor = saved.floor if saved else 0
        self.forgotten_at = -1
        self.entries: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        for client_id, seq, seen in saved.entries if saved else ():
            self.entries[client_id] = (seq, seen)


class Counts:
    """The counts of every group of every vendor."""

    def __init__(self, groups: Mapping[GroupKey, SavedGroup], next_seq: int) -> None:
        self._groups = {key: _Group(saved) for key, saved in groups.items()}
        self._next_seq = next_seq

    def holds(self, key: GroupKey, client_id: bytes) -> bool:
        """Whether this machine is among the group's newest ids; it may be past its 30 days."""
        group = self._groups.get(key)
        return group is not None and client_id in group.entries

    def count(self, key: GroupKey, now: int) -> int:
        """The count at `now` (seconds since 1970), without counting anybody."""
        group = self._groups.get(key)
        if group is None:
            return 0
        _forget(group, now)
        return len(group.entries)

    def cache_size(self, key: GroupKey) -> int:
        """How many ids the group keeps; 0 for one that nobody asked for."""
        group = self._groups.get(key)
        return group.cache_size if group else 0

    def enter(self, key: GroupKey, client_id: bytes, threshold: int, now: int) -> Place:
        """Count this machine as the newest of its group. `now` must not be before the one given last."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(None)
        if threshold * CACHE_PER_THRESHOLD > group.cache_size:
            group.cache_size = min(threshold * CACHE_PER_THRESHOLD, MAX_CACHE)
        entries = group.entries
        _forget(group, now)
        seq = self._next_seq
        self._next_seq = seq + 1
        entries.pop(client_id, None)
        entries[client_id] = (seq, now)
        if len(entries) > group.cache_size:
            entries.popitem(last=False)
            group.floor = next(iter(entries.values()))[0]
        return Place(len(entries), seq, group.cache_size, group.floor)

    def take_in(self, groups: Mapping[GroupKey, SavedGroup], next_seq: int) -> None:
        """What other hosts with the same count stored since: entries newer than those here, and size and floor as they are.

        Only groups that are named change. The same twice comes to the same.
        """
        self._next_seq = next_seq
        for key, saved in groups.items():
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _Group(None)
            group.cache_size, group.floor, group.forgotten_at = saved.cache_size, saved.floor, -1
            entries = group.entries
            for client_id, seq, seen in saved.entries:
                entries.pop(client_id, None)
                entries[client_id] = (seq, seen)
            while entries and next(iter(entries.values()))[0] < saved.floor:
                entries.popitem(last=False)

    def keys(self) -> tuple[GroupKey, ...]:
        """Every group that was ever asked for."""
        return tuple(self._groups)


def _forget(group: _Group, now: int) -> None:
    """Drop the ids whose 30 days are over. `seen` ascends with `seq`, so they stand in front."""
    if now == group.forgotten_at:
        return
    group.forgotten_at = now
    entries = group.entries
    while entries:
        client_id, (_, seen) = next(iter(entries.items()))
        if seen > now - ENTRY_SECONDS:
            return
        del entries[client_id]

"""What the activation host needs of the world, in its own words. No behaviour lives here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from muster.base.errors import Code
from muster.host.core.answering import Represented, Row, Verdict
from muster.host.core.counting import GroupKey, SavedGroup
from muster.host.core.limits import Allowance
from muster.host.core.publication import ZoneRecords
from muster.host.core.settings import HostSettings


@dataclass(frozen=True, slots=True)
class Totals:
    """Requests since the store was made; `by_state` counts them by the name of the state that machines told."""

    total: int = 0
    refused: int = 0
    by_state: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a host needs in memory at its start. Seconds since 1970; 0 when nothing was ever committed."""

    groups: Mapping[GroupKey, SavedGroup]
    next_seq: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one group commit makes durable: rows of counted machines, and by how much the totals grow."""

    rows: Sequence[Row]
    totals: Totals


class Store(Protocol):
    """Counts and inventory, durable. One process writes; every method raises `StoreFailed` and then changed nothing."""

    async def load(self, now: int) -> Loaded:
        """The newest ids of every group, at most its cache size, seen within the entry lifetime before `now`."""

    async def commit(self, batch: Batch) -> None:
        """Returns when everything in `batch` survives a power cut; a cancelled or failed call stored all or nothing."""

    def is_known(self, group: GroupKey, client_id: bytes) -> bool:
        """Whether the inventory holds this machine, counted or not."""

    async def prune(self, now: int) -> int:
        """Drop what the inventory's bounds do not allow; how many rows went. Called from time to time."""

    async def settle(self) -> int:
        """Put some of what a storm left in a hurry into its place; how many rows are left. Called while nobody asks."""

    async def totals(self) -> Totals:
        """The totals as committed."""

    async def close(self) -> None:
        """Let everything go; the files are whole."""


Machine: TypeAlias = tuple[GroupKey, bytes]
"""A client id in a group."""


@dataclass(frozen=True, slots=True)
class Strangers:
    """Of machines that are not counted: which the inventory knows, and what their prefixes have used."""

    known: frozenset[Machine]
    allowances: Mapping[str, Allowance]


class Turn(Protocol):
    """One host's turn at a count that several share: nobody else counts meanwhile. `news`: what others did since its last."""

    news: Loaded

    async def look_up(self, machines: Iterable[Machine], prefixes: Iterable[str]) -> Strangers:
        """What must be known before machines are counted that are not among the newest."""

    async def commit(self, batch: Batch, allowances: Mapping[str, Allowance]) -> None:
        """As `Store.commit`, and the turn is over; `allowances` are those that changed."""


class SharedStore(Store, Protocol):
    """A store with one count for several hosts. Rows decided outside a turn may rest on counts that have changed since.

    `load` comes first, and again after `StoreFailed`: what comes back may be a standby, or restored.
    """

    def turn(self) -> AbstractAsyncContextManager[Turn]:
        """Wait for the turn; left without a commit, or by an error, it changed nothing. `StoreFailed` from any part of it."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What stands in a zone by this host's hand, since when, and what went wrong at the last attempt."""

    zone: str
    records: ZoneRecords | None = None
    published_at: datetime | None = None
    error: Code | None = None
    problem: str = ""
    remedy: str = ""


class PublicationBook(Protocol):
    """What this host published, remembered beside the counts so that it can be withdrawn when they are lost."""

    def read(self) -> tuple[Publication, ...]:
        """What stands, by zone; nothing when there is no book yet."""

    def is_retired(self) -> bool:
        """Whether the administrator took the host out of DNS: it then publishes only when told to."""

    def write(self, publications: Sequence[Publication], *, is_retired: bool) -> None:
        """Remember what stands. `StoreFailed` leaves the old book."""


class Publisher(Protocol):
    """The way into DNS (RFC 2136). It changes only the records it is given, never those of other hosts."""

    async def publish(self, records: ZoneRecords, stale: ZoneRecords | None = None) -> ZoneRecords:
        """Make `records` stand in their zone and the `stale` ones, published earlier, go.

        Returns the records that are now this host's own: its SRV members, and the addresses it had to add or that
        `stale` names already; an address that somebody else had put there stays theirs. Doing it twice changes nothing.
        `Refused` with DNS_UPDATE_REFUSED (cause and remedy in the text), `Unreachable` with DNS_UNREACHABLE.
        """

    async def withdraw(self, records: ZoneRecords) -> None:
        """Remove exactly `records`; those that are gone already are no error. Raises as `publish`."""


class Journal(Protocol):
    """Where every request leaves a line. It never fails: what cannot be written is lost."""

    def answered(self, at: int, address: str, verdict: Verdict) -> None:
        """A request from `address` was answered at `at` (seconds since 1970)."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a host stands: its settings, the vendors it speaks for, and the SRV labels (``_muster._tcp``) of those."""

    settings: HostSettings
    vendors: Mapping[bytes, Represented]
    labels: tuple[str, ...]


class Setups(Protocol):
    """Where a host's setup is kept: its home. Others change it while the host runs."""

    def read(self) -> Setup:
        """The setup now; `Misconfigured` or `Malformed` for one that cannot be used."""

    def stamp(self) -> object:
        """Equal as long as nothing changed."""

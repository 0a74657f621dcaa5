"""Looking into a host's database while the host may be running: never writes, never makes a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from muster.host.adapters.arrival import show_arrivals
from muster.host.adapters.sqlite_file import BUSY_SECONDS, STORE_FORMAT, other_format, translated
from muster.host.adapters.sqlite_store import read_totals
from muster.host.core.counting import ENTRY_SECONDS, GroupKey
from muster.host.ports import Totals

_COUNT = "SELECT count(DISTINCT client_id) FROM inventory WHERE scope = ? AND seq >= ? AND last_seen > ?"
_SEEN_SINCE = """
SELECT count(*) FROM (SELECT DISTINCT vendor, client_id FROM inventory JOIN scope ON scope.id = inventory.scope
WHERE last_seen > ?)
"""
_MACHINES = """
SELECT vendor, grp, client_id, edition, state, flags, first_seen, last_seen, address, hardware_sets
FROM inventory JOIN scope ON scope.id = inventory.scope WHERE last_seen >= ? AND last_seen <= ?
ORDER BY last_seen DESC, client_id, edition
"""


@dataclass(frozen=True, slots=True)
class GroupView:
    """The count of a group as it would be told now."""

    group: GroupKey
    count: int
    cache_size: int


@dataclass(frozen=True, slots=True)
class MachineView:
    """One edition on one machine, as it asked last. Times are seconds since 1970."""

    group: GroupKey
    client_id: bytes
    edition: int
    state: int
    flags: int
    first_seen: int
    last_seen: int
    address: str
    hardware_sets: int


class SqliteView:
    """What a host's database shows; empty while there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def groups(self, now: int) -> tuple[GroupView, ...]:
        """The counts at `now` (seconds since 1970)."""
        with self._open() as connection:
            if connection is None:
                return ()
            views = []
            scopes = connection.execute("SELECT id, vendor, grp, cache_size, floor FROM scope ORDER BY id").fetchall()
            for scope, vendor, group, size, floor in scopes:
                (count,) = connection.execute(_COUNT, (scope, floor, now - ENTRY_SECONDS)).fetchone()
                views.append(GroupView((vendor, group), min(size, count), size))
            return tuple(views)

    def totals(self) -> Totals:
        """The totals as committed."""
        with self._open() as connection:
            return Totals() if connection is None else read_totals(connection)

    def seen_since(self, moment: int) -> int:
        """How many distinct machines asked since `moment` (seconds since 1970)."""
        with self._open() as connection:
            if connection is None:
                return 0
            (count,) = connection.execute(_SEEN_SINCE, (moment,)).fetchone()
            return int(count)

    def machines(self, since: int, until: int) -> Iterator[MachineView]:
        """Every machine last seen within two instants (seconds since 1970), the newest first."""
        with self._open() as connection:
            if connection is None:
                return
            for vendor, group, *rest in connection.execute(_MACHINES, (since, until)):
                yield MachineView((vendor, group), *rest)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection | None]:
        if not self._path.exists():
            yield None
            return
        try:
            address = f"{self._path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, timeout=BUSY_SECONDS, uri=True, isolation_level=None)) as connection:
                (format_,) = connection.execute("PRAGMA user_version").fetchone()
                if format_ != STORE_FORMAT:
                    raise other_format(self._path, format_)
                with show_arrivals(connection):
                    yield connection
        except sqlite3.Error as error:
            raise translated(error, self._path) from error

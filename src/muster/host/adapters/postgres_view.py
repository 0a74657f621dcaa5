"""Looking into the database that several hosts share: never writes, never makes a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from psycopg.rows import TupleRow

from muster.host.adapters.postgres_database import (
    FORMAT,
    IS_MADE,
    PATIENCE_SECONDS,
    STORE_FORMAT,
    connect_options,
    other_format,
    translating,
)
from muster.host.adapters.postgres_store import totals_of
from muster.host.adapters.sqlite_view import GroupView, MachineView
from muster.host.core.counting import ENTRY_SECONDS
from muster.host.ports import Totals

_SCOPES = "SELECT id, vendor, grp, cache_size, floor FROM host_scope ORDER BY id"
_COUNT = "SELECT count(DISTINCT client_id) FROM host_machine WHERE scope = %s AND seq >= %s AND last_seen > %s"
_SEEN_SINCE = """
SELECT count(*) FROM (SELECT DISTINCT vendor, client_id FROM host_machine JOIN host_scope ON id = scope
WHERE last_seen > %s) AS seen
"""
_MACHINES = """
SELECT vendor, grp, client_id, edition, state, flags, first_seen, last_seen, address, length(parts) / 16
FROM host_machine JOIN host_scope ON id = scope WHERE last_seen >= %s AND last_seen <= %s
ORDER BY last_seen DESC, client_id, edition
"""
_ROWS_AT_A_TIME = 2_000


class PostgresView:
    """What the shared database shows, as `SqliteView` does; empty while its tables are not made."""

    def __init__(self, address: str) -> None:
        self._address = address

    def groups(self, now: int) -> tuple[GroupView, ...]:
        """The counts at `now` (seconds since 1970)."""
        with self._open() as connection:
            if connection is None:
                return ()
            views = []
            for scope, vendor, group, size, floor in connection.execute(_SCOPES).fetchall():
                counted = connection.execute(_COUNT, (scope, floor, now - ENTRY_SECONDS)).fetchone()
                views.append(GroupView((vendor, group), min(size, counted[0] if counted else 0), size))
            return tuple(views)

    def totals(self) -> Totals:
        """The totals as committed."""
        with self._open() as connection:
            if connection is None:
                return Totals()
            return totals_of(dict(connection.execute("SELECT name, value FROM host_total").fetchall()))

    def seen_since(self, moment: int) -> int:
        """How many distinct machines asked since `moment` (seconds since 1970)."""
        with self._open() as connection:
            if connection is None:
                return 0
            found = connection.execute(_SEEN_SINCE, (moment,)).fetchone()
            return int(found[0]) if found else 0

    def machines(self, since: int, until: int) -> Iterator[MachineView]:
        """Every machine last seen within two instants (seconds since 1970), the newest first."""
        with self._open() as connection:
            if connection is None:
                return
            with connection.transaction(), connection.cursor("machines") as cursor:
                cursor.itersize = _ROWS_AT_A_TIME
                for vendor, group, *rest in cursor.execute(_MACHINES, (since, until)):
                    yield MachineView((vendor, group), *rest)

    @contextmanager
    def _open(self) -> Iterator[psycopg.Connection[TupleRow] | None]:
        with translating(self._address):
            options = connect_options(self._address, PATIENCE_SECONDS)
            # What is looked through slowly holds nobody up: no limit but that of the connection itself.
            options["options"] = "-c default_transaction_read_only=on"
            with closing(psycopg.connect(**options)) as connection:
                is_made = connection.execute(IS_MADE).fetchone()
                if not is_made or not is_made[0]:
                    yield None
                    return
                format_ = connection.execute(FORMAT).fetchone()
                if format_ and format_[0] != STORE_FORMAT:
                    raise other_format(self._address, format_[0])
                yield connection

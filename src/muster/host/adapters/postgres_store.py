"""Counts and inventory in PostgreSQL, one count for several hosts.

A host counts in its turn: a transaction that holds the one row of `host_store`. It reads what others counted since its
last turn, decides, writes and commits; a group of requests costs two round trips and one flush. Whoever waits for the
turn, waits in the server. Decides nothing about licences.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from typing import Any, LiteralString

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from muster.base.errors import Code, StoreFailed
from muster.host.adapters.postgres_database import (
    FORMAT,
    IS_MADE,
    PATIENCE_SECONDS,
    SCHEMA,
    SETTING_UP,
    STORE_FORMAT,
    connect_options,
    other_format,
    shown,
    translating,
)
from muster.host.adapters.sqlite_file import MAX_PARTS_BYTES
from muster.host.adapters.sqlite_store import INVENTORY_ROWS, INVENTORY_SECONDS, PRUNE_ROWS
from muster.host.core.answering import Row
from muster.host.core.counting import ENTRY_SECONDS, Entry, GroupKey, SavedGroup
from muster.host.core.limits import HOUR_SECONDS, Allowance
from muster.host.ports import Batch, Loaded, Machine, Strangers, Totals

MAX_TRIES = 12
"""For a turn, where the database tells conflicts instead of having hosts wait."""

Connection = psycopg.AsyncConnection[TupleRow]

_HOLD = "SELECT next_seq, last_seen FROM host_store FOR UPDATE"
_SCOPES = "SELECT id, vendor, grp, cache_size, floor FROM host_scope"
_NEWS = """
SELECT scope, client_id, seq, last_seen FROM host_machine JOIN host_scope ON id = scope
WHERE seq > %s AND seq >= floor ORDER BY seq
"""
_NEWEST = """
SELECT client_id, max(seq), max(last_seen) FROM host_machine WHERE scope = %s AND seq >= %s AND last_seen > %s
GROUP BY client_id ORDER BY max(seq) DESC LIMIT %s
"""
_KNOWN = """
SELECT DISTINCT scope, client_id FROM unnest(%s::integer[], %s::bytea[]) AS wanted (scope, client_id)
JOIN host_machine USING (scope, client_id)
"""
# A set of parts that was seen before is not added again; sixteen bytes each, in the order of their first appearance.
_FOLD: LiteralString = """
INSERT INTO host_machine AS m (scope, client_id, edition, seq, state, flags, first_seen, last_seen, address, parts)
SELECT scope, client_id, edition, seq, state, flags, seen, seen, address, parts
FROM unnest(%s::integer[], %s::bytea[], %s::bigint[], %s::bigint[], %s::integer[], %s::integer[], %s::bigint[],
    %s::text[], %s::bytea[]) AS arrival (scope, client_id, edition, seq, state, flags, seen, address, parts)
ON CONFLICT (scope, client_id, edition) DO UPDATE SET seq = excluded.seq, state = excluded.state, flags = excluded.flags,
    last_seen = excluded.last_seen, address = excluded.address,
    parts = CASE WHEN position(excluded.parts IN m.parts) > 0 OR length(m.parts) >= %s THEN m.parts
                 ELSE m.parts || excluded.parts END
"""
_ADD_SCOPE = """
INSERT INTO host_scope SELECT coalesce(max(id), 0) + 1, %s::bytea, %s::bigint, %s::integer, %s::bigint FROM host_scope
RETURNING id
"""
_SETTLE_SCOPE = "UPDATE host_scope SET cache_size = %s, floor = %s WHERE id = %s"
_SETTLE = "UPDATE host_store SET next_seq = greatest(next_seq, %s), last_seen = greatest(last_seen, %s)"
_GROW = """
INSERT INTO host_total AS t SELECT * FROM unnest(%s::text[], %s::bigint[])
ON CONFLICT (name) DO UPDATE SET value = t.value + excluded.value
"""
_ALLOW = """
INSERT INTO host_allowance SELECT * FROM unnest(%s::text[], %s::bigint[], %s::integer[])
ON CONFLICT (prefix) DO UPDATE SET begun = excluded.begun, used = excluded.used
"""
_TOO_OLD = "SELECT scope, client_id, edition FROM host_machine WHERE last_seen < %s LIMIT %s"
# Machines that are counted stay: a restart would forget them.
_OLDEST_UNCOUNTED = """
SELECT scope, client_id, edition FROM host_machine JOIN host_scope ON id = scope
WHERE NOT (seq >= floor AND last_seen > %s) ORDER BY last_seen LIMIT %s
"""
_DROP = """
DELETE FROM host_machine USING unnest(%s::integer[], %s::bytea[], %s::bigint[]) AS victim (scope, client_id, edition)
WHERE (host_machine.scope, host_machine.client_id, host_machine.edition) = (victim.scope, victim.client_id, victim.edition)
"""
_STATE = "state "


class PostgresStore:
    """`SharedStore` in the database of an address. `patience`: how many seconds to wait for it, for a turn, and in one."""

    def __init__(self, address: str, *, patience: float = PATIENCE_SECONDS) -> None:
        self._address = address
        self._patience = patience
        self._options = connect_options(address, patience)
        self._one_at_a_time = asyncio.Lock()
        self._connection: Connection | None = None
        self._scopes: dict[GroupKey, int] = {}
        self._read_up_to = 0
        self._looked_up: frozenset[Machine] | None = None
        self._is_same = False

    async def load(self, now: int) -> Loaded:
        """See `Store`."""
        async with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            next_seq, last_seen = await _one(connection, "SELECT next_seq, last_seen FROM host_store")
            groups: dict[GroupKey, SavedGroup] = {}
            for scope, vendor, group, size, floor in await _all(connection, _SCOPES):
                self._scopes[vendor, group] = scope
                newest = await _all(connection, _NEWEST, (scope, floor, now - ENTRY_SECONDS, size))
                groups[vendor, group] = SavedGroup(size, floor, tuple(Entry._make(e) for e in reversed(newest)))
        self._read_up_to = next_seq - 1
        self._is_same = True
        return Loaded(groups, next_seq, last_seen)

    async def commit(self, batch: Batch) -> None:
        """See `Store`."""
        await asyncio.shield(self._commit(batch))

    async def _commit(self, batch: Batch) -> None:
        before = self._read_up_to
        async with self._turn() as turn:
            await turn.commit(batch, {})
        self._read_up_to = before  # the news of this turn were nobody's

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[PostgresTurn]:
        """See `SharedStore`. `StoreFailed` also when the database may be another one than `load` read: it must be read anew."""
        if not self._is_same:
            raise StoreFailed(Code.STORE_FAILED, f"{shown(self._address)} was lost since it was read")
        async with self._turn() as turn:
            if turn.news.next_seq <= self._read_up_to:
                self._is_same = False
                raise StoreFailed(Code.STORE_FAILED, f"{shown(self._address)} is older than when it was read")
            yield turn

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[PostgresTurn]:
        async with self._transaction("BEGIN") as connection:
            turn = await self._hold(connection)
            try:
                self._looked_up = frozenset()
                turn.on_look_up = self._remember
                yield turn
            finally:
                self._looked_up = None
        if turn.committed_up_to:
            self._read_up_to = turn.committed_up_to
            self._scopes = turn.scopes

    async def _hold(self, connection: Connection) -> PostgresTurn:
        """Wait for the turn. Where transactions are serializable, who waited is told a conflict (40001) and begins anew."""
        tries = 1
        while True:
            try:
                async with connection.pipeline():
                    state = await connection.execute(_HOLD, binary=True)
                    scopes = await connection.execute(_SCOPES, binary=True)
                    news = await connection.execute(_NEWS, (self._read_up_to,), binary=True)
                held = await state.fetchone()
                return PostgresTurn(connection, held or (1, 0), await scopes.fetchall(), await news.fetchall())
            except (errors.SerializationFailure, errors.DeadlockDetected):
                if tries == MAX_TRIES:
                    raise
                # Nothing was decided yet: nobody hears of it.
                tries += 1
                await connection.execute("ROLLBACK")
                await connection.execute("BEGIN")

    def _remember(self, known: frozenset[Machine]) -> None:
        self._looked_up = known

    def is_known(self, group: GroupKey, client_id: bytes) -> bool:
        """See `Store`. In a turn by what was looked up in it; otherwise the database is asked, and waited for."""
        if self._looked_up is not None:
            return (group, client_id) in self._looked_up
        query = "SELECT 1 FROM host_machine JOIN host_scope ON id = scope WHERE (vendor, grp, client_id) = (%s, %s, %s) LIMIT 1"
        with translating(self._address), closing(psycopg.connect(**self._options)) as connection:
            return connection.execute(query, (*group, client_id)).fetchone() is not None

    async def prune(self, now: int, rows: int = INVENTORY_ROWS) -> int:
        """See `Store`; at most `rows` stay, besides those that are counted."""
        async with self._transaction("BEGIN READ ONLY") as connection:
            (present,) = await _one(connection, "SELECT count(*) FROM host_machine")
        async with self._transaction("BEGIN") as connection:
            await connection.execute(_HOLD)
            victims = await _all(connection, _TOO_OLD, (now - INVENTORY_SECONDS, PRUNE_ROWS))
            excess = max(0, present - rows)
            if excess > len(victims):
                victims = await _all(connection, _OLDEST_UNCOUNTED, (now - ENTRY_SECONDS, min(excess, PRUNE_ROWS)))
            if victims:
                await connection.execute(_DROP, [list(column) for column in zip(*victims, strict=True)])
            await connection.execute("DELETE FROM host_allowance WHERE begun < %s", (now - HOUR_SECONDS,))
            await connection.execute("COMMIT")
        return len(victims)

    async def settle(self) -> int:
        """See `Store`: nothing is ever left in a hurry here."""
        return 0

    async def totals(self) -> Totals:
        """See `Store`."""
        async with self._transaction("BEGIN READ ONLY") as connection:
            return totals_of(dict(await _all(connection, "SELECT name, value FROM host_total")))

    async def close(self) -> None:
        """See `Store`."""
        async with self._one_at_a_time:
            await self._let_go()

    @asynccontextmanager
    async def _transaction(self, begin: LiteralString) -> AsyncIterator[Connection]:
        """A transaction that is rolled back unless what is done in it commits; a connection that failed is not used again."""
        async with self._one_at_a_time:
            try:
                with translating(self._address):
                    async with asyncio.timeout(self._patience):
                        connection = await self._connected()
                        await connection.execute(begin)
                        yield connection
                        if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                            await connection.execute("ROLLBACK")
            except BaseException:
                # Who comes back after that may be a standby, or restored from a backup.
                self._is_same &= self._connection is not None and not self._connection.broken
                await self._let_go()
                raise

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            connection = await psycopg.AsyncConnection.connect(**self._options)
            self._connection = connection
            (is_made,) = await _one(connection, IS_MADE)
            if not is_made:
                await _set_up(connection)
            (format_,) = await _one(connection, FORMAT)
            if format_ != STORE_FORMAT:
                raise other_format(self._address, format_)
        return self._connection

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()


class PostgresTurn:
    """See `Turn`. `committed_up_to` is the last number that is durable, 0 before the commit."""

    def __init__(
        self, connection: Connection, held: tuple[Any, ...], scopes: Sequence[TupleRow], news: Sequence[TupleRow]
    ) -> None:
        self._connection = connection
        next_seq, last_seen = held
        self._next_seq: int = next_seq
        self.scopes: dict[GroupKey, int] = {(vendor, group): scope for scope, vendor, group, _, _ in scopes}
        entries: dict[int, list[Entry]] = {scope: [] for scope, *_ in scopes}
        for scope, client_id, seq, seen in news:
            entries[scope].append(Entry(client_id, seq, seen))
        groups = {(v, g): SavedGroup(size, floor, tuple(entries[scope])) for scope, v, g, size, floor in scopes}
        self.news = Loaded(groups, next_seq, last_seen)
        self.committed_up_to = 0
        self.on_look_up: Any = None

    async def look_up(self, machines: Iterable[Machine], prefixes: Iterable[str]) -> Strangers:
        """See `Turn`."""
        wanted = [(self.scopes[group], client_id) for group, client_id in machines if group in self.scopes]
        scopes, ids = [scope for scope, _ in wanted], [client_id for _, client_id in wanted]
        allowances = "SELECT prefix, begun, used FROM host_allowance WHERE prefix = ANY(%s)"
        async with self._connection.pipeline():
            found = await self._connection.execute(_KNOWN, (scopes, ids), binary=True)
            used = await self._connection.execute(allowances, ([*prefixes, ""],), binary=True)
        groups = {scope: group for group, scope in self.scopes.items()}
        known = frozenset((groups[scope], client_id) for scope, client_id in await found.fetchall())
        self.on_look_up(known)
        return Strangers(known, {prefix: (begun, number) for prefix, begun, number in await used.fetchall()})

    async def commit(self, batch: Batch, allowances: Mapping[str, Allowance]) -> None:
        """See `Turn`."""
        execute = self._connection.execute
        last_of_group = {row.group: row for row in batch.rows}
        for group, row in last_of_group.items():
            if group not in self.scopes:
                (scope,) = await _one(self._connection, _ADD_SCOPE, (*group, row.cache_size, row.floor))
                self.scopes[group] = scope
        async with self._connection.pipeline():
            for group, row in last_of_group.items():
                await execute(_SETTLE_SCOPE, (row.cache_size, row.floor, self.scopes[group]))
            for rows in _rounds(batch.rows):
                await execute(_FOLD, (*self._columns(rows), MAX_PARTS_BYTES))
            if batch.rows:
                newest = batch.rows[-1]
                await execute(_SETTLE, (newest.seq + 1, newest.seen))
            if growth := _growth(batch.totals):
                await execute(_GROW, (list(growth), list(growth.values())))
            if allowances:
                begun, used = zip(*allowances.values(), strict=True)
                await execute(_ALLOW, (list(allowances), list(begun), list(used)))
            await execute("COMMIT")
        self.committed_up_to = max(self._next_seq - 1, batch.rows[-1].seq if batch.rows else 0)

    def _columns(self, rows: Sequence[Row]) -> list[list[Any]]:
        values = [
            (self.scopes[r.group], r.client_id, r.edition, r.seq, r.state, r.flags, r.seen, r.address, r.parts)
            for r in rows
        ]
        return [list(column) for column in zip(*values, strict=True)]


def totals_of(rows: Mapping[str, int]) -> Totals:
    """The totals from the rows of `host_total`."""
    states = {name.removeprefix(_STATE): value for name, value in rows.items() if name.startswith(_STATE)}
    return Totals(rows.get("total", 0), rows.get("refused", 0), states)


def _growth(totals: Totals) -> dict[str, int]:
    # One order for everybody: rows are locked as they come.
    growth = {"total": totals.total, "refused": totals.refused}
    growth |= {_STATE + name: number for name, number in totals.by_state.items()}
    return {name: growth[name] for name in sorted(growth) if growth[name]}


def _rounds(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows without a machine and edition twice: one statement may write a row only once. The older ones come first."""
    waiting = list(rows)
    while waiting:
        now: dict[tuple[GroupKey, bytes, int], Row] = {}
        later = [r for r in waiting if now.setdefault((r.group, r.client_id, r.edition), r) is not r]
        yield list(now.values())
        waiting = later


async def _set_up(connection: Connection) -> None:
    """Make the tables; hosts that start at the same time wait for one another."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (SETTING_UP,))
        (is_made,) = await _one(connection, IS_MADE)
        if not is_made:
            for statement in SCHEMA.split(";"):
                await connection.execute(statement.encode())


async def _one(connection: Connection, query: LiteralString, values: Sequence[Any] = ()) -> TupleRow:
    found = await (await connection.execute(query, values)).fetchone()
    if found is None:
        raise psycopg.DataError("a row is missing")
    return found


async def _all(connection: Connection, query: LiteralString, values: Sequence[Any] = ()) -> list[TupleRow]:
    return await (await connection.execute(query, values)).fetchall()

"""Counts and inventory in SQLite: WAL, ``synchronous=FULL``, one transaction for many requests.

What a group commit makes durable is a list: rows of `arrival`, in the order of their numbers, behind one another on disk.
In calm weather the same transaction folds them into the inventory, `machine`. In a storm they gather and are folded later, in
slices of the space of client ids: neighbours share pages (docs/decisions/0016-arrivals.md).

One connection writes; reading for the event loop has a connection of its own. Whatever can wait for the disk or for
another process runs on a thread; the rows of a group commit are filled in on the loop, because a thread that steps
through rows fights with the loop for the interpreter at each of them. The count itself is not a column: it is the newest
rows of a group, from its floor on. Decides nothing about licences.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from muster.base.errors import Code, StoreFailed
from muster.base.log import event
from muster.host.adapters.waiting import SLICE_ROWS, Slice, Waiting
from muster.host.core.answering import Row
from muster.host.core.counting import ENTRY_SECONDS, Entry, GroupKey, SavedGroup
from muster.host.ports import Batch, Loaded, Totals

STORE_FORMAT = 2
INVENTORY_SECONDS = 400 * 86_400
INVENTORY_ROWS = 2_000_000
PRUNE_ROWS = 5_000
"""Rows dropped in one transaction: answers wait no longer than for a handful of ordinary commits."""

PAGE_CACHE_KIBIBYTES = 16_384
CHECKPOINT_PAGES = 4_000
BUSY_SECONDS = 5.0
MAX_PARTS_BYTES = 8 * 16
"""Hardware sets kept of one machine; more than a few mean copied ids, however many there are."""

Result = TypeVar("Result")

MAX_INSERT_ROWS = 256

_SCHEMA = """
CREATE TABLE scope (id INTEGER PRIMARY KEY, vendor BLOB NOT NULL, grp INTEGER NOT NULL,
    cache_size INTEGER NOT NULL, floor INTEGER NOT NULL, UNIQUE (vendor, grp));
CREATE TABLE machine (scope INTEGER NOT NULL, client_id BLOB NOT NULL, edition INTEGER NOT NULL,
    seq INTEGER NOT NULL, state INTEGER NOT NULL, flags INTEGER NOT NULL, first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL, address TEXT NOT NULL, parts BLOB NOT NULL,
    PRIMARY KEY (scope, client_id, edition)) WITHOUT ROWID;
CREATE TABLE total (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_SINCE_FORMAT_2 = """
CREATE TABLE arrival (scope INTEGER NOT NULL, seq INTEGER PRIMARY KEY, client_id BLOB NOT NULL, edition INTEGER NOT NULL,
    state INTEGER NOT NULL, flags INTEGER NOT NULL, seen INTEGER NOT NULL, address TEXT NOT NULL, parts BLOB NOT NULL);
CREATE INDEX machine_last_seen ON machine (last_seen);
CREATE VIEW fresh AS
    SELECT newest.*, first_seen FROM (SELECT *, max(seq) FROM arrival GROUP BY scope, client_id, edition) AS newest
    JOIN (SELECT scope, client_id, edition, min(seen) AS first_seen FROM arrival GROUP BY scope, client_id, edition)
    USING (scope, client_id, edition);
CREATE VIEW inventory AS
    SELECT scope, client_id, edition, coalesce(f.seq, m.seq) AS seq, coalesce(f.state, m.state) AS state,
        coalesce(f.flags, m.flags) AS flags, m.first_seen AS first_seen, coalesce(f.seen, m.last_seen) AS last_seen,
        coalesce(f.address, m.address) AS address, length(m.parts) / 16 AS hardware_sets
    FROM machine AS m LEFT JOIN fresh AS f USING (scope, client_id, edition)
    UNION ALL SELECT scope, client_id, edition, seq, state, flags, first_seen, seen, address, 1 FROM fresh AS f
    WHERE NOT EXISTS (SELECT 1 FROM machine AS m
        WHERE m.scope = f.scope AND m.client_id = f.client_id AND m.edition = f.edition);
PRAGMA user_version = 2;
"""
_ARRIVAL_COLUMNS = 9
_ONE_ARRIVAL = f"({', '.join('?' * _ARRIVAL_COLUMNS)})"

# A set of parts that was seen before is not added again; sixteen bytes each, in the order of their first appearance.
_FOLD = """
INSERT INTO machine (scope, client_id, edition, seq, state, flags, first_seen, last_seen, address, parts)
SELECT scope, client_id, edition, seq, state, flags, seen, seen, address, parts FROM arrival
WHERE client_id >= ?2 AND client_id < ?3 ORDER BY scope, client_id, edition, seq
ON CONFLICT DO UPDATE SET seq = excluded.seq, state = excluded.state, flags = excluded.flags,
    last_seen = excluded.last_seen, address = excluded.address,
    parts = CASE WHEN instr(parts, excluded.parts) OR length(parts) >= ?1 THEN parts
                 ELSE CAST(parts || excluded.parts AS BLOB) END
"""
_GROW = "INSERT INTO total VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = value + excluded.value"
_NEWEST = """
SELECT client_id, max(seq), max(last_seen) FROM (SELECT scope, client_id, seq, last_seen FROM machine
    UNION ALL SELECT scope, client_id, seq, seen FROM arrival)
WHERE scope = ? AND seq >= ? AND last_seen > ? GROUP BY client_id ORDER BY max(seq) DESC LIMIT ?
"""
# Machines that are counted stay: a restart would forget them.
_OLDEST_UNCOUNTED = """
SELECT scope, client_id, edition FROM machine JOIN scope ON scope.id = machine.scope
WHERE NOT (seq >= floor AND last_seen > ?) ORDER BY last_seen LIMIT ?
"""
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_NEXT_SEQ, _LAST_SEEN, _STATE = "next_seq", "last_seen", "state "


class SqliteStore:
    """`Store` in one database file, which is made when it is missing. `StoreFailed` when it cannot be opened.

    `patience`: how many seconds to wait for another process that holds the database.
    """

    def __init__(self, path: Path, *, patience: float = BUSY_SECONDS) -> None:
        self._path = path
        with _translated(path):
            self._writer = open_database(path, patience)
            self._scopes: dict[GroupKey, int] = _scopes(self._writer)
            self._inserts: dict[int, str] = {}
            self._reader = sqlite3.connect(path, timeout=patience, isolation_level=None)
            self._files = _files(path)
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="muster-store")
        self._turn = asyncio.Lock()
        self._waiting = Waiting()

    async def load(self, now: int) -> Loaded:
        """See `Store`."""
        return await self._do(lambda: self._load(now))

    async def commit(self, batch: Batch) -> None:
        """See `Store`."""
        # Shielded: a caller that goes away must not leave a transaction open half-way.
        await asyncio.shield(self._commit(batch))

    def is_known(self, group: GroupKey, client_id: bytes) -> bool:
        """See `Store`."""
        scope = self._scopes.get(group)
        if scope is None:
            return False
        if self._waiting.holds(scope, client_id):
            return True
        with _translated(self._path):
            query = "SELECT 1 FROM machine WHERE scope = ? AND client_id = ? LIMIT 1"
            return self._reader.execute(query, (scope, client_id)).fetchone() is not None

    async def prune(self, now: int, rows: int = INVENTORY_ROWS) -> int:
        """See `Store`; at most `rows` stay, besides those that are counted."""
        return await self._do(lambda: self._prune(now, rows))

    async def settle(self) -> int:
        """See `Store`."""
        return await self._do(self._settle) if self._waiting.rows else 0

    async def totals(self) -> Totals:
        """See `Store`."""
        return await self._do(lambda: read_totals(self._writer))

    async def close(self) -> None:
        """See `Store`."""
        if self._waiting.rows <= SLICE_ROWS:
            with suppress(StoreFailed):
                await self.settle()
        with suppress(StoreFailed):
            await self._on_thread(self._writer.close)
        self._reader.close()
        self._thread.shutdown()

    async def _do(self, work: Callable[[], Result]) -> Result:
        async with self._turn:
            return await asyncio.shield(self._on_thread(lambda: self._with_patience(work)))

    async def _on_thread(self, work: Callable[[], Result]) -> Result:
        def translated() -> Result:
            with _translated(self._path):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._thread, translated)

    def _load(self, now: int) -> Loaded:
        self._waiting = Waiting()
        for scope, client_id in self._writer.execute("SELECT scope, client_id FROM arrival"):
            self._waiting.add(scope, client_id)
        groups: dict[GroupKey, SavedGroup] = {}
        for scope, vendor, group, size, floor in self._writer.execute("SELECT * FROM scope").fetchall():
            newest = self._writer.execute(_NEWEST, (scope, floor, now - ENTRY_SECONDS, size)).fetchall()
            entries = tuple(Entry(client_id, seq, seen) for client_id, seq, seen in reversed(newest))
            groups[vendor, group] = SavedGroup(size, floor, entries)
        totals = dict(self._writer.execute("SELECT name, value FROM total").fetchall())
        return Loaded(groups, totals.get(_NEXT_SEQ, 1), totals.get(_LAST_SEEN, 0))

    async def _commit(self, batch: Batch) -> None:
        async with self._turn:
            await self._begin()
            try:
                with _translated(self._path):
                    fresh = self._fill_in(batch)
                slice_ = self._waiting.slice_for(len(batch.rows))
                await self._on_thread(lambda: self._fold_and_commit(slice_))
            except BaseException:
                if self._writer.in_transaction:
                    await self._on_thread(self._writer.rollback)
                raise
            self._scopes.update(fresh)
            for row in batch.rows:
                self._waiting.add(self._scopes[row.group], row.client_id)
            if slice_ is not None:
                self._waiting.drop(slice_)

    def _fold_and_commit(self, slice_: Slice | None) -> None:
        if slice_ is not None:
            self._fold(slice_)
        self._writer.commit()

    def _settle(self) -> int:
        slice_ = self._waiting.next_slice()
        with _transaction(self._writer):
            self._fold(slice_)
        self._waiting.drop(slice_)
        return self._waiting.rows

    def _fold(self, slice_: Slice) -> None:
        """Give arrivals their places in the inventory. Two statements of SQLite's own: the loop goes on meanwhile."""
        self._writer.execute(_FOLD, (MAX_PARTS_BYTES, *slice_.bounds))
        self._writer.execute("DELETE FROM arrival WHERE client_id >= ? AND client_id < ?", slice_.bounds)

    async def _begin(self) -> None:
        """Begin to write: at once when nobody else does, else on the thread, with patience."""
        # What has lost its name still takes every write, and is gone with the process.
        if _files(self._path) != self._files:
            hint = "Put it back with its -wal; or restart the host: a new one is made, and counts refill by themselves"
            raise StoreFailed(Code.STORE_FAILED, f"{self._path} was moved or removed while in use", hint)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_BUSY":
                raise translated(error, self._path) from error
            await self._on_thread(lambda: self._with_patience(lambda: self._writer.execute("BEGIN IMMEDIATE")))

    def _with_patience(self, work: Callable[[], Result]) -> Result:
        """Work that may wait for another process. On the loop nothing waits: there the patience is none."""
        _wait_up_to(self._writer, self._patience)
        try:
            return work()
        finally:
            _wait_up_to(self._writer, 0)

    def _fill_in(self, batch: Batch) -> dict[GroupKey, int]:
        """Everything of a batch, in the open transaction; ids of the groups that are new."""
        fresh = self._save_groups(batch.rows)
        self._insert_arrivals(batch.rows, fresh)
        growth = [("total", batch.totals.total), ("refused", batch.totals.refused)]
        growth += [(_STATE + name, number) for name, number in batch.totals.by_state.items()]
        self._writer.executemany(_GROW, [pair for pair in growth if pair[1]])
        if batch.rows:
            newest = batch.rows[-1]
            settle = "INSERT OR REPLACE INTO total VALUES (?, ?)"
            self._writer.executemany(settle, [(_NEXT_SEQ, newest.seq + 1), (_LAST_SEEN, newest.seen)])
        return fresh

    def _insert_arrivals(self, rows: Sequence[Row], fresh: dict[GroupKey, int]) -> None:
        """All in one statement for so many: stepping through rows costs more than the rows."""
        scopes = self._scopes | fresh if fresh else self._scopes
        for at in range(0, len(rows), MAX_INSERT_ROWS):
            some = rows[at : at + MAX_INSERT_ROWS]
            statement = self._inserts.get(len(some))
            if statement is None:
                statement = f"INSERT INTO arrival VALUES {', '.join([_ONE_ARRIVAL] * len(some))}"  # noqa: S608 - marks
                self._inserts[len(some)] = statement
            self._writer.execute(statement, [v for row in some for v in (scopes[row.group], *row[1:_ARRIVAL_COLUMNS])])

    def _save_groups(self, rows: Sequence[Row]) -> dict[GroupKey, int]:
        """Write the newest size and floor of every group in `rows`; ids of the groups that are new."""
        fresh: dict[GroupKey, int] = {}
        for group, row in {row.group: row for row in rows}.items():
            scope = self._scopes.get(group)
            if scope is None:
                insert = "INSERT INTO scope (vendor, grp, cache_size, floor) VALUES (?, ?, ?, ?)"
                done = self._writer.execute(insert, (*group, row.cache_size, row.floor))
                fresh[group] = int(done.lastrowid or 0)
            else:
                update = "UPDATE scope SET cache_size = ?, floor = ? WHERE id = ?"
                self._writer.execute(update, (row.cache_size, row.floor, scope))
        return fresh

    def _prune(self, now: int, limit: int) -> int:
        """The rows not seen for 400 days, then the oldest beyond the limit; a bounded number in one call."""
        (rows,) = self._writer.execute("SELECT count(*) FROM machine").fetchone()
        with _transaction(self._writer):
            excess = max(0, rows - limit)
            victims = self._writer.execute(
                "SELECT scope, client_id, edition FROM machine WHERE last_seen < ? LIMIT ?",
                (now - INVENTORY_SECONDS, PRUNE_ROWS),
            ).fetchall()
            if excess > len(victims):
                bounds = (now - ENTRY_SECONDS, min(excess, PRUNE_ROWS))
                victims = self._writer.execute(_OLDEST_UNCOUNTED, bounds).fetchall()
            delete = "DELETE FROM machine WHERE scope = ? AND client_id = ? AND edition = ?"
            self._writer.executemany(delete, victims)
        return len(victims)


def open_database(path: Path, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    """A connection that writes durably; makes the tables when the file is new. Raises `sqlite3.Error`."""
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIBIBYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        (format_,) = connection.execute("PRAGMA user_version").fetchone()
        if format_ not in {0, 1, STORE_FORMAT}:
            hint = "Use the version that made it, or move the file away: counts refill by themselves."
            raise StoreFailed(Code.STORE_FAILED, f"{path} was made by another version (format {format_})", hint)
        if format_ != STORE_FORMAT:
            with _transaction(connection):
                if format_:
                    event("host", "store.migrated", before=format_, now=STORE_FORMAT)
                for statement in (_SINCE_FORMAT_2 if format_ else _SCHEMA + _SINCE_FORMAT_2).split(";"):
                    connection.execute(statement)
        _wait_up_to(connection, 0)
    except (sqlite3.Error, StoreFailed):
        connection.close()
        raise
    return connection


def _files(path: Path) -> list[tuple[int, int]]:
    """Which files are at the names of a database and its log; fewer than two when one is missing."""
    found = []
    for name in (path, path.with_name(f"{path.name}-wal")):
        with suppress(OSError):
            status = name.stat()
            found.append((status.st_dev, status.st_ino))
    return found


def _scopes(connection: sqlite3.Connection) -> dict[GroupKey, int]:
    rows = connection.execute("SELECT id, vendor, grp FROM scope").fetchall()
    return {(vendor, group): scope for scope, vendor, group in rows}


def read_totals(connection: sqlite3.Connection) -> Totals:
    """The totals in an open database. Raises `sqlite3.Error`."""
    rows = dict(connection.execute("SELECT name, value FROM total").fetchall())
    states = {name.removeprefix(_STATE): value for name, value in rows.items() if name.startswith(_STATE)}
    return Totals(rows.get("total", 0), rows.get("refused", 0), states)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failed COMMIT may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _wait_up_to(connection: sqlite3.Connection, patience: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """SQLite's errors in our own words."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error


def translated(error: sqlite3.Error, path: Path) -> StoreFailed:
    """What an error of SQLite means to whoever runs the host."""
    if getattr(error, "sqlite_errorname", "").startswith(_DAMAGED):
        return StoreFailed(
            Code.STATE_CORRUPT,
            f"{path} is damaged: {error}",
            "muster host serve --recount moves it away and counts anew; machines stay activated meanwhile",
        )
    return StoreFailed(Code.STORE_FAILED, f"{path}: {error}")


def set_aside(path: Path, now: datetime) -> None:
    """Move a database away, with what belongs to it, so that a new one is made. Counts refill by themselves."""
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.{now:%Y%m%dT%H%M%SZ}{suffix}"))

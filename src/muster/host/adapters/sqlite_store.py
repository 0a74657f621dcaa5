"""Counts and inventory in SQLite: WAL, ``synchronous=FULL``, one transaction for many requests.

What a group commit makes durable is a list, `arrival`: one row with the packed records of all its requests. In calm
weather the same transaction puts them into the inventory, `machine`, instead. In a storm they gather and are folded
later, in slices of the space of client ids: neighbours share pages (docs/decisions/0016-arrivals.md).

One connection writes; reading for the event loop has a connection of its own. What waits for another process, or for a
disk that is slow, does so on a thread; while the disk is quick the loop commits by itself, because handing over to a
thread and back costs more than the commit (docs/decisions/0024-commit-on-the-loop.md). The count itself is not a
column: it is the newest rows of a group, from its floor on. Decides nothing about licences.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from muster.base.errors import Code, StoreFailed
from muster.host.adapters.arrival import pack, show_arrivals, split, unpack
from muster.host.adapters.sqlite_file import (
    BUSY_SECONDS,
    FOLD,
    FilesAt,
    open_database,
    transaction,
    translated,
    translating,
    wait_up_to,
)
from muster.host.adapters.waiting import FEW_ROWS, RUN_ROWS, Fold, Waiting
from muster.host.core.answering import Row
from muster.host.core.counting import ENTRY_SECONDS, Entry, GroupKey, SavedGroup
from muster.host.ports import Batch, Loaded, Totals

INVENTORY_SECONDS = 400 * 86_400
INVENTORY_ROWS = 2_000_000
COUNTED_KIBIBYTES = 256
PRUNE_ROWS = 5_000
"""Rows dropped in one transaction: answers wait no longer than for a handful of ordinary commits."""

QUICK_SECONDS = 0.002
"""A disk that took longer for the last commit is waited for on a thread."""

Result = TypeVar("Result")

_GROW = "INSERT INTO total VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = value + excluded.value"
_NEWEST = """
SELECT client_id, max(seq), max(last_seen) FROM (SELECT scope, client_id, seq, last_seen FROM machine
    UNION ALL SELECT scope, client_id, seq, seen FROM waiting)
WHERE scope = ? AND seq >= ? AND last_seen > ? GROUP BY client_id ORDER BY max(seq) DESC LIMIT ?
"""
# Machines that are counted stay: a restart would forget them.
_OLDEST_UNCOUNTED = """
SELECT scope, client_id, edition FROM machine JOIN scope ON scope.id = machine.scope
WHERE NOT (seq >= floor AND last_seen > ?) ORDER BY last_seen LIMIT ?
"""
_NEXT_SEQ, _LAST_SEEN, _STATE = "next_seq", "last_seen", "state "


class SqliteStore:
    """`Store` in one database file, which is made when it is missing. `StoreFailed` when it cannot be opened.

    `patience`: how many seconds to wait for another process that holds the database. `run_rows`: see `Waiting`.
    """

    def __init__(self, path: Path, *, patience: float = BUSY_SECONDS, run_rows: int = RUN_ROWS) -> None:
        self._path = path
        with translating(path):
            self._writer = open_database(path, patience)
            self._scopes: dict[GroupKey, int] = _scopes(self._writer)
            self._reader = sqlite3.connect(path, timeout=patience, isolation_level=None)
            # Of its own, and for good: what SQLite opened for a moment beside a writer stays open, and looks like a leak.
            self._counter = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
            self._counter.execute(f"PRAGMA cache_size = -{COUNTED_KIBIBYTES}")
            for connection in (self._reader, self._counter):
                connection.execute("SELECT 1 FROM scope").fetchone()
            self._files_now = FilesAt(path)
            self._files = self._files_now()
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="muster-store")
        self._turn = asyncio.Lock()
        self._run_rows = run_rows
        self._waiting = Waiting(run_rows)
        self._is_quick = True

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
        with translating(self._path):
            query = "SELECT 1 FROM machine WHERE scope = ? AND client_id = ? LIMIT 1"
            return self._reader.execute(query, (scope, client_id)).fetchone() is not None

    async def prune(self, now: int, rows: int = INVENTORY_ROWS) -> int:
        """See `Store`; at most `rows` stay, besides those that are counted."""
        # Counted beside the writer, so that answers do not wait for it: with millions of rows it takes a while.
        present = await asyncio.to_thread(self._inventory_rows)
        return await self._do(lambda: self._prune(now, max(0, present - rows)), waits=False)

    async def settle(self) -> int:
        """See `Store`."""
        return await self._do(self._settle, waits=False) if self._waiting.rows else 0

    async def totals(self) -> Totals:
        """See `Store`."""
        return await self._do(lambda: read_totals(self._writer))

    async def close(self) -> None:
        """See `Store`."""
        if self._waiting.rows <= FEW_ROWS:
            with suppress(StoreFailed):
                await self.settle()
        with suppress(StoreFailed):
            await self._on_thread(self._writer.close)
        self._reader.close()
        self._counter.close()
        self._thread.shutdown()

    async def _do(self, work: Callable[[], Result], *, waits: bool = True) -> Result:
        """Work in its turn. What `waits` has patience with another process; tidying has none: answers wait for its turn."""
        patient = (lambda: self._with_patience(work)) if waits else work
        async with self._turn:
            return await asyncio.shield(self._on_thread(patient))

    async def _on_thread(self, work: Callable[[], Result]) -> Result:
        def translated() -> Result:
            with translating(self._path):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._thread, translated)

    def _load(self, now: int) -> Loaded:
        self._waiting = Waiting(self._run_rows)
        for newest, records in self._writer.execute("SELECT seq, records FROM arrival ORDER BY seq"):
            self._waiting.add(split(records), newest)
        with show_arrivals(self._writer):
            groups: dict[GroupKey, SavedGroup] = {}
            for scope, vendor, group, size, floor in self._writer.execute("SELECT * FROM scope").fetchall():
                bounds = (scope, floor, now - ENTRY_SECONDS, size)
                newest_ids = self._writer.execute(_NEWEST, bounds).fetchall()
                entries = tuple(Entry(client_id, seq, seen) for client_id, seq, seen in reversed(newest_ids))
                groups[vendor, group] = SavedGroup(size, floor, entries)
        totals = dict(self._writer.execute("SELECT name, value FROM total").fetchall())
        return Loaded(groups, totals.get(_NEXT_SEQ, 1), totals.get(_LAST_SEEN, 0))

    async def _commit(self, batch: Batch) -> None:
        async with self._turn:
            await self._begin()
            try:
                with translating(self._path):
                    fresh, records, fold = self._fill_in(batch)
                await self._make_durable()
            except BaseException:
                if self._writer.in_transaction:
                    await self._on_thread(self._writer.rollback)
                raise
            self._scopes.update(fresh)
            if fold is not None:
                self._waiting.folded(fold)
            if records and not (fold and fold.is_all):
                self._waiting.add(zip([row.client_id for row in batch.rows], records, strict=True), batch.rows[-1].seq)

    async def _make_durable(self) -> None:
        """Commit: on the loop while that takes no time to speak of."""
        time = asyncio.get_running_loop().time
        begun = time()
        if self._is_quick:
            with translating(self._path):
                self._writer.commit()
        else:
            await self._on_thread(self._writer.commit)
        self._is_quick = time() - begun <= QUICK_SECONDS

    def _settle(self) -> int:
        fold = self._waiting.next_fold()
        with transaction(self._writer):
            self._fold(fold)
        self._waiting.folded(fold)
        return self._waiting.rows

    def _fold(self, fold: Fold, more: bytes = b"") -> None:
        """Give arrivals their places in the inventory, `more` of them after those that waited."""
        self._writer.executemany(FOLD, fold.arrivals())
        self._writer.executemany(FOLD, unpack(more))
        if fold.until:
            self._writer.execute("DELETE FROM arrival WHERE seq <= ?", (fold.until,))

    async def _begin(self) -> None:
        """Begin to write: at once when nobody else does, else on the thread, with patience."""
        # What has lost its name still takes every write, and is gone with the process.
        if self._files_now() != self._files:
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
        wait_up_to(self._writer, self._patience)
        try:
            return work()
        finally:
            wait_up_to(self._writer, 0)

    def _fill_in(self, batch: Batch) -> tuple[dict[GroupKey, int], list[bytes], Fold | None]:
        """Everything of a batch, in the open transaction: ids of groups that are new, its records, what was folded."""
        fresh = self._save_groups(batch.rows)
        records: list[bytes] = []
        fold: Fold | None = None
        if batch.rows:
            scopes = self._scopes | fresh if fresh else self._scopes
            records = [pack(scopes[row.group], row) for row in batch.rows]
            fold = self._waiting.fold_for(len(batch.rows))
            if fold is None or not fold.is_all:
                self._writer.execute("INSERT INTO arrival VALUES (?, ?)", (batch.rows[-1].seq, b"".join(records)))
            if fold is not None:
                self._fold(fold, b"".join(records) if fold.is_all else b"")
            settle = "INSERT OR REPLACE INTO total VALUES (?, ?)"
            newest = batch.rows[-1]
            self._writer.executemany(settle, [(_NEXT_SEQ, newest.seq + 1), (_LAST_SEEN, newest.seen)])
        growth = [("total", batch.totals.total), ("refused", batch.totals.refused)]
        growth += [(_STATE + name, number) for name, number in batch.totals.by_state.items()]
        self._writer.executemany(_GROW, [pair for pair in growth if pair[1]])
        return fresh, records, fold

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

    def _inventory_rows(self) -> int:
        with translating(self._path):
            (rows,) = self._counter.execute("SELECT count(*) FROM machine").fetchone()
        return int(rows)

    def _prune(self, now: int, excess: int) -> int:
        """The rows not seen for 400 days, then the oldest beyond the limit; a bounded number in one call."""
        with transaction(self._writer):
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


def _scopes(connection: sqlite3.Connection) -> dict[GroupKey, int]:
    rows = connection.execute("SELECT id, vendor, grp FROM scope").fetchall()
    return {(vendor, group): scope for scope, vendor, group in rows}


def read_totals(connection: sqlite3.Connection) -> Totals:
    """The totals in an open database. Raises `sqlite3.Error`."""
    rows = dict(connection.execute("SELECT name, value FROM total").fetchall())
    states = {name.removeprefix(_STATE): value for name, value in rows.items() if name.startswith(_STATE)}
    return Totals(rows.get("total", 0), rows.get("refused", 0), states)

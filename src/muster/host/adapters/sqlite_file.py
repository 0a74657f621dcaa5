"""The database file of a host: its tables and their formats, opening it, what its errors mean, moving it away.

Format 3: `machine`, the inventory, sorted by client id; `arrival`, packed lists of requests that are not in it yet
(`muster.host.adapters.arrival`); `scope`, the groups; `total`. Formats 1 and 2 are taken over at opening.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from muster.base.errors import Code, StoreFailed
from muster.base.log import event

STORE_FORMAT = 3
BUSY_SECONDS = 5.0
PAGE_CACHE_KIBIBYTES = 16_384
CHECKPOINT_PAGES = 500
MAX_PARTS_BYTES = 8 * 16
"""Hardware sets kept of one machine; more than a few mean copied ids, however many there are."""

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")

_SCHEMA = """
CREATE TABLE scope (id INTEGER PRIMARY KEY, vendor BLOB NOT NULL, grp INTEGER NOT NULL,
    cache_size INTEGER NOT NULL, floor INTEGER NOT NULL, UNIQUE (vendor, grp));
CREATE TABLE machine (scope INTEGER NOT NULL, client_id BLOB NOT NULL, edition INTEGER NOT NULL,
    seq INTEGER NOT NULL, state INTEGER NOT NULL, flags INTEGER NOT NULL, first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL, address TEXT NOT NULL, parts BLOB NOT NULL,
    PRIMARY KEY (scope, client_id, edition)) WITHOUT ROWID;
CREATE TABLE total (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID
"""
_SINCE_FORMAT_2 = "CREATE INDEX machine_last_seen ON machine (last_seen)"
_SINCE_FORMAT_3 = """
CREATE TABLE arrival (seq INTEGER PRIMARY KEY, records BLOB NOT NULL);
PRAGMA user_version = 3
"""

# A set of parts that was seen before is not added again; sixteen bytes each, in the order of their first appearance.
_ON_CONFLICT = f"""ON CONFLICT DO UPDATE SET seq = excluded.seq, state = excluded.state, flags = excluded.flags,
    last_seen = excluded.last_seen, address = excluded.address,
    parts = CASE WHEN instr(parts, excluded.parts) OR length(parts) >= {MAX_PARTS_BYTES} THEN parts
                 ELSE CAST(parts || excluded.parts AS BLOB) END
"""
_COLUMNS = "scope, client_id, edition, seq, state, flags, first_seen, last_seen, parts, address"

FOLD = f"INSERT INTO machine ({_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9) {_ON_CONFLICT}"  # noqa: S608
"""Gives one `Arrival` its place in the inventory."""

_FROM_FORMAT_2 = f"""
INSERT INTO machine ({_COLUMNS}) SELECT scope, client_id, edition, seq, state, flags, seen, seen, parts, address FROM arrival
WHERE true ORDER BY seq {_ON_CONFLICT};
DROP VIEW inventory; DROP VIEW fresh; DROP TABLE arrival
"""  # noqa: S608 - names of our own
_STEPS = {
    0: f"{_SCHEMA};{_SINCE_FORMAT_2};{_SINCE_FORMAT_3}",
    1: f"{_SINCE_FORMAT_2};{_SINCE_FORMAT_3}",
    2: f"{_FROM_FORMAT_2};{_SINCE_FORMAT_3}",
}
"""From each older format to this one."""


def open_database(path: Path, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    """A connection that writes durably; makes the tables when the file is new. Raises `sqlite3.Error`."""
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIBIBYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        (format_,) = connection.execute("PRAGMA user_version").fetchone()
        if format_ != STORE_FORMAT and format_ not in _STEPS:
            raise other_format(path, format_)
        if format_ != STORE_FORMAT:
            with transaction(connection):
                for statement in _STEPS[format_].split(";"):
                    connection.execute(statement)
            if format_:
                event("host", "store.migrated", before=format_, now=STORE_FORMAT)
        wait_up_to(connection, 0)
    except (sqlite3.Error, StoreFailed):
        connection.close()
        raise
    return connection


class FilesAt:
    """Tells which files are at the names of a database and its log; fewer than two when one is missing."""

    def __init__(self, path: Path) -> None:
        self._names = (str(path), f"{path}-wal")

    def __call__(self) -> list[tuple[int, int]]:
        """Device and inode of each."""
        found = []
        for name in self._names:
            with suppress(OSError):
                status = os.stat(name)  # noqa: PTH116 - a path object costs three times as much, at every commit
                found.append((status.st_dev, status.st_ino))
        return found


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failed COMMIT may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def wait_up_to(connection: sqlite3.Connection, patience: float) -> None:
    """How many seconds to wait for another process."""
    connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """SQLite's errors in our own words."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error


def other_format(path: Path, format_: int) -> StoreFailed:
    """The file is older than what is read here, or newer than this version."""
    if format_ in _STEPS:
        hint = "Restart the host: it takes the file over."
    else:
        hint = "Use the version that made it, or move the file away: counts refill by themselves."
    return StoreFailed(Code.STORE_FAILED, f"{path} was made by another version (format {format_})", hint)


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

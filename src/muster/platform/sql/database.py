"""One database by SQLAlchemy, its tables made by Alembic.

Transactions are serializable: SQLite has one writer at a time, PostgreSQL tells a conflict by SQLSTATE 40001 and the work
is done again. Work that holds a row first, and decides only by what nobody changes without holding it, waits for the row
instead (docs/decisions/0025-grants-hold-their-key.md).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from muster.base.errors import Code, Misconfigured, MusterError, StoreFailed

MAX_TRIES = 12
MAX_CONNECTIONS, MAX_HOLDING = 8, 16
"""Of one process to one database, for all work and for work that holds; whoever finds all of them busy waits."""
BUSY_SECONDS = 30
ENCODING = "UTF8"
"""Of a server's database. In any other one some customer's name could not be kept."""

_AGAIN = frozenset({"40001", "40P01"})
_MADE_MEANWHILE = frozenset({"23505", "42701", "42710", "42P07"})
"""A table, a column, an index or a row of the catalogue that is there already."""

_SERVER_HINT = "Check {}, and that its server runs, has room and lets this program in; nothing was lost."

VERSION_TABLE = "alembic_version"
REVISION_DIGITS = 4

Result = TypeVar("Result")


def newest_revision(migrations: Path) -> str:
    """The revision that the scripts of a folder lead to; a script's name begins with its own."""
    return max(path.name[:REVISION_DIGITS] for path in (migrations / "versions").glob("[0-9]*.py"))


def sqlite_url(path: Path) -> sa.URL:
    """The URL of a database file; the path may hold any characters."""
    return sa.URL.create("sqlite", database=str(path))


class Database:
    """The database of a URL. `migrations` is the folder of its Alembic scripts, `setting` where people wrote the URL down.

    `versions` is the table in which those scripts note how far they came.
    """

    def __init__(self, url: str | sa.URL, migrations: Path, setting: str, versions: str = VERSION_TABLE) -> None:
        self._migrations, self._versions, self._setting = migrations, versions, setting
        try:
            self._engine = _engine(url)
            # Connections of its own: to switch the isolation of one twice for each use costs more than a statement.
            self._holding = self._engine if _is_sqlite(url) else _server(url, "READ COMMITTED", MAX_HOLDING)
        except (SQLAlchemyError, ModuleNotFoundError) as error:
            raise Misconfigured(
                Code.SETTINGS_INVALID,
                f"the database {_shown(url, setting)} cannot be used: {error}",
                f"correct {setting}",
            ) from error
        self._driver_error: type[Exception] = getattr(self._engine.dialect.loaded_dbapi, "Error", sqlite3.Error)

    def migrate(self) -> None:
        """Make the tables, or bring those of an older release up to date; all or nothing. Raises `StoreFailed`.

        Of several nodes that start together one does it; the others meet what it made, and look again. No connection is
        left open when it fails.
        """
        try:
            self._migrate()
        except MusterError:
            self.close()
            raise

    def _migrate(self) -> None:
        before, newest = self.run(self._revision), newest_revision(self._migrations)
        if before == newest:
            return
        if before is None:
            self.run(self._check_encoding)
        if before is not None and before > newest:
            raise StoreFailed(
                Code.STORE_FAILED,
                f"the database was made by a newer release (revision {before}; this one knows {newest})",
                "Install that release, or restore a copy that was made before the upgrade.",
            )
        # Takes a quarter of a second to import, which no command pays whose database is up to date.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(self._migrations))
        for remaining in reversed(range(MAX_TRIES)):
            try:
                with self._engine.begin() as connection:
                    config.attributes["connection"] = connection
                    command.upgrade(config, "head")
                return
            except (SQLAlchemyError, sqlite3.Error) as error:
                state = getattr(getattr(error, "orig", None), "sqlstate", None)
                if not remaining or state not in _AGAIN | _MADE_MEANWHILE:
                    raise self._translated(error) from error

    def run(self, work: Callable[[sa.Connection], Result], *, holding: bool = False) -> Result:
        """Do `work` in one transaction, again from its start when others came between; `StoreFailed` when it cannot be.

        Committed when this returns. What `work` raises itself rolls back and passes through. `holding` work holds a row
        first and needs no more than to read what is committed then.
        """
        engine = self._holding if holding else self._engine
        for remaining in reversed(range(MAX_TRIES)):
            is_done = False
            try:
                with engine.begin() as connection:
                    result = work(connection)
                    is_done = True
                return result
            except DBAPIError as error:
                # A connection that was cut before the commit kept nothing. One that was cut in it may have.
                is_cut = error.connection_invalidated and not is_done
                if not remaining or not (is_cut or getattr(error.orig, "sqlstate", None) in _AGAIN):
                    raise self._translated(error) from error
            except SQLAlchemyError as error:
                raise self._translated(error) from error
            except self._driver_error as error:  # while a connection is prepared, or where the driver is asked directly
                if not remaining or getattr(error, "sqlstate", None) not in _AGAIN:
                    raise self._translated(error) from error
        raise StoreFailed(Code.STORE_FAILED, "the database is too busy")

    def _revision(self, connection: sa.Connection) -> str | None:
        if not sa.inspect(connection).has_table(self._versions):
            return None
        revision: str | None = connection.scalar(
            sa.select(sa.column("version_num")).select_from(sa.table(self._versions))
        )
        return revision

    def _check_encoding(self, connection: sa.Connection) -> None:
        """`Misconfigured` for a server's database that cannot hold every letter, while there is nothing in it."""
        if connection.dialect.name == "sqlite":
            return
        found = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if found != ENCODING:
            raise Misconfigured(
                Code.SETTINGS_INVALID,
                f"{self._setting} names a database that is encoded in {found}",
                f"Make one of {ENCODING}: createdb --encoding={ENCODING} --template=template0 NAME",
            )

    def _translated(self, error: Exception) -> StoreFailed:
        told = str(getattr(error, "orig", None) or error).splitlines()
        cause = told[0] if told else type(error).__name__
        if isinstance(error, DBAPIError) and not isinstance(error, OperationalError):
            cause = f"{type(error).__name__}: {cause}"
        hint = "" if self._engine.dialect.name == "sqlite" else _SERVER_HINT.format(self._setting)
        return StoreFailed(Code.STORE_FAILED, f"the database refused: {cause}", hint)

    def close(self) -> None:
        """Let every connection go."""
        self._engine.dispose()
        self._holding.dispose()


def _shown(url: str | sa.URL, setting: str) -> str:
    """A URL without its password."""
    try:
        return str(sa.make_url(url))
    except SQLAlchemyError:
        return f"of {setting}"


def _is_sqlite(url: str | sa.URL) -> bool:
    return sa.make_url(url).get_backend_name() == "sqlite"


def _server(url: str | sa.URL, level: str, most: int) -> sa.Engine:
    # The driver would take text as bytes where a server's database has no encoding.
    ours = {"client_encoding": ENCODING}
    return sa.create_engine(url, isolation_level=level, pool_size=most, max_overflow=0, connect_args=ours)


def _engine(url: str | sa.URL) -> sa.Engine:
    if not _is_sqlite(url):
        return _server(url, "SERIALIZABLE", MAX_CONNECTIONS)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own transactions begin too late; ours begin below.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine

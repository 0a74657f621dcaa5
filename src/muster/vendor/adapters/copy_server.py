"""The books of a database server copied into an SQLite file, and put back from one.

So a copy is of one format whatever database keeps the books, is verified in the same way, and goes into either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from muster.base.errors import Code, StoreFailed
from muster.platform.accounts import tables as accounts
from muster.platform.accounts.sql import SqlAccounts
from muster.platform.sql import sqlite_url
from muster.vendor.adapters import tables as books
from muster.vendor.adapters.sql_store import SqlStore

AT_ONCE = 5_000
_TABLES = (*books.metadata.sorted_tables, *accounts.metadata.sorted_tables)
_COUNTED = tuple(table for table in _TABLES if table.dialect_options["sqlite"]["autoincrement"])
"""Tables whose numbers are given once, also after rows are gone: their counters are copied too."""


def make_tables(url: str | sa.URL) -> None:
    """Make all tables of books and accounts, or bring those of an older release up to date."""
    for store in (SqlStore(url), SqlAccounts(url, "database in vendor.toml")):
        try:
            store.migrate()
        finally:
            store.close()


def has_books(url: str | sa.URL) -> bool:
    """Whether somebody's books are in a database; `StoreFailed` where nobody answers."""
    with _open(url, "READ COMMITTED") as connection:
        return sa.inspect(connection).has_table(books.setting.name) and bool(
            connection.execute(sa.select(books.setting.c.name).limit(1)).first()
        )


def copy_out(url: str | sa.URL, file: Path) -> None:
    """Copy the books of one instant into a new SQLite file, while others read and write."""
    make_tables(sqlite_url(file))
    with _open(url, "REPEATABLE READ") as server, _open(sqlite_url(file), None) as copy:
        for table in _TABLES:
            copy.execute(sa.delete(table))  # what migrations put in
            found = server.execute(sa.select(table).execution_options(yield_per=AT_ONCE))
            for part in found.mappings().partitions():
                copy.execute(sa.insert(table), [_plain(row) for row in part])
        # Counters are of no transaction: read last, they are ahead of the rows, never behind.
        for table in _COUNTED:
            newest = server.execute(sa.text(f"SELECT last_value, is_called FROM {_sequence(server, table)}")).one()  # noqa: S608 - a name of our own
            if newest.is_called:
                _set_counter(copy, table.name, newest.last_value)


def copy_in(file: Path, url: str | sa.URL) -> None:
    """Make the books of a server what an SQLite file holds, in one transaction: whole, or unchanged."""
    make_tables(url)
    names = ", ".join(table.name for table in _TABLES)
    with _open(sqlite_url(file), None) as copy, _open(url, "SERIALIZABLE") as server:
        server.execute(sa.text(f"TRUNCATE {names}"))
        for table in _TABLES:
            found = copy.execute(sa.select(table).execution_options(yield_per=AT_ONCE))
            _put(server, table, (row for part in found.partitions() for row in part))
        counters = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        numbers = {row.name: row.seq for row in copy.execute(sa.select(counters))}
        for table in _COUNTED:
            if numbers.get(table.name):
                move = sa.text("SELECT setval(:sequence, :number)")
                server.execute(move, {"sequence": _sequence(server, table), "number": numbers[table.name]})


def _put(server: sa.Connection, table: sa.Table, rows: Iterable[sa.Row[Any]]) -> None:
    driver: Any = server.connection.driver_connection
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as put:
        for row in rows:
            put.write_row([_utc(value) for value in row])


@contextmanager
def _open(url: str | sa.URL, level: str | None) -> Iterator[sa.Connection]:
    """A connection in a transaction that is committed at the end; `StoreFailed` when the database does not take it."""
    engine = sa.create_engine(url, **({"isolation_level": level} if level else {}))
    driver: type[Exception] = getattr(engine.dialect.loaded_dbapi, "Error", SQLAlchemyError)
    try:
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, driver) as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreFailed(Code.STORE_FAILED, f"the database cannot be copied: {cause}") from error
    finally:
        engine.dispose()


def _sequence(server: sa.Connection, table: sa.Table) -> str:
    (key,) = table.primary_key.columns
    found = server.execute(sa.select(sa.func.pg_get_serial_sequence(table.name, key.name))).scalar_one()
    return str(found)


def _set_counter(copy: sa.Connection, name: str, number: int) -> None:
    copy.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
    copy.execute(
        sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), {"name": name, "number": number}
    )


def _plain(row: sa.RowMapping) -> dict[str, Any]:
    """A row for SQLite, which keeps no zone: in UTC."""
    return {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()}


def _utc(value: Any) -> Any:
    """A value from SQLite for a server: moments are UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value

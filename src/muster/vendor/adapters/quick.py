"""The few statements that every activation runs, on the shortest way to the database.

SQLAlchemy costs more for a statement than PostgreSQL does. Where its driver is psycopg the text that SQLAlchemy made of a
statement is given to the driver, in the transaction that SQLAlchemy began; elsewhere it runs as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

Quick = Callable[[sa.Executable, Mapping[str, Any]], Iterable[Any]]
"""Runs a statement of `sql_statements` with its values; rows have their columns as attributes. Only such may be given:
what is built anew each time would be kept for ever."""

MAX_STATEMENTS = 256


def quick_of(connection: sa.Connection) -> Quick:
    """The way for one transaction."""
    if connection.dialect.driver != "psycopg":
        return lambda statement, values: _rows(connection.execute(statement, values))
    from psycopg.rows import namedtuple_row

    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor(row_factory=namedtuple_row)

    def run(statement: sa.Executable, values: Mapping[str, Any]) -> Iterable[Any]:
        cursor.execute(_text(statement, connection.dialect, tuple(values)), values)
        rows: list[Any] = cursor.fetchall() if cursor.rownumber is not None else []
        return rows

    return run


def _rows(result: sa.CursorResult[Any]) -> Iterable[Any]:
    return result.all() if result.returns_rows else ()


@lru_cache(MAX_STATEMENTS)
def _text(statement: Any, dialect: sa.Dialect, names: tuple[str, ...]) -> str:
    return str(statement.compile(dialect=dialect, column_keys=names))

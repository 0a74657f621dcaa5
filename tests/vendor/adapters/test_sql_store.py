"""The vendor's database: migrations, transactions, work that is done again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import OperationalError

from muster.base.errors import StoreFailed
from muster.platform.sql.database import MAX_TRIES, sqlite_url
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.adapters.tables import metadata
from muster.vendor.ports import Books
from tests.worlds.clocks import MORNING


class Conflict(Exception):
    """What a database's driver raises for two transactions in each other's way."""

    sqlstate = "40001"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_url(tmp_path / "vendor.db"))
    store.migrate()
    yield store
    store.close()


@pytest.mark.usefixtures("store")
def test_migrations_make_exactly_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    engine = sa.create_engine(sqlite_url(tmp_path / "vendor.db"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrating_again_changes_nothing(store: SqlStore) -> None:
    store.run(lambda books: books.set_setting("name", "value"))
    store.migrate()
    assert store.run(lambda books: books.setting("name")) == "value"


def test_a_failure_half_way_keeps_nothing(store: SqlStore) -> None:
    def work(books: Books) -> None:
        books.add_organisation("Example Bank", MORNING)
        books.audit(MORNING, "somebody", "organisation.added", "Example Bank", {})
        raise ValueError("the lamp fell over")

    with pytest.raises(ValueError, match="lamp"):
        store.run(work)
    assert store.run(lambda books: (books.organisations(), books.audit_rows(10))) == ((), ())


def test_work_that_met_another_is_done_again_from_its_beginning(store: SqlStore) -> None:
    tries: list[int] = []

    def work(books: Books) -> int:
        tries.append(books.grow("number"))
        if len(tries) < MAX_TRIES:
            raise OperationalError("UPDATE", {}, Conflict())
        return tries[-1]

    assert store.run(work) == 1
    assert tries == [1] * MAX_TRIES


def test_work_that_never_gets_through_fails_and_keeps_nothing(store: SqlStore) -> None:
    def work(books: Books) -> None:
        books.grow("number")
        raise OperationalError("UPDATE", {}, Conflict())

    with pytest.raises(StoreFailed):
        store.run(work)
    assert store.run(lambda books: books.setting("number")) is None


def test_a_serial_is_never_used_twice_not_even_after_its_row_is_gone(tmp_path: Path, store: SqlStore) -> None:
    first = store.run(lambda books: books.add_organisation("Example Bank", MORNING))
    with sqlite3.connect(tmp_path / "vendor.db") as database:
        database.execute("DELETE FROM organisation")
    database.close()
    assert store.run(lambda books: books.add_organisation("Example Works", MORNING)).id == first.id + 1


def test_times_come_back_in_utc(store: SqlStore) -> None:
    store.run(lambda books: books.add_organisation("Example Bank", MORNING))
    assert store.run(lambda books: books.organisations())[0].created_at == MORNING


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed):
        SqlStore(sqlite_url(tmp_path / "nowhere" / "vendor.db")).migrate()

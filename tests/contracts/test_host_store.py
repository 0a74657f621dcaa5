"""What a host relies on in its store; the same suite for SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from muster.base.errors import Code, StoreFailed
from muster.host.adapters.postgres_store import PostgresStore
from muster.host.adapters.postgres_view import PostgresView
from muster.host.adapters.sqlite_file import MAX_PARTS_BYTES
from muster.host.adapters.sqlite_store import INVENTORY_SECONDS, SqliteStore
from muster.host.adapters.sqlite_view import SqliteView
from muster.host.core.answering import Row
from muster.host.core.counting import ENTRY_SECONDS
from muster.host.ports import Batch, Totals
from muster.wire.activation import State
from tests.worlds.host_rows import ACME, NOW, machine, row
from tests.worlds.postgresql import Postgresql

Result = TypeVar("Result")
AnyStore = SqliteStore | PostgresStore


PATIENCE = 1.0
OF_SQLITE = (
    "CREATE TRIGGER full BEFORE INSERT ON total BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
    "DROP TRIGGER full",
    "UPDATE scope SET floor = floor",
)
OF_POSTGRES = (
    "ALTER TABLE host_total ADD CONSTRAINT no_room CHECK (false) NOT VALID",
    "ALTER TABLE host_total DROP CONSTRAINT no_room",
    "SELECT * FROM host_store FOR UPDATE",
)


@contextmanager
def in_sqlite(path: Path) -> Iterator[Callable[[str], object]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection.execute


@contextmanager
def in_postgres(address: str) -> Iterator[Callable[[str], object]]:
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        yield lambda statement: connection.execute(statement.encode())


@dataclass
class Place:
    """Where a store is; what is opened there anew finds what was committed."""

    opened: Callable[[float], AnyStore]
    view: SqliteView | PostgresView
    run: Callable[[], AbstractContextManager[Callable[[str], object]]]
    faults: tuple[str, str, str]

    @contextmanager
    def full(self) -> Iterator[None]:
        """The totals, which are written last, take nothing."""
        with self.run() as execute:
            execute(self.faults[0])
            yield
            execute(self.faults[1])

    @contextmanager
    def held(self) -> Iterator[None]:
        """Somebody else holds what writers hold."""
        with self.run() as execute:
            execute("BEGIN")
            execute(self.faults[2])
            yield
            execute("ROLLBACK")

    def do(self, work: Callable[[AnyStore], Awaitable[Result]], patience: float = 10.0) -> Result:
        async def story() -> Result:
            store = self.opened(patience)
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(story())

    def commit(self, *rows: Row, totals: Totals | None = None) -> None:
        self.do(lambda store: store.commit(Batch(rows, totals or Totals())))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.parts)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        path = tmp_path / "c.db"
        return Place(
            lambda patience: SqliteStore(path, patience=patience), SqliteView(path), lambda: in_sqlite(path), OF_SQLITE
        )
    server: Postgresql = request.getfixturevalue("postgresql_server")
    address = server.database(tmp_path.name)
    return Place(
        lambda patience: PostgresStore(address, patience=patience),
        PostgresView(address),
        lambda: in_postgres(address),
        OF_POSTGRES,
    )


def test_a_new_store_is_empty(place: Place) -> None:
    view = place.view
    assert (view.groups(NOW), view.totals(), view.seen_since(0), list(view.machines(0, NOW))) == ((), Totals(), 0, [])
    loaded = place.do(lambda store: store.load(NOW))
    assert (dict(loaded.groups), loaded.next_seq, loaded.last_seen) == ({}, 1, 0)


def test_what_was_committed_is_loaded_in_its_order(place: Place) -> None:
    place.commit(row(1, 1), row(2, 2), row(1, 3, NOW + 5))
    loaded = place.do(lambda store: store.load(NOW + 10))
    assert [(e.client_id, e.seq, e.seen) for e in loaded.groups[ACME].entries] == [
        (machine(2), 2, NOW),
        (machine(1), 3, NOW + 5),
    ]
    assert (loaded.next_seq, loaded.last_seen) == (4, NOW + 5)


def test_ids_below_the_floor_beyond_the_size_and_past_thirty_days_stay_out(place: Place) -> None:
    place.commit(*[row(n, n, NOW + n, cache_size=3, floor=2) for n in range(1, 8)])
    loaded = place.do(lambda store: store.load(NOW + ENTRY_SECONDS + 6))
    assert [e.seq for e in loaded.groups[ACME].entries] == [7]
    loaded = place.do(lambda store: store.load(NOW))
    assert [e.seq for e in loaded.groups[ACME].entries] == [5, 6, 7]
    (view,) = place.view.groups(NOW)
    assert (view.count, view.cache_size) == (3, 3)


def test_two_editions_on_one_machine_are_one_machine(place: Place) -> None:
    place.commit(row(1, 1), row(1, 2, edition=1002), row(2, 3))
    loaded = place.do(lambda store: store.load(NOW))
    assert [e.seq for e in loaded.groups[ACME].entries] == [2, 3]
    assert place.view.seen_since(NOW - 1) == 2
    assert [m.edition for m in place.view.machines(0, NOW)] == [1001, 1002, 1001]


def test_the_inventory_remembers_the_first_time_and_every_set_of_parts_once(place: Place) -> None:
    one, other = bytes(range(16)), bytes(16)
    for seq, parts in enumerate((one, other, one, other), 1):
        place.commit(row(1, seq, NOW + seq, parts=parts, state=State.LICENSED))
    (seen,) = place.view.machines(0, NOW + 10)
    assert (seen.first_seen, seen.last_seen, seen.hardware_sets) == (NOW + 1, NOW + 4, 2)
    place.commit(*[row(1, 5 + n, parts=n.to_bytes(16, "big")) for n in range(40)])
    (seen,) = place.view.machines(0, NOW + 10)
    assert seen.hardware_sets == MAX_PARTS_BYTES / 16


def test_totals_add_up(place: Place) -> None:
    place.commit(totals=Totals(3, 1, {"LICENSED": 2}))
    place.commit(totals=Totals(2, 0, {"LICENSED": 1, "NOTIFICATION": 1}))
    totals = place.do(lambda store: store.totals())
    assert totals == Totals(5, 1, {"LICENSED": 3, "NOTIFICATION": 1}) == place.view.totals()


def test_a_machine_is_known_as_long_as_it_is_in_the_inventory(place: Place) -> None:
    async def story(store: AnyStore) -> list[bool]:
        await store.load(NOW)
        known = [store.is_known(ACME, machine(1))]
        await store.commit(Batch([row(1, 1)], Totals()))
        known.append(store.is_known(ACME, machine(1)))
        return [*known, store.is_known(ACME, machine(2)), store.is_known((b"acme-id-", 2), machine(1))]

    assert place.do(story) == [False, True, False, False]


def test_machines_not_seen_for_four_hundred_days_are_dropped(place: Place) -> None:
    place.commit(row(1, 1, NOW), row(2, 2, NOW + 1))
    assert place.do(lambda store: store.prune(NOW + INVENTORY_SECONDS + 1)) == 1
    assert [m.client_id for m in place.view.machines(0, NOW + 10)] == [machine(2)]


def test_rows_beyond_the_limit_are_dropped_oldest_first_but_never_one_that_is_counted(place: Place) -> None:
    place.commit(*[row(n, n, NOW + n, cache_size=2, floor=5 if n == 6 else 0) for n in range(1, 7)])
    assert place.do(lambda store: store.prune(NOW + 10)) == 0
    assert place.do(lambda store: store.prune(NOW + 10, rows=3)) == 3
    assert [m.client_id for m in place.view.machines(0, NOW + 10)] == [machine(6), machine(5), machine(4)]
    assert place.do(lambda store: store.prune(NOW + 10, rows=0)) == 1


def test_a_failed_commit_stores_nothing_at_all(place: Place) -> None:
    async def story(store: AnyStore) -> None:
        await store.commit(Batch([row(1, 1)], Totals(1)))
        with place.full(), pytest.raises(StoreFailed) as caught:
            await store.commit(Batch([row(2, 2), row(3, 3)], Totals(2)))
        assert caught.value.code is Code.STORE_FAILED
        await store.commit(Batch([row(4, 4, group=(b"other-id", 1))], Totals(1)))

    place.do(story)
    loaded = place.do(lambda store: store.load(NOW))
    assert [e.client_id for e in loaded.groups[ACME].entries] == [machine(1)]
    assert place.view.totals().total == 2


def test_a_store_that_others_hold_fails_after_its_patience_and_works_again(place: Place) -> None:
    async def story(store: AnyStore) -> None:
        await store.commit(Batch([row(1, 1)], Totals()))
        with place.held(), pytest.raises(StoreFailed) as caught:
            await store.commit(Batch([row(2, 2)], Totals()))
        assert caught.value.code is Code.STORE_FAILED
        await store.commit(Batch([row(3, 3)], Totals()))

    place.do(story, PATIENCE)
    assert [m.client_id for m in place.view.machines(0, NOW)] == [machine(1), machine(3)]


@pytest.mark.parts
def test_a_shared_database_without_an_encoding_counts_as_well(tmp_path: Path, postgresql_server: Postgresql) -> None:
    address = postgresql_server.database(tmp_path.name, "SQL_ASCII")

    async def story() -> None:
        store = PostgresStore(address)
        await store.commit(Batch([row(n, n) for n in (1, 2, 3)], Totals(3)))
        assert (await store.load(NOW)).next_seq == 4
        await store.close()

    asyncio.run(story())
    view = PostgresView(address)
    assert [m.client_id for m in view.machines(0, NOW)] == [machine(n) for n in (1, 2, 3)]
    assert view.totals() == Totals(3)


@pytest.mark.parts
def test_a_shared_database_that_went_back_or_was_lost_is_read_anew_before_anybody_counts(
    tmp_path: Path, postgresql_server: Postgresql
) -> None:
    address = postgresql_server.database(tmp_path.name)

    async def take_turn(store: PostgresStore) -> int:
        async with store.turn() as turn:
            return turn.news.next_seq

    async def refused(store: PostgresStore) -> str:
        with pytest.raises(StoreFailed) as caught:
            await take_turn(store)
        return caught.value.message

    async def story() -> None:
        store = PostgresStore(address)
        assert "since it was read" in await refused(store)
        await store.commit(Batch([row(n, n) for n in (1, 2, 3)], Totals()))
        assert (await store.load(NOW)).next_seq == 4
        assert await take_turn(store) == 4
        with in_postgres(address) as execute:
            execute("UPDATE host_store SET next_seq = 2")
        assert "older than when it was read" in await refused(store)
        assert (await store.load(NOW)).next_seq == 2
        assert await take_turn(store) == 2
        with in_postgres(address) as execute:
            execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        with pytest.raises(StoreFailed):
            await store.prune(NOW)
        assert "since it was read" in await refused(store)
        await store.load(NOW)
        assert await take_turn(store) == 2
        await store.close()

    asyncio.run(story())

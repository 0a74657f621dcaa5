"""What is special about a host's database file; what every store does is in tests/contracts/test_host_store.py."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from muster.base.errors import Code, StoreFailed
from muster.host.adapters.sqlite_file import set_aside
from muster.host.adapters.sqlite_store import SqliteStore
from muster.host.adapters.sqlite_view import MachineView, SqliteView
from muster.host.adapters.waiting import FEW_ROWS, RUN_ROWS
from muster.host.core.answering import Row
from muster.host.core.counting import Counts
from muster.host.ports import Batch, Totals
from muster.wire.activation import State
from tests.worlds.host_rows import ACME, NOW, machine, row
from tests.worlds.host_world import START

Result = TypeVar("Result")


def with_store(path: Path, work: Callable[[SqliteStore], Awaitable[Result]], run_rows: int = RUN_ROWS) -> Result:
    async def opened() -> Result:
        store = SqliteStore(path, patience=0.1, run_rows=run_rows)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())


def commit(path: Path, *rows: Row, totals: Totals | None = None) -> None:
    with_store(path, lambda store: store.commit(Batch(rows, totals or Totals())))


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_file_that_lost_its_name_takes_nothing_until_it_is_back(tmp_path: Path, suffix: str) -> None:
    part, away = tmp_path / f"c.db{suffix}", tmp_path / "away"

    async def work(store: SqliteStore) -> None:
        await store.commit(Batch([row(1, 1)], Totals()))
        part.rename(away)
        with pytest.raises(StoreFailed) as caught:
            await store.commit(Batch([row(2, 2)], Totals()))
        assert caught.value.code is Code.STORE_FAILED
        away.rename(part)
        await store.commit(Batch([row(3, 3)], Totals()))

    with_store(tmp_path / "c.db", work)
    loaded = with_store(tmp_path / "c.db", lambda store: store.load(NOW))
    assert [e.client_id for e in loaded.groups[ACME].entries] == [machine(1), machine(3)]


def test_a_damaged_file_says_so_and_is_moved_aside_on_demand(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(StoreFailed) as error:
        SqliteStore(tmp_path / "c.db")
    assert error.value.code is Code.STATE_CORRUPT
    set_aside(tmp_path / "c.db", START)
    with_store(tmp_path / "c.db", lambda store: store.load(NOW))
    assert (tmp_path / "c.db.20261124T090000Z").exists()


def test_a_store_of_another_format_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "c.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreFailed) as error:
        SqliteStore(tmp_path / "c.db")
    assert "another version" in error.value.message


def test_looking_makes_no_file(tmp_path: Path) -> None:
    view = SqliteView(tmp_path / "c.db")
    assert (view.groups(NOW), view.totals(), view.seen_since(0), list(view.machines(0, NOW))) == ((), Totals(), 0, [])
    assert list(tmp_path.iterdir()) == []


class StoreAgainstMemory(RuleBasedStateMachine):
    """Whatever is asked and whenever the host restarts: memory and store agree on every group."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "c.db"
        self.counts, self.now, self.pending = Counts({}, 1), NOW, list[Row]()

    @rule(asks=st.lists(st.tuples(st.integers(0, 30), st.sampled_from([2, 5, 8])), min_size=1, max_size=30))
    def machines_ask(self, asks: list[tuple[int, int]]) -> None:
        for number, threshold in asks:
            place = self.counts.enter(ACME, machine(number), threshold, self.now)
            size, floor = place.cache_size, place.floor
            self.pending.append(row(number, place.seq, self.now, cache_size=size, floor=floor))

    @rule(days=st.sampled_from([1, 14, 29, 31]))
    def days_pass(self, days: int) -> None:
        self.now += days * 86_400

    @precondition(lambda self: self.pending)
    @rule()
    def the_host_restarts(self) -> None:
        commit(self.path, *self.pending)
        self.pending = []
        loaded = with_store(self.path, lambda store: store.load(self.now))
        again = Counts(loaded.groups, loaded.next_seq)
        assert again.count(ACME, self.now) == self.counts.count(ACME, self.now)
        (view,) = SqliteView(self.path).groups(self.now)
        assert view.count == self.counts.count(ACME, self.now)
        assert all(self.counts.holds(ACME, machine(n)) for n in range(31) if again.holds(ACME, machine(n)))
        self.counts = again

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestStoreAgainstMemory = StoreAgainstMemory.TestCase
TestStoreAgainstMemory.settings = settings(max_examples=20, stateful_step_count=15)


STORM = FEW_ROWS + 500


def storming(number: int) -> bytes:
    """Ids all over the space, as random ones are."""
    return bytes((number % 256,)) + number.to_bytes(15, "big")


def storm() -> list[Row]:
    return [row(0, n, NOW + n, client_id=storming(n)) for n in range(1, STORM + 1)]


def shown(path: Path) -> tuple[int, int, int, MachineView]:
    view = SqliteView(path)
    found = {m.client_id: m for m in view.machines(0, NOW + STORM)}
    return len(found), view.seen_since(NOW - 1), view.groups(NOW + STORM)[0].count, found[storming(1)]


def test_what_a_storm_left_is_known_counted_and_shown_before_and_after_it_is_put_away(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    again = row(0, STORM + 1, NOW + STORM, client_id=storming(1), state=State.LICENSED)

    async def story(store: SqliteStore) -> tuple[list[bool], list[tuple[int, int, int, MachineView]], bool, int]:
        await store.load(NOW)
        rows = [*storm(), again]
        for at in range(0, len(rows), 100):
            await store.commit(Batch(rows[at : at + 100], Totals()))
        known = [store.is_known(ACME, storming(n)) for n in (1, STORM, STORM + 1)]
        before, loaded, slices = shown(path), await store.load(NOW), 1
        while await store.settle():
            slices += 1
        return known, [before, shown(path)], loaded == await store.load(NOW), slices

    known, (before, after), is_same, slices = with_store(path, story)
    assert known == [True, True, False]
    assert before == after
    assert after[:2] == (STORM, STORM)
    assert (after[3].first_seen, after[3].last_seen, after[3].state) == (NOW + 1, NOW + STORM, State.LICENSED)
    assert is_same
    assert slices > 1


def test_a_storm_that_was_killed_is_put_away_later(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    commit(path, *storm())
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM arrival").fetchone() == (1,)

    async def story(store: SqliteStore) -> int:
        loaded = await store.load(NOW)
        assert len(loaded.groups[ACME].entries) == loaded.groups[ACME].cache_size
        while await store.settle():
            pass
        return await store.settle()

    assert with_store(path, story) == 0
    assert connection.execute("SELECT count(*) FROM arrival").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM machine").fetchone() == (STORM,)


OLDER = """
CREATE TABLE arrival (scope INTEGER NOT NULL, seq INTEGER PRIMARY KEY, client_id BLOB NOT NULL, edition INTEGER NOT NULL,
    state INTEGER NOT NULL, flags INTEGER NOT NULL, seen INTEGER NOT NULL, address TEXT NOT NULL, parts BLOB NOT NULL);
CREATE VIEW fresh AS SELECT * FROM arrival;
CREATE VIEW inventory AS SELECT * FROM arrival;
"""


def test_a_database_of_the_first_format_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    commit(path, row(1, 1), row(2, 2))
    connection = sqlite3.connect(path)
    connection.executescript("DROP TABLE arrival; DROP INDEX machine_last_seen; PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(StoreFailed) as caught:
        SqliteView(path).groups(NOW)
    assert "Restart" in caught.value.hint
    commit(path, row(3, 3))
    assert [m.client_id for m in SqliteView(path).machines(0, NOW)] == [machine(1), machine(2), machine(3)]


def test_a_database_of_the_second_format_is_taken_over_with_what_waited_in_it(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    commit(path, row(1, 1), row(2, 2))
    connection = sqlite3.connect(path)
    connection.executescript(f"DROP TABLE arrival; {OLDER} PRAGMA user_version = 2")
    older = [(seq, machine(number), NOW + seq, bytes((seq,)) * 16) for seq, number in ((3, 2), (4, 5), (5, 5))]
    for seq, client_id, seen, parts in older:
        values = (1, seq, client_id, 1001, 2, 0, seen, "192.0.2.9", parts)
        connection.execute("INSERT INTO arrival VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    connection.commit()
    connection.close()
    commit(path, row(3, 6, NOW + 6))
    found = {m.client_id: m for m in SqliteView(path).machines(0, NOW + 10)}
    assert sorted(found) == [machine(1), machine(2), machine(3), machine(5)]
    assert (found[machine(2)].first_seen, found[machine(2)].last_seen, found[machine(2)].state) == (NOW, NOW + 3, 2)
    assert (found[machine(5)].first_seen, found[machine(5)].hardware_sets) == (NOW + 4, 2)


TABLES = "machine", "arrival"


def test_a_storm_without_end_is_folded_while_it_lasts_and_a_kill_changes_nothing(tmp_path: Path) -> None:
    path, run, group = tmp_path / "c.db", 4_000, 100
    machines = 3 * run + group

    async def story(store: SqliteStore) -> None:
        await store.load(NOW)
        for first in range(1, machines, group):
            ids = [(n, (n * 2654435761 % 2**32).to_bytes(4, "big") * 4) for n in range(first, first + group)]
            await store.commit(Batch([row(0, n, NOW, client_id=client_id) for n, client_id in ids], Totals()))

    with_store(path, story, run)
    connection = sqlite3.connect(path)
    (folded,), (waiting,) = (connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in TABLES)  # noqa: S608
    assert 2 * run < folded < 2 * run + 2 * group
    assert waiting == run // group + 1
    assert SqliteView(path).seen_since(NOW - 1) == machines

    async def settled(store: SqliteStore) -> int:
        loaded = await store.load(NOW)
        while await store.settle():
            pass
        return loaded.next_seq

    assert with_store(path, settled, run) == machines + 1
    assert connection.execute("SELECT count(*), max(seq) FROM machine").fetchone() == (machines, machines)

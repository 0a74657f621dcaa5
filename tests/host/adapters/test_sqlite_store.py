"""What the database of a host keeps, and how it fails."""

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
from muster.host.adapters.sqlite_file import MAX_PARTS_BYTES, set_aside
from muster.host.adapters.sqlite_store import INVENTORY_SECONDS, SqliteStore
from muster.host.adapters.sqlite_view import MachineView, SqliteView
from muster.host.adapters.waiting import FEW_ROWS, RUN_ROWS
from muster.host.core.answering import Row
from muster.host.core.counting import ENTRY_SECONDS, Counts
from muster.host.ports import Batch, Totals
from muster.wire.activation import Flags, State
from tests.worlds.host_world import START

ACME = (b"acme-id-", 1)
NOW = 1_800_000_000
Result = TypeVar("Result")


def machine(number: int) -> bytes:
    return number.to_bytes(16, "big")


def row(number: int, seq: int, seen: int = NOW, **changes: object) -> Row:
    values: dict[str, object] = {
        "group": ACME,
        "client_id": machine(number),
        "edition": 1001,
        "state": State.INITIAL_GRACE,
        "flags": Flags.NONE,
        "parts": bytes((number,)) * 16,
        "address": "192.0.2.1",
        "seen": seen,
        "seq": seq,
        "cache_size": 50,
        "floor": 0,
    }
    return Row(**{**values, **changes})  # type: ignore[arg-type]


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


def test_a_new_store_is_empty(tmp_path: Path) -> None:
    loaded = with_store(tmp_path / "c.db", lambda store: store.load(NOW))
    assert (dict(loaded.groups), loaded.next_seq, loaded.last_seen) == ({}, 1, 0)


def test_what_was_committed_is_loaded_in_its_order(tmp_path: Path) -> None:
    commit(tmp_path / "c.db", row(1, 1), row(2, 2), row(1, 3, NOW + 5))
    loaded = with_store(tmp_path / "c.db", lambda store: store.load(NOW + 10))
    assert [(e.client_id, e.seq, e.seen) for e in loaded.groups[ACME].entries] == [
        (machine(2), 2, NOW),
        (machine(1), 3, NOW + 5),
    ]
    assert (loaded.next_seq, loaded.last_seen) == (4, NOW + 5)


def test_ids_below_the_floor_beyond_the_size_and_past_thirty_days_stay_out(tmp_path: Path) -> None:
    rows = [row(n, n, NOW + n, cache_size=3, floor=2) for n in range(1, 8)]
    commit(tmp_path / "c.db", *rows)
    loaded = with_store(tmp_path / "c.db", lambda store: store.load(NOW + ENTRY_SECONDS + 6))
    assert [e.seq for e in loaded.groups[ACME].entries] == [7]
    loaded = with_store(tmp_path / "c.db", lambda store: store.load(NOW))
    assert [e.seq for e in loaded.groups[ACME].entries] == [5, 6, 7]
    (view,) = SqliteView(tmp_path / "c.db").groups(NOW)
    assert (view.count, view.cache_size) == (3, 3)


def test_two_editions_on_one_machine_are_one_machine(tmp_path: Path) -> None:
    commit(tmp_path / "c.db", row(1, 1), row(1, 2, edition=1002), row(2, 3))
    loaded = with_store(tmp_path / "c.db", lambda store: store.load(NOW))
    assert [e.seq for e in loaded.groups[ACME].entries] == [2, 3]
    view = SqliteView(tmp_path / "c.db")
    assert view.seen_since(NOW - 1) == 2
    assert [m.edition for m in view.machines(0, NOW)] == [1001, 1002, 1001]


def test_the_inventory_remembers_the_first_time_and_every_set_of_parts_once(tmp_path: Path) -> None:
    one, other = bytes(range(16)), bytes(16)
    for seq, parts in enumerate((one, other, one, other), 1):
        commit(tmp_path / "c.db", row(1, seq, NOW + seq, parts=parts, state=State.LICENSED))
    (seen,) = SqliteView(tmp_path / "c.db").machines(0, NOW + 10)
    assert (seen.first_seen, seen.last_seen, seen.hardware_sets) == (NOW + 1, NOW + 4, 2)
    many = [row(1, 5 + n, parts=n.to_bytes(16, "big")) for n in range(40)]
    commit(tmp_path / "c.db", *many)
    (seen,) = SqliteView(tmp_path / "c.db").machines(0, NOW + 10)
    assert seen.hardware_sets == MAX_PARTS_BYTES / 16


def test_totals_add_up(tmp_path: Path) -> None:
    commit(tmp_path / "c.db", totals=Totals(3, 1, {"LICENSED": 2}))
    commit(tmp_path / "c.db", totals=Totals(2, 0, {"LICENSED": 1, "NOTIFICATION": 1}))
    totals = with_store(tmp_path / "c.db", lambda store: store.totals())
    assert totals == Totals(5, 1, {"LICENSED": 3, "NOTIFICATION": 1}) == SqliteView(tmp_path / "c.db").totals()


def test_a_machine_is_known_as_long_as_it_is_in_the_inventory(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> list[bool]:
        known = [store.is_known(ACME, machine(1))]
        await store.commit(Batch([row(1, 1)], Totals()))
        known.append(store.is_known(ACME, machine(1)))
        return [*known, store.is_known(ACME, machine(2)), store.is_known((b"acme-id-", 2), machine(1))]

    assert with_store(tmp_path / "c.db", story) == [False, True, False, False]


def test_machines_not_seen_for_four_hundred_days_are_dropped(tmp_path: Path) -> None:
    commit(tmp_path / "c.db", row(1, 1, NOW), row(2, 2, NOW + 1))
    assert with_store(tmp_path / "c.db", lambda store: store.prune(NOW + INVENTORY_SECONDS + 1)) == 1
    assert [m.client_id for m in SqliteView(tmp_path / "c.db").machines(0, NOW + 10)] == [machine(2)]


def test_rows_beyond_the_limit_are_dropped_oldest_first_but_never_one_that_is_counted(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> int:
        rows = [row(n, n, NOW + n, cache_size=2, floor=5 if n == 6 else 0) for n in range(1, 7)]
        await store.commit(Batch(rows, Totals()))
        return await store.prune(NOW + 10)

    store_path = tmp_path / "c.db"
    assert with_store(store_path, story) == 0
    assert with_store(store_path, lambda store: store.prune(NOW + 10, rows=3)) == 3
    assert [m.client_id for m in SqliteView(store_path).machines(0, NOW + 10)] == [machine(6), machine(5), machine(4)]
    assert with_store(store_path, lambda store: store.prune(NOW + 10, rows=0)) == 1


def test_a_failed_commit_stores_nothing_at_all(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> None:
        await store.commit(Batch([row(1, 1)], Totals(1)))
        other = sqlite3.connect(tmp_path / "c.db", isolation_level=None)
        other.execute("CREATE TRIGGER full BEFORE INSERT ON total BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        with pytest.raises(StoreFailed):
            await store.commit(Batch([row(2, 2), row(3, 3)], Totals(2)))
        other.execute("DROP TRIGGER full")
        other.close()
        await store.commit(Batch([row(4, 4, group=(b"other-id", 1))], Totals(1)))

    with_store(tmp_path / "c.db", story)
    loaded = with_store(tmp_path / "c.db", lambda store: store.load(NOW))
    assert [e.client_id for e in loaded.groups[ACME].entries] == [machine(1)]
    assert SqliteView(tmp_path / "c.db").totals().total == 2


def test_a_locked_database_fails_and_works_again(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> None:
        await store.commit(Batch([row(1, 1)], Totals()))
        blocker = sqlite3.connect(tmp_path / "c.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFailed) as error:
            await store.commit(Batch([row(2, 2)], Totals()))
        assert error.value.code is Code.STORE_FAILED
        blocker.close()
        await store.commit(Batch([row(2, 2)], Totals()))

    with_store(tmp_path / "c.db", story)


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

"""What the console's pages rely on; the same suite for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL

from muster.console.adapters.sql_books import SqlStore
from muster.console.core.answer import EditionSeen
from muster.console.core.conditions import parse_conditions
from muster.console.core.paging import Place
from muster.console.core.targets import from_list
from muster.console.core.verdict import DONE, Verdict
from muster.console.core.views import View
from muster.console.service.inventory import mark_of
from muster.platform.sql import sqlite_url
from tests.worlds.clocks import MORNING
from tests.worlds.console_inventory import fill
from tests.worlds.postgresql import Postgresql

NUMBER = 230
SORTS = ("name", "-name", "state", "-expires", "expires", "-count", "count", "-contact", "host", "client", "result")
CONDITIONS = (
    *((), ("state=LICENSED",), ("state!=LICENSED",), ("expires<30d",), ("contact>30d",), ("count<25",), ("method=",)),
    *(("name~PC-0001*", "host~KMS1*"), ("count!=30",), ("expires>20d", "edition=acme-cad-server")),
)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.parts)])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    folder = tmp_path_factory.mktemp("books")
    url: str | URL = sqlite_url(folder / "console.db")
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql_server")
        url = server.database(folder.name)
    store = SqlStore(url)
    store.migrate()
    store._database.run(lambda connection: fill(connection, NUMBER, MORNING))
    yield store
    store.close()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """SQLite with the same machines: both say the same."""
    store = SqlStore(sqlite_url(Path(tmp_path_factory.mktemp("reference")) / "console.db"))
    store.migrate()
    store._database.run(lambda connection: fill(connection, NUMBER, MORNING))
    yield store
    store.close()


def names(store: SqlStore, place: Place, *conditions: str) -> list[tuple[str, str]]:
    found = store.run(lambda books: books.page(parse_conditions(conditions), MORNING, place))
    return [(row.machine.target.name, row.seen.edition if row.seen else "") for row in found]


@pytest.mark.parametrize("conditions", CONDITIONS)
def test_conditions_choose_the_same_lines(store: SqlStore, reference: SqlStore, conditions: tuple[str, ...]) -> None:
    place = Place(size=1_000)
    assert names(store, place, *conditions) == names(reference, place, *conditions)
    number = store.run(lambda books: books.count_rows(parse_conditions(conditions), MORNING))
    assert number == len(names(store, place, *conditions))


@pytest.mark.parametrize("sort", SORTS)
def test_pages_follow_each_other_in_the_same_order(store: SqlStore, reference: SqlStore, sort: str) -> None:
    whole = names(reference, Place(sort, size=1_000))
    at, walked = Place(sort, size=60), list[tuple[str, str]]()
    while True:
        rows = store.run(lambda books, at=at: books.page((), MORNING, at))  # type: ignore[misc]
        walked += [(row.machine.target.name, row.seen.edition if row.seen else "") for row in rows[: at.size]]
        if len(rows) <= at.size:
            break
        at = replace(at, after=mark_of(rows[at.size - 1], at.field))
    assert walked == whole


def test_reports_count_the_same(store: SqlStore, reference: SqlStore) -> None:
    until = MORNING.replace(hour=0), MORNING.replace(year=2027)
    for ask in ("shares", "hosts", "key_use"):
        told, known = (one.run(lambda books, ask=ask: getattr(books, ask)()) for one in (store, reference))  # type: ignore[misc]
        assert sorted(map(repr, told)) == sorted(map(repr, known))
    assert store.run(lambda books: books.expiries(*until)) == reference.run(lambda books: books.expiries(*until))
    for long_one in (
        lambda books: books.doubles(1),
        lambda books: books.silent(MORNING, 9),
        lambda books: books.ending(MORNING.replace(year=2027), 9),
    ):
        assert store.run(long_one) == reference.run(long_one)
    for field in ("state", "group", "host", "result"):
        told, known = (one.run(lambda books, f=field: books.tally(f, (), MORNING)) for one in (store, reference))  # type: ignore[misc]
        assert told == known


def test_an_action_is_written_down_and_settled(store: SqlStore) -> None:
    store.run(lambda books: books.add_machines(from_list("z-[1:3]"), "list", MORNING))
    chosen = store.run(lambda books: books.selected(parse_conditions(["name~z-*"]), MORNING))
    numbers = [machine.id for machine in chosen]
    assert [m.target.name for m in store.run(lambda books: books.machines(numbers))] == ["z-1", "z-2", "z-3"]
    task = store.run(lambda books: books.begin("renew", {"edition": "x"}, "anna", numbers, MORNING))
    seen = EditionSeen("Acme", "x", "LICENSED", "host")
    store.run(lambda books: books.replace_editions(numbers[0], [seen]))
    store.run(lambda books: books.settle(task, numbers[0], Verdict(DONE), MORNING))
    store.run(lambda books: books.settle(task, numbers[1], Verdict("KEY_UNKNOWN", "no"), MORNING))
    (found, *_) = store.run(lambda books: books.tasks(5))
    assert (found.id, found.waiting, found.done) == (task, 1, 2)
    parts = store.run(lambda books: books.parts(task, "", 9, only_bad=True))
    assert [(part.name, part.verdict) for part in parts] == [("z-2", Verdict("KEY_UNKNOWN", "no"))]
    assert store.run(lambda books: books.outcomes(task)) == {"": 1, "DONE": 1, "KEY_UNKNOWN": 1}
    assert [part.task.id for part in store.run(lambda books: books.history(numbers[0], 5))] == [task]
    assert [row.seen for row in store.run(lambda books: books.lines_of(numbers[0]))] == [seen]
    assert store.run(lambda books: books.remove(numbers)) == 3
    assert store.run(lambda books: books.parts(task, "", 9, only_bad=False)) == []


def test_views_and_the_audit_are_kept(store: SqlStore) -> None:
    view = View("a", ("state=LICENSED",), "-name", "", "anna", MORNING)
    store.run(lambda books: books.keep_view(view))
    assert store.run(lambda books: books.views()) == [view]
    store.run(lambda books: books.remove_view("a"))
    store.run(lambda books: books.audit(MORNING, "anna", "view.removed", "a", {"n": 1}))
    (row,) = store.run(lambda books: books.audited(1))
    assert (row.at, row.actor, row.action, row.details) == (MORNING, "anna", "view.removed", {"n": 1})

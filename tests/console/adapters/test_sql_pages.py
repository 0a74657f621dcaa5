"""Pages of the inventory: every line once, in one order, forwards and backwards, for SQLite; contracts have PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import cycle

import pytest

from muster.base.errors import Malformed, Misconfigured
from muster.console.adapters.sql_books import SqlStore
from muster.console.core.conditions import FIELDS, parse_conditions
from muster.console.core.paging import Mark, Place, decode_mark, encode_mark
from muster.console.core.views import View
from muster.console.ports import Row
from muster.console.service.inventory import mark_of
from muster.platform.sql import sqlite_url
from tests.worlds.clocks import MORNING
from tests.worlds.console_inventory import fill

NUMBER = 230
SORTS = [turn + field for field, turn in zip(FIELDS, cycle(("", "-")))]
"""Every field, in one direction or the other."""

Key = tuple[str, str]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_url(tmp_path_factory.mktemp("pages") / "console.db"))
    store.migrate()
    store._database.run(lambda connection: fill(connection, NUMBER, MORNING))
    yield store
    store.close()


def walked(store: SqlStore, place: Place, *conditions: str) -> tuple[list[Key], list[Key]]:
    """The keys of all lines by walking forwards, and by walking back from the last page."""
    chosen, forwards, pages = parse_conditions(conditions), list[Key](), list[list[Key]]()
    shown: list[Row] = []
    at: Place | None = place
    while at is not None:
        rows = store.run(lambda books, at=at: books.page(chosen, MORNING, at))  # type: ignore[misc]
        shown = rows[: place.size]
        forwards += [key(row) for row in shown]
        mark = mark_of(shown[-1], place.field)
        sent = decode_mark(encode_mark(mark), place.sort)
        at = replace(place, after=sent) if len(rows) > place.size else None
    mark = mark_of(shown[0], place.field)
    back: Place | None = replace(place, before=mark)
    while back is not None:
        rows = store.run(lambda books, at=back: books.page(chosen, MORNING, at))  # type: ignore[misc]
        shown = rows[-place.size :]
        pages.append([key(row) for row in shown])
        back = replace(place, before=mark_of(shown[0], place.field)) if len(rows) > place.size else None
    return forwards, [each for page in reversed(pages) for each in page]


def key(row: Row) -> Key:
    return row.machine.target.name, row.seen.edition if row.seen else ""


@pytest.mark.parametrize("sort", SORTS)
def test_every_line_stands_once_in_the_order_of_the_list(store: SqlStore, sort: str) -> None:
    whole = [key(row) for row in store.run(lambda books: books.rows((), MORNING, sort=sort))]
    forwards, back = walked(store, Place(sort, size=17))
    assert forwards == whole
    assert back == whole[: len(back)]
    assert len(whole) - len(back) <= 17


def test_a_filtered_list_is_walked_alike(store: SqlStore) -> None:
    conditions = "state=LICENSED", "expires<60d", "name~pc-0001*"
    whole = store.run(lambda books: books.rows(parse_conditions(conditions), MORNING, sort="-expires"))
    forwards, _ = walked(store, Place("-expires", size=5), *conditions)
    assert forwards == [key(row) for row in whole]
    assert len(forwards) > 10


@pytest.mark.parametrize("text", ["x", "AAAA", "W10", "WzEsMl0", "W3siYSI6MX0sImEiLCJiIl0", "é" * 3, "A" * 3_000])
def test_a_mark_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        decode_mark(text, "name")


def test_a_mark_of_another_order_is_refused() -> None:
    with pytest.raises(Malformed):
        decode_mark(encode_mark(Mark("LICENSED", "pc-1", "")), "count")


def test_views_are_kept_replaced_and_forgotten(store: SqlStore) -> None:
    view = View("Ends soon", ("expires<30d",), "expires", "", "anna", MORNING)
    store.run(lambda books: books.keep_view(view))
    store.run(lambda books: books.keep_view(replace(view, sort="-expires")))
    assert store.run(lambda books: books.views()) == [replace(view, sort="-expires")]
    store.run(lambda books: books.remove_view("Ends soon"))
    assert store.run(lambda books: books.views()) == []
    for wrong in ({"name": ""}, {"name": "a\x1b"}, {"where": ("x=1",)}, {"sort": "colour"}, {"group_by": "colour"}):
        with pytest.raises(Misconfigured):
            View(**({"name": "a"} | wrong))


def test_what_reports_count_is_what_the_lines_say(store: SqlStore) -> None:
    rows = store.run(lambda books: books.rows((), MORNING))
    shares = store.run(lambda books: books.shares())
    assert sum(share.machines for share in shares) == len(rows)
    hosts = store.run(lambda books: books.hosts())
    with_host = [row.seen for row in rows if row.seen and row.seen.host]
    assert sum(host.machines for host in hosts) == len(with_host)
    assert sum(host.below for host in hosts) == sum((s.count or 0) < (s.threshold or 0) for s in with_host)
    shared, number = store.run(lambda books: books.doubles(None))
    assert [(r.machine, r.machines, int(r.client_id, 16)) for r in shared] == [("PC-000002", 2, 0), ("PC-000004", 2, 0)]
    assert number == len(shared)
    assert sum(use.machines for use in store.run(lambda books: books.key_use())) == len([r for r in rows if r.seen])


def test_long_reports_tell_their_first_lines_and_how_many_there_are(store: SqlStore) -> None:
    soon, long_ago = MORNING + timedelta(days=30), MORNING - timedelta(days=1)
    for ask in (
        lambda limit: store.run(lambda books: books.ending(soon, limit)),
        lambda limit: store.run(lambda books: books.silent(long_ago, limit)),
        lambda limit: store.run(lambda books: books.doubles(limit)),
    ):
        rows, number = ask(None)
        assert len(rows) == number > 1
        assert ask(1) == (rows[:1], number)
    ends = {row.expires_at for row in store.run(lambda books: books.ending(soon, None))[0]}
    seen = [row.seen for row in store.run(lambda books: books.rows((), MORNING)) if row.seen]
    assert ends == {each.expires_at for each in seen if each.expires_at and each.expires_at < soon}
    silent = store.run(lambda books: books.silent(long_ago, None))[0]
    assert silent[-1].contact_at is None

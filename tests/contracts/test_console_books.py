"""Keys, product files and installation ids in the console's books; the same suite for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from muster.console.adapters.sql_books import SqlStore
from muster.console.core.installations import Installation
from muster.console.core.targets import from_list
from muster.console.core.verdict import DONE, Verdict
from muster.console.ports import Books, Left, StoredProduct
from muster.platform.sql import sqlite_url
from muster.trust.productkey import KeyKind
from tests.worlds.clocks import MORNING
from tests.worlds.postgresql import Postgresql, postgresql
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys
from tests.worlds.vendor_world import hardware, machine, packed

VENDOR = b"vendor-1"
KEY, OTHER = (VendorKeys().key(KeyKind.MAK, CAD_PRO.id, chance) for chance in (1, 2))
ONE, TWO = (
    Installation(packed(machine(KEY, hardware(number))), VENDOR, CAD_PRO.name, f"pc-{number}", MORNING)
    for number in (1, 2)
)
LATER = MORNING + timedelta(hours=1)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    with postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("server")
        store = SqlStore(server.database(tmp_path.name))
    else:
        store = SqlStore(sqlite_url(tmp_path / "console.db"))
    store.migrate()
    store.run(lambda books: books.add_machines(from_list("pc-1 pc-2"), "list", MORNING))
    yield store
    store.close()


def ids(books: Books) -> list[int]:
    return [found.id for found in books.selected((), MORNING)]


def test_a_key_is_kept_once_and_what_is_left_of_it_is_noted(store: SqlStore) -> None:
    def work(books: Books) -> None:
        first, again = books.add_key(KEY, b"sealed\x00", "of the lab", MORNING), books.add_key(KEY, b"", "", LATER)
        second = books.add_key(OTHER, b"", "", LATER)
        assert (again, first is not None, second is not None) == (None, True, True)
        books.note_left(first or 0, Left(4, 9, CAD_PRO.name), LATER)
        one, two = books.keys()
        assert (one.kind, one.scope, one.reference, one.sealed) == (KEY.kind, KEY.scope, KEY.reference, b"sealed\x00")
        assert (one.remaining, one.total, one.edition, one.refreshed_at) == (4, 9, CAD_PRO.name, LATER)
        assert (two.remaining, two.refreshed_at, two.added_at) == (None, None, LATER)
        books.remove_key(one.id)
        (left,) = books.keys()
        assert left.partial == OTHER.partial

    store.run(work)


def test_a_newer_product_file_takes_the_place_of_the_vendors_older_one(store: SqlStore) -> None:
    def work(books: Books) -> None:
        for serial in (1, 2):
            books.keep_product(StoredProduct(VENDOR, "Acme", serial, "text"))
        books.keep_product(StoredProduct(b"vendor-2", "Other", 1, "text"))
        assert [(each.vendor, each.serial) for each in books.products()] == [("Acme", 2), ("Other", 1)]
        books.remove_product(VENDOR)
        assert [each.vendor for each in books.products()] == ["Other"]

    store.run(work)


def test_a_database_keeps_its_first_id(store: SqlStore) -> None:
    assert store.run(lambda books: books.database(bytes(16))) == bytes(16)
    assert store.run(lambda books: books.database(bytes([1]) * 16)) == bytes(16)


def test_a_confirmation_outlives_its_machine_and_is_never_taken_back(store: SqlStore) -> None:
    def work(books: Books) -> None:
        for number, each in zip(ids(books), (ONE, TWO), strict=True):
            books.keep_installation(each)
            books.keep_installation(each)
            books.link(number, each)
            books.link(number, each)
        books.note_sent([ONE.packed, TWO.packed], LATER)
        books.note_answer(ONE.packed, Verdict(DONE), b"confirmation", LATER)
        books.note_answer(ONE.packed, Verdict("KEY_BLOCKED", "blocked"), b"", LATER)
        books.note_answer(TWO.packed, Verdict("KEY_EXHAUSTED", "used up"), b"", LATER)
        first, second = (known for _, known, _ in books.linked(ids(books)))
        assert (first.confirmation, first.code, first.sent_at) == (b"confirmation", DONE, LATER)
        assert (second.confirmation, second.code, second.text) == (b"", "KEY_EXHAUSTED", "used up")
        books.note_deposit(ids(books)[0], CAD_PRO.name, LATER)
        assert [is_deposited for *_, is_deposited in books.linked(ids(books))] == [True, False]
        books.link(ids(books)[0], ONE)
        assert [is_deposited for *_, is_deposited in books.linked(ids(books))] == [False, False]

    store.run(work)

    def after(books: Books) -> None:
        books.remove(ids(books))
        assert [known.packed for known in books.confirmed(VENDOR, KEY.reference)] == [ONE.packed]
        assert books.confirmed(VENDOR, OTHER.reference) == []
        assert {known.packed for known in books.installations([ONE.packed, TWO.packed, b"x"])} == {
            ONE.packed,
            TWO.packed,
        }
        # The machine may be gone before its answer comes.
        books.link(4711, ONE)

    store.run(after)

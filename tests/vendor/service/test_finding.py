"""How a vendor finds its keys, its customers and its keysets among many, by asking the books for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from muster.base.errors import Code, Misconfigured, MusterError
from muster.vendor import app as vendor
from muster.vendor.adapters import tables as t
from muster.vendor.adapters.sql_rows import select_keys
from muster.vendor.ports import Books
from muster.vendor.service.rotating import change
from muster.vendor.service.vendor import MAX_ALIKE, Chain, find_key
from muster.wire.keyset import Purpose
from tests.worlds.vendor_world import Acme, hardware, machine


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    with closing(Acme(tmp_path)) as acme:
        yield acme


def test_last_characters_are_found_by_an_index_of_their_own(acme: Acme) -> None:
    query = select_keys().where(t.product_key.c.partial == "ABCDE").order_by(t.product_key.c.id)
    text = str(query.compile(compile_kwargs={"literal_binds": True}))
    plan = acme.vendor.store._database.run(  # type: ignore[attr-defined]
        lambda connection: [row.detail for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]
    )
    assert any("ix_product_key_partial" in step for step in plan)
    assert not any(step == "SCAN product_key" for step in plan)


def test_of_many_keys_with_the_same_end_some_are_named(acme: Acme) -> None:
    row = acme.row(acme.mak())

    def work(books: Books) -> None:
        for number in range(MAX_ALIKE + 5):
            books.add_key(replace(row, id=0, lookup=number.to_bytes(32, "big")))

    acme.vendor.store.run(work)
    with pytest.raises(Misconfigured) as told:
        vendor.show_key(acme.vendor, row.partial)
    assert told.value.hint.count(",") == MAX_ALIKE
    assert told.value.hint.endswith("….")


@pytest.mark.parametrize("which", ["9" * 40, "²", "", "ABCD", "A" * 4000, "' OR 1=1 --", "\0\0\0\0\0"])
def test_what_names_no_key_is_told_as_that(acme: Acme, which: str) -> None:
    acme.mak()
    with pytest.raises(MusterError) as told:
        acme.vendor.store.run(lambda books: find_key(books, which, lambda: None))
    assert told.value.code is Code.NOT_FOUND


def test_a_keyset_that_another_node_published_holds_for_the_next_grant(acme: Acme) -> None:
    key = acme.mak()
    before = acme.confirm(machine(key, hardware(1)))
    longer = change(acme.again(), vendor.Change(rotate=(Purpose.PERMANENT,)))
    after = acme.confirm(machine(key, hardware(1)))
    assert acme.vendor.keysets() == longer
    assert before.packed != after.packed


class Counting:
    """Books that count how often the whole chain is read."""

    def __init__(self, books: Books, reads: list[int]) -> None:
        self.keyset_version = books.keyset_version
        self._books, self._reads = books, reads

    def keysets(self) -> tuple[bytes, ...]:
        self._reads.append(1)
        return self._books.keysets()


def test_a_chain_is_read_once_for_each_version(acme: Acme) -> None:
    reads: list[int] = []
    chain = Chain()

    def version() -> int:
        return acme.vendor.store.run(lambda books: chain.of(Counting(books, reads)).version)  # type: ignore[arg-type]

    assert ([version() for _ in range(3)], len(reads)) == ([1, 1, 1], 1)
    change(acme.again(), vendor.Change(rotate=(Purpose.PERMANENT,)))
    assert ([version() for _ in range(3)], len(reads)) == ([2, 2, 2], 2)

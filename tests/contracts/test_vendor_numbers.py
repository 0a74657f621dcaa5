"""Numbers of what there is, wrong tags of all nodes, and what lists find by their indexes; the same for SQLite and PostgreSQL."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from muster.base.errors import Code, Refused
from muster.trust.installation import machine_id
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor import app as vendor
from muster.vendor.adapters.sql_listings import MANY as KEYS_NAMED
from muster.vendor.ports import Books, Search, Totals
from muster.vendor.service import webhooks
from muster.vendor.service.confirming import confirm_packed
from muster.vendor.service.delivering import deliver_due
from muster.vendor.service.sealing import seal_all
from muster.vendor.service.wrong_tags import MANY, MANY_OF_ONE, MOST_WRITTEN, SLOT
from tests.worlds.postgresql import Postgresql
from tests.worlds.vendor_world import BANK, CAD_PRO, Acme, hardware, host, machine, packed


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def acme(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    folder = tmp_path_factory.mktemp("acme")
    if request.param == "sqlite":
        with closing(Acme(folder)) as acme:
            yield acme
        return
    server: Postgresql = request.getfixturevalue("postgresql_server")
    with closing(Acme(folder, database=server.database("acme"))) as acme:
        yield acme


def ask_with_wrong_tag(node: vendor.Vendor, reference: bytes, number: int) -> None:
    with pytest.raises(Refused) as told:
        confirm_packed(node, packed(machine_id(reference, bytes(8), CAD_PRO, hardware(number))))
    assert told.value.code is Code.KEY_UNKNOWN


def test_numbers_are_the_same_before_and_after_their_rows_are_sealed(acme: Acme) -> None:
    mak, key = acme.mak(activations=5), acme.host_key()
    for number in range(4):
        acme.confirm(machine(mak, hardware(number)))
    acme.confirm(machine(mak, hardware(1)))  # again, for nothing
    acme.confirm(host(key, 1))
    first = acme.clock.now().date()
    acme.clock.move(days=1)
    vendor.replace_key(acme.vendor, key.partial)
    acme.confirm(machine(mak, hardware(9)))

    def told(books: Books) -> tuple[Totals, dict[date, int], int, list[int]]:
        days = {day: n for day, n in books.activations_per_day(first).items() if n}
        low = [row.id for row in books.nearly_exhausted(9)]
        return books.totals(), days, books.list_audit(Search()).total, low

    found = acme.vendor.store.run(told)
    assert found[:2] == (Totals(1, 3, 5, 1), {first: 5, acme.clock.now().date(): 1})
    assert found[2] == len(vendor.audit_rows(acme.vendor, 1000))
    assert found[3] == [acme.row(mak).id]
    seal_all(acme.vendor)
    assert acme.vendor.store.run(told) == found
    assert not acme.vendor.store.run(
        lambda books: books.activations_per_day(acme.clock.now().date().replace(year=2100))
    )


def test_wrong_tags_of_all_nodes_are_counted_together_and_told_once(acme: Acme) -> None:
    made = webhooks.add_webhook(acme.vendor, "https://erp.acme.example/", ["installation.wrong_tags"])
    reference, nodes = acme.mak().reference, (acme.vendor, acme.again())
    told: list[dict[str, object]] = []

    def post(_address: str, _headers: Mapping[str, str], body: bytes) -> int:
        told.append(json.loads(body)["data"])
        return 200

    for number in range(MANY_OF_ONE):
        ask_with_wrong_tag(nodes[number % 2], reference, number)
    deliver_due(nodes[0], post)
    assert told == [], "half of them came to this node"
    deliver_due(nodes[1], post)
    assert told == [{"reference": reference.hex(), "count": MANY_OF_ONE, "within_seconds": 3600}]
    for number in range(MANY):
        nodes[number % 2].wrong_tags.count(number.to_bytes(8, "big"), acme.clock.now())
    deliver_due(nodes[0], post)
    deliver_due(nodes[1], post)
    assert [row["reference"] for row in told[1:]] == [None], "of no reference many, of all together"
    acme.clock.move(seconds=7 * SLOT.total_seconds())
    ask_with_wrong_tag(nodes[1], reference, 99)
    deliver_due(nodes[1], post)
    left = acme.vendor.store._database.run(  # type: ignore[attr-defined]
        lambda connection: connection.execute(sa.text("SELECT sum(number) FROM wrong_tag")).scalar()
    )
    assert left == 2, "what is older than an hour is forgotten"
    webhooks.remove_webhook(acme.vendor, made.webhook.id)


def test_who_invents_references_decides_not_how_much_is_written(acme: Acme) -> None:
    tags, now = acme.again().wrong_tags, acme.clock.now()
    for number in range(50 * MOST_WRITTEN):
        tags.count(number.to_bytes(8, "big"), now)
    taken = tags.take(now)
    assert (len(taken), max(taken.values())) == (MOST_WRITTEN, 50 * MOST_WRITTEN)
    assert len(tags.take(now)) == MOST_WRITTEN, "the others wait for their turn"
    tags.give_back(taken)
    assert max(tags.take(now).values()) == 50 * MOST_WRITTEN
    assert tags.take(now + 7 * SLOT) == {}


def test_a_list_is_counted_as_far_as_somebody_looks(acme: Acme) -> None:
    made = [acme.mak() for _ in range(5)]

    def listed(search: Search) -> tuple[int, int, bool, bool]:
        found = acme.vendor.store.run(lambda books: books.list_keys(replace(search, counted=4)))
        return len(found.rows), found.total, found.is_more, found.is_counted

    total = acme.vendor.store.run(lambda books: books.totals()).keys
    assert listed(Search(size=3)) == (3, total, True, True), "all of them are known"
    assert listed(Search("BANK", size=3)) == (3, 4, True, False)
    assert listed(Search(made[0].partial.lower(), size=3)) == (1, 1, False, True)
    assert listed(Search("cad-pro", "blocked", size=3)) == (0, 0, False, True)
    assert listed(Search("Bank", "blocked", size=3))[0] == 1, "the one that was replaced"


def test_machines_and_histories_are_found_by_their_keys(acme: Acme) -> None:
    mak: ProductKey = acme.mak()
    acme.confirm(machine(mak, hardware(1)))
    number = acme.row(mak).id
    for _ in range(2):
        for search in (Search(mak.partial), Search(key=number), Search(str(number), organisation=1)):
            rows = acme.vendor.store.run(lambda books, search=search: books.list_machines(search)).rows  # type: ignore[misc]
            assert [row.key_id for row in rows] == [number], search
        assert not acme.vendor.store.run(lambda books: books.list_machines(Search(mak.partial, organisation=77))).rows
        assert acme.vendor.store.run(lambda books: books.list_machines(Search(BANK))).total > 1
        # From now on there are too many keys of this customer's to be named one by one.
        vendor.issue_keys(acme.vendor, vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK), KEYS_NAMED + 1)
    vendor.block_key(acme.vendor, mak.partial, blocked=True)
    history = acme.vendor.store.run(lambda books: books.list_audit(Search(key=number)))
    assert [row.action for row in history.rows] == ["key.blocked", "key.issued"]


def test_the_migration_counts_what_the_sealer_counts(acme: Acme) -> None:
    counted = importlib.import_module("muster.vendor.adapters.migrations.versions.0006_numbers")
    seal_all(acme.vendor)

    def told(connection: sa.Connection) -> list[list[object]]:
        rows = sa.text("SELECT noun, CAST(day AS VARCHAR(10)), number FROM tally ORDER BY noun, day")
        low = sa.text("SELECT key_id FROM low_pool ORDER BY key_id")
        return [[tuple(row) for row in connection.execute(query)] for query in (rows, low)]

    def again(connection: sa.Connection) -> None:
        for table in ("tally", "low_pool"):
            connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - words from above
        counted._count(connection)

    database = acme.vendor.store._database  # type: ignore[attr-defined]
    before = database.run(told)
    assert all(before), "there are numbers and a low pool"
    database.run(again)
    assert database.run(told) == before

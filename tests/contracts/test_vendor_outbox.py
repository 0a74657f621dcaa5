"""The outbox of webhooks, contracts and reports; the same suite for SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from muster.base.errors import Refused
from muster.vendor import app as vendor
from muster.vendor.ports import Search
from muster.vendor.service import webhooks
from muster.vendor.service.delivering import AT_ONCE, KEPT, deliver_due
from muster.vendor.service.reporting import take_reports
from muster.wire.calendar import day_number
from muster.wire.report import month_of
from tests.worlds.postgresql import Postgresql
from tests.worlds.reporting_hosts import certified, report
from tests.worlds.vendor_world import BANK, Acme, hardware, machine

ADDRESS = "https://erp.acme.example/"


@pytest.fixture(params=["sqlite", "postgresql"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Acme]:
    database = "sqlite"
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql_server")
        database = server.database(tmp_path.name)
    with closing(Acme(tmp_path, database=database)) as acme:
        yield acme


def test_two_nodes_tell_every_event_and_none_of_them_twice(acme: Acme) -> None:
    webhooks.add_webhook(acme.vendor, ADDRESS, ["key.exhausted"])
    for number in range(AT_ONCE + 5):
        acme.confirm(machine(acme.mak(activations=1), hardware(number)))
    nodes, lock = (acme.vendor, acme.again()), threading.Lock()
    told: list[str] = []

    def post(_address: str, headers: Mapping[str, str], _body: bytes) -> int:
        with lock:
            told.append(headers["webhook-id"])
        return 200

    def empty(node: vendor.Vendor) -> None:
        while deliver_due(node, post):
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(empty, nodes))
    assert (len(told), len(set(told))) == (AT_ONCE + 5, AT_ONCE + 5)
    done = acme.vendor.store.run(lambda books: books.list_deliveries(Search(state="delivered", text="EXHAUSTED")))
    assert done.total == AT_ONCE + 5
    acme.clock.move(days=KEPT.days + 1)
    deliver_due(acme.vendor, post)
    assert acme.vendor.store.run(lambda books: books.list_deliveries(Search())).total == 0


def test_an_event_is_written_with_what_happened_or_not_at_all(acme: Acme) -> None:
    webhooks.add_webhook(acme.vendor, ADDRESS, ["key.exhausted"])
    key = acme.mak(activations=4)
    asked = [machine(key, hardware(number)) for number in range(9)]

    def ask(number: int) -> bool:
        try:
            acme.confirm(asked[number])
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(9) as pool:
        assert sum(pool.map(ask, range(9))) == 4
    assert acme.vendor.store.run(lambda books: books.list_deliveries(Search())).total == 1


def test_a_removed_webhook_leaves_nothing_behind(acme: Acme) -> None:
    webhooks.add_webhook(acme.vendor, ADDRESS, ["key.exhausted"])
    webhooks.pause_webhook(acme.vendor, 1, paused=True)
    webhooks.send_test(acme.vendor, 1)
    assert acme.vendor.store.run(lambda books: books.webhooks())[0].is_paused
    webhooks.remove_webhook(acme.vendor, 1)
    assert acme.vendor.store.run(lambda books: books.list_deliveries(Search())).rows == ()


def test_contracts_seats_and_reports_are_what_was_put_in(acme: Acme) -> None:
    acme.host_key(seats=7)
    row = certified(acme, 1)
    data = report(acme, row, 1, {1: (1, 0), 2: (0, 0)})
    assert take_reports(acme.vendor, [("a", data)]).new == 1
    assert take_reports(acme.vendor, [("a", data)]).new == 0
    end = acme.clock.now().date() + timedelta(days=9)
    vendor.end_contract(acme.vendor, BANK, end)
    this = month_of(acme.clock.now())
    (customer,) = acme.vendor.store.run(lambda books: books.list_organisations(Search(text="bank"), this - 11)).rows
    assert (customer.keys, customer.seats, customer.machines, customer.month) == (2, 7, 2, this)
    assert customer.organisation.until_day == day_number(end)
    reported = acme.vendor.store.run(lambda books: books.reported(1, this - 11))
    assert [(row.month - this, row.machines) for row in reported] == [(0, 2), (-1, 1)]

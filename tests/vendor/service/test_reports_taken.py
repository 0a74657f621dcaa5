"""Reports that are kept: each machine once, however many hosts saw it and however often the report comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError, Refused
from muster.vendor import app as vendor
from muster.vendor.ports import Customer, Search
from muster.vendor.service.reporting import take_reports
from muster.wire.calendar import day_number
from muster.wire.report import month_of
from tests.worlds.reporting_hosts import certified, report
from tests.worlds.vendor_world import BANK, Acme, hardware, host, machine


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    with closing(Acme(tmp_path)) as acme:
        yield acme


def months(acme: Acme) -> list[tuple[int, int]]:
    """Months back and machines, newest first."""
    this = month_of(acme.clock.now())
    rows = acme.vendor.store.run(lambda books: books.reported(1, this - 24))
    return [(this - row.month, row.machines) for row in rows]


def bank(acme: Acme, since: int = 0) -> Customer:
    return acme.vendor.store.run(lambda books: books.list_organisations(Search(organisation=1), since)).rows[0]


def test_a_machine_that_two_hosts_saw_counts_once_however_late_the_other_report_comes(acme: Acme) -> None:
    one, two = certified(acme, 1), certified(acme, 2)
    first = report(acme, one, 1, {1: (2, 0), 2: (1, 1), 3: (0, 0)})
    taken = take_reports(acme.vendor, [("one", first)])
    assert (taken.reports, taken.new, taken.customers) == (1, 1, (BANK,))
    assert months(acme) == [(0, 2), (1, 2), (2, 1)]
    take_reports(acme.vendor, [("two", report(acme, two, 2, {3: (1, 0), 4: (0, 0)}))])
    assert months(acme) == [(0, 3), (1, 3), (2, 1)]
    again = take_reports(acme.vendor, [("one", first)])
    assert (again.new, again.customers) == (0, ())
    assert months(acme) == [(0, 3), (1, 3), (2, 1)]
    acme.clock.move(days=31)
    take_reports(acme.vendor, [("two", report(acme, two, 2, {9: (0, 0)}))])
    assert months(acme) == [(0, 1), (1, 3), (2, 3), (3, 1)]


def test_one_report_that_does_not_hold_refuses_all(acme: Acme) -> None:
    row = certified(acme, 1)
    good = report(acme, row, 1, {1: (0, 0)})
    with pytest.raises(MusterError, match="bad: "):
        take_reports(acme.vendor, [("good", good), ("bad", good[:-1] + bytes([good[-1] ^ 1]))])
    with pytest.raises(MusterError):
        take_reports(acme.vendor, [("forged", report(acme, row, 2, {1: (0, 0)}))])
    assert months(acme) == []


def test_seats_that_were_sold_stand_beside_the_most_machines_of_one_month(acme: Acme) -> None:
    key = acme.host_key(seats=2)
    acme.mak(seats=3)
    blocked = acme.mak(seats=100)
    vendor.block_key(acme.vendor, blocked.formatted, blocked=True)
    row = certified(acme, 1)
    take_reports(acme.vendor, [("one", report(acme, row, 1, {n: (1, 1 if n < 4 else 0) for n in range(6)}))])
    this = month_of(acme.clock.now())
    assert bank(acme) == Customer(bank(acme).organisation, 4, 5, 6, this - 1)
    assert bank(acme, this).machines == 2
    sold = acme.vendor.store.run(lambda books: books.seats(1))
    assert (sold["acme-cad"], sold["acme-cad-pro"]) == (2, 3)
    assert key


def test_after_the_end_of_a_contract_nothing_new_is_given_and_before_it_everything_ends_then(acme: Acme) -> None:
    mak, key = acme.mak(), acme.host_key()
    before = acme.confirm(machine(mak, hardware(1)))
    end = acme.clock.now().date() + timedelta(days=40)
    vendor.end_contract(acme.vendor, BANK, end)
    assert acme.confirm(machine(mak, hardware(2))).end_day == day_number(end)
    serial = acme.confirm(host(key, 1)).serial or 0
    row = acme.vendor.store.run(lambda books: books.certificate(serial))
    assert row is not None
    assert row.claims.lease_until_day == day_number(end)
    acme.clock.move(days=41)
    for new in (machine(mak, hardware(3)), host(key, 2)):
        with pytest.raises(Refused) as refused:
            acme.confirm(new)
        assert refused.value.code is Code.KEY_EXHAUSTED
    assert acme.confirm(machine(mak, hardware(1))).packed == before.packed
    vendor.end_contract(acme.vendor, BANK, None)
    assert acme.confirm(host(key, 2)).serial


def test_a_key_that_ends_before_the_contract_ends_on_its_own_day(acme: Acme) -> None:
    sooner = acme.clock.now().date() + timedelta(days=10)
    mak = acme.mak(until=sooner)
    vendor.end_contract(acme.vendor, BANK, sooner + timedelta(days=10))
    assert acme.row(mak).end_day == day_number(sooner)
    with pytest.raises(MusterError):
        vendor.end_contract(acme.vendor, BANK, date(2200, 1, 1))

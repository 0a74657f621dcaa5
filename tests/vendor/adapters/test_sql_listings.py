"""Lists of a vendor with years of business behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from muster.vendor.ports import Books, Search
from tests.worlds.vendor_crowd import crowd
from tests.worlds.vendor_world import Acme

KEYS = 2000


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Acme:
    acme = Acme(tmp_path_factory.mktemp("acme"))
    crowd(acme, KEYS)
    return acme


def test_pages_are_disjoint_and_together_the_whole_list(acme: Acme) -> None:
    def work(books: Books) -> list[int]:
        pages = [books.list_keys(Search(page=page, size=300)) for page in range(1, 9)]
        assert {page.total for page in pages} == {KEYS}
        return [key.id for page in pages for key in page.rows]

    numbers = acme.vendor.store.run(work)
    assert len(numbers) == KEYS
    assert numbers == sorted(set(numbers), reverse=True)


@pytest.mark.parametrize(
    ("search", "total"),
    [
        (Search("customer 00007"), 10),
        (Search("CUSTOMER 00007"), 10),
        (Search("10123"), 1),
        (Search("server"), 0),
        (Search("0007B"), 1),
        (Search("CAD-PRO"), KEYS * 4 // 5),
        (Search("%"), 0),
        (Search("", "blocked"), KEYS // 40),
        (Search("customer 00001", "blocked"), 0),
        (Search(organisation=1003), 10),
    ],
)
def test_keys_are_found(acme: Acme, search: Search, total: int) -> None:
    assert acme.vendor.store.run(lambda books: books.list_keys(replace(search, counted=KEYS))).total == total


def test_states_of_keys_cover_all_that_are_not_two_at_once(acme: Acme) -> None:
    def count(state: str) -> int:
        return acme.vendor.store.run(lambda books: books.list_keys(Search(state=state, counted=KEYS))).total

    both = acme.vendor.store.run(
        lambda books: [k for k in books.list_keys(Search(state="exhausted", size=KEYS)).rows if k.is_blocked]
    )
    assert count("open") + count("blocked") + count("exhausted") - len(both) == KEYS


def test_machines_of_a_key_and_of_a_customer_are_found(acme: Acme) -> None:
    by_key = acme.vendor.store.run(lambda books: books.list_machines(Search(key=10_002)))
    assert by_key.total == 20
    assert {row.key_id for row in by_key.rows} == {10_002}
    by_customer = acme.vendor.store.run(lambda books: books.list_machines(Search("Customer 00000")))
    assert by_customer.total == 9 * 20, "its first key has none"


def test_days_add_up_to_all_machines(acme: Acme) -> None:
    since = acme.clock.now().date() - timedelta(days=100)
    days = acme.vendor.store.run(lambda books: books.activations_per_day(since))
    assert sum(days.values()) == KEYS
    assert not acme.vendor.store.run(
        lambda books: books.activations_per_day(acme.clock.now().date() + timedelta(days=1))
    )


def test_keys_that_are_nearly_used_up_come_fullest_first(acme: Acme) -> None:
    found = acme.vendor.store.run(lambda books: books.nearly_exhausted(1000))
    shares = [key.used / key.activations for key in found]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0.8
    assert not any(key.is_blocked for key in found)

"""Many keys in one go: all of them or none, each with its audit row, each good for what it was sold."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from muster.base.errors import Code, Misconfigured, MusterError, StoreFailed
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor import app as vendor
from muster.vendor.cli.many_keys import issue_many
from muster.vendor.ports import Search
from muster.vendor.service.selling import AT_ONCE, MAX_COUNT
from tests.worlds.vendor_world import BANK, Acme, hardware, key_from, machine

ORDER = vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK, activations=2)
MANY = 2 * AT_ONCE + 5


class Conflict(Exception):
    sqlstate = "40001"


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    with closing(Acme(tmp_path)) as acme:
        yield acme


def count(acme: Acme) -> int:
    return acme.vendor.store.run(lambda books: books.totals()).keys


def test_they_are_different_work_and_stand_in_the_audit(acme: Acme) -> None:
    steps: list[int] = []
    made = vendor.issue_keys(acme.vendor, ORDER, MANY, progress=steps.append)
    assert len({key.text for key in made}) == count(acme) == MANY
    assert steps == [AT_ONCE, 2 * AT_ONCE, MANY]
    for key in (made[0], made[-1]):
        acme.confirm(machine(key, hardware(1)))
        assert (acme.row(key).partial, acme.row(key).used) == (key.partial, 1)
    audit = acme.vendor.store.run(lambda books: books.list_audit(Search("key.issued", size=MANY)))
    numbers = [int(row.subject) for row in audit.rows]
    assert len(set(numbers)) == MANY
    assert acme.row(made[7]).id in numbers


def test_a_conflict_on_the_way_gives_the_same_keys_once(acme: Acme) -> None:
    tries: list[int] = []

    def cross(done: int) -> None:
        tries.append(done)
        if len(tries) == 2:
            raise OperationalError("INSERT", {}, Conflict())

    made = vendor.issue_keys(acme.vendor, ORDER, MANY, progress=cross)
    assert tries == [AT_ONCE, 2 * AT_ONCE, AT_ONCE, 2 * AT_ONCE, MANY]
    assert len({key.text for key in made}) == count(acme) == MANY


@pytest.mark.parametrize("number", [0, -1, MAX_COUNT + 1])
def test_a_count_outside_its_limits_is_refused(acme: Acme, number: int) -> None:
    with pytest.raises(Misconfigured) as told:
        vendor.issue_keys(acme.vendor, ORDER, number)
    assert told.value.code is Code.USAGE


def test_keys_that_could_not_be_kept_are_not_issued(acme: Acme) -> None:
    def keep(_made: Sequence[ProductKey]) -> None:
        raise StoreFailed(Code.STORE_FAILED, "the disk is full")

    with pytest.raises(StoreFailed):
        vendor.issue_keys(acme.vendor, ORDER, 3, keep=keep)
    assert count(acme) == 0


def test_the_table_is_private_whole_and_never_overwritten(acme: Acme, tmp_path: Path) -> None:
    path = tmp_path / "keys.csv"
    issue_many(acme.vendor, ORDER, 5, path)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(row["kind"], row["scope"], row["organisation"]) for row in rows] == [("mak", "acme-cad-pro", BANK)] * 5
    assert all(acme.row(key_from(row["key"])).activations == 2 for row in rows)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(MusterError) as told:
        issue_many(acme.vendor, ORDER, 5, path)
    assert (told.value.code, count(acme)) == (Code.USAGE, 5)


def test_a_folder_that_is_not_there_issues_nothing(acme: Acme, tmp_path: Path) -> None:
    with pytest.raises(MusterError):
        issue_many(acme.vendor, ORDER, 5, tmp_path / "nowhere" / "keys.csv")
    assert count(acme) == 0


def test_a_database_that_fails_leaves_the_table_and_says_how_to_find_out(acme: Acme, tmp_path: Path) -> None:
    order = vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK)
    acme.vendor.store._database.run(  # type: ignore[attr-defined]
        lambda do: do.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON product_key BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    )
    with pytest.raises(StoreFailed) as told:
        issue_many(acme.vendor, order, 2, tmp_path / "keys.csv")
    assert "muster vendor key show" in told.value.hint
    assert not (tmp_path / "keys.csv").exists()
    assert len((tmp_path / "keys.csv.part").read_text().splitlines()) == 3
    assert count(acme) == 0

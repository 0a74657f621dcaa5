"""The console's inventory: selections, tasks that are taken up again, migrations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from muster.base.errors import Misconfigured
from muster.console.adapters.sql_books import SqlStore
from muster.console.adapters.tables import metadata
from muster.console.core.answer import EditionSeen
from muster.console.core.conditions import parse_conditions
from muster.console.core.targets import Target, from_list
from muster.console.core.verdict import DONE, Verdict
from muster.console.ports import Books
from muster.platform.sql import sqlite_url
from tests.worlds.clocks import MORNING

PRO, SERVER = "acme-cad-pro", "acme-cad-server"
GOOD = Verdict(DONE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_url(tmp_path / "console.db"))
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def lab(store: SqlStore) -> SqlStore:
    """pc-1 licensed by a host, pc-2 in grace and a server beside, pc-3 never asked, PC_4 permanent."""
    store.run(
        lambda books: books.add_machines([*from_list("pc-1 pc-2 pc-3"), Target("PC_4", "10.0.0.4")], "list", MORNING)
    )
    seen = {
        "pc-1": [EditionSeen("Acme CAD", PRO, "LICENSED", "host", expires_at=MORNING + timedelta(days=20), count=30)],
        "pc-2": [
            EditionSeen("Acme CAD", PRO, "INITIAL_GRACE", count=3),
            EditionSeen("Acme CAD", SERVER, "NOTIFICATION"),
        ],
        "PC_4": [EditionSeen("Acme CAD", PRO, "LICENSED", "mak", permanent=True)],
    }
    for name, editions in seen.items():
        store.run(partial(refreshed, machine(store, name), editions))
    return store


def refreshed(number: int, editions: list[EditionSeen], books: Books) -> None:
    books.replace_editions(number, editions)
    books.record(number, GOOD, "refresh", MORNING, answered=True)


def machine(store: SqlStore, name: str) -> int:
    (found,) = store.run(lambda books: books.selected(parse_conditions([f"name={name}"]), MORNING))
    return found.id


def lines(store: SqlStore, *conditions: str, **how: Any) -> list[str]:
    found = store.run(lambda books: books.rows(parse_conditions(conditions), MORNING, **how))
    return [f"{row.machine.target.name}:{row.seen.edition[9:] if row.seen else '-'}" for row in found]


ALL = ["pc-1:pro", "pc-2:pro", "pc-2:server", "pc-3:-", "PC_4:pro"]


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ([], ALL),
        (["state=LICENSED"], ["pc-1:pro", "PC_4:pro"]),
        (["state=LICENSED,NOTIFICATION", "name~pc-*"], ["pc-1:pro", "pc-2:server"]),
        (["state!=LICENSED"], ["pc-2:pro", "pc-2:server", "pc-3:-"]),
        (["edition="], ["pc-3:-"]),
        (["name~pc_?"], ["PC_4:pro"]),
        (["name~%"], []),
        (["name=Pc_4"], ["PC_4:pro"]),
        (["expires<30d"], ["pc-1:pro"]),
        (["expires>30d"], []),
        (["contact>1d"], ["pc-3:-"]),
        (["contact<1d", "count>=3", "count<30"], ["pc-2:pro"]),
        (["name='; DROP TABLE machine; --"], []),
    ],
)
def test_selections(lab: SqlStore, conditions: list[str], found: list[str]) -> None:
    assert lines(lab, *conditions) == found
    assert lab.run(lambda books: books.count_rows(parse_conditions(conditions), MORNING)) == len(found)
    whole = lab.run(lambda books: books.selected(parse_conditions(conditions), MORNING))
    assert [m.target.name for m in whole] == list(dict.fromkeys(line.partition(":")[0] for line in found))


def test_pages_follow_one_another(lab: SqlStore) -> None:
    pages = [line for at in range(0, 6, 2) for line in lines(lab, offset=at, limit=2)]
    assert pages == ALL


def test_sorting_puts_what_is_not_known_last_either_way(lab: SqlStore) -> None:
    assert lines(lab, sort="count")[:2] == ["pc-2:pro", "pc-1:pro"]
    assert lines(lab, sort="-count")[:2] == ["pc-1:pro", "pc-2:pro"]
    with pytest.raises(Misconfigured):
        lines(lab, sort="colour")


def test_values_are_counted(lab: SqlStore) -> None:
    tally = lab.run(lambda books: books.tally("state", parse_conditions(["name~pc*"]), MORNING))
    assert tally == {"LICENSED": 2, "": 1, "INITIAL_GRACE": 1, "NOTIFICATION": 1}


def test_discovery_keeps_what_is_known(lab: SqlStore) -> None:
    again = lab.run(lambda books: books.add_machines(from_list("PC-1 pc-5"), "csv", MORNING + timedelta(days=1)))
    assert again == 1
    assert lines(lab, "name=pc-1", "source=list", "state=LICENSED") == ["pc-1:pro"]


def test_a_removed_machine_takes_its_editions_along_and_may_still_answer(lab: SqlStore) -> None:
    number = machine(lab, "pc-2")
    assert lab.run(lambda books: books.remove([number, 999])) == 1
    lab.run(lambda books: books.replace_editions(number, [EditionSeen("Acme CAD", PRO, "LICENSED")]))
    assert lines(lab) == ["pc-1:pro", "pc-3:-", "PC_4:pro"]


def test_a_task_is_taken_up_where_it_stopped(lab: SqlStore) -> None:
    first, second = machine(lab, "pc-1"), machine(lab, "pc-2")
    number = lab.run(lambda books: books.begin("renew", {"edition": PRO}, "anna", [first, second], MORNING))
    lab.run(lambda books: books.settle(number, first, Verdict("HOST_UNREACHABLE", "no answer"), MORNING))
    (task,) = lab.run(lambda books: books.unfinished())
    assert (task.kind, task.parameters, task.actor, task.waiting, task.done) == (
        "renew",
        {"edition": PRO},
        "anna",
        1,
        1,
    )
    assert [m.id for m in lab.run(lambda books: books.waiting(number))] == [second]
    lab.run(lambda books: books.settle(number, second, GOOD, MORNING))
    assert lab.run(lambda books: books.unfinished()) == []
    assert lab.run(lambda books: books.verdicts(number)) == [
        ("pc-1", Verdict("HOST_UNREACHABLE", "no answer")),
        ("pc-2", GOOD),
    ]


def test_ssh_host_keys_are_pinned_and_forgotten(lab: SqlStore) -> None:
    number = machine(lab, "pc-1")
    assert lab.run(lambda books: books.ssh_key(number)) == ""
    lab.run(lambda books: books.pin_ssh_key(number, "ssh-ed25519 AAAA"))
    assert lab.run(lambda books: books.ssh_key(number)) == "ssh-ed25519 AAAA"


def test_the_migrations_make_exactly_the_tables(tmp_path: Path, store: SqlStore) -> None:
    with sa.create_engine(sqlite_url(tmp_path / "console.db")).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []

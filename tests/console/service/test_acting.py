"""One action on many machines: a verdict for each, whatever they do; resumed after a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from muster.base.errors import Code, Misconfigured, StoreFailed
from muster.console.adapters.sql_books import SqlStore
from muster.console.core.answer import MAX_ANSWER_BYTES
from muster.console.core.conditions import parse_conditions
from muster.console.core.targets import from_list
from muster.console.ports import Books
from muster.console.service.acting import Console, begin, carry_out, forget_ssh_key
from muster.platform.sql import sqlite_url
from tests.worlds.carried_machines import CarriedMachines, edition, silent
from tests.worlds.clocks import MORNING, HandClock

Result = TypeVar("Result")
GARBAGE = b"\x1b]0;owned\x07<script>alert(1)</script>"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def console(store: SqlStore, clock: HandClock) -> Console:
    return Console(store, clock, "anna")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_url(tmp_path / "console.db"))
    store.migrate()
    store.run(lambda books: books.add_machines(from_list("pc-[01:20]"), "list", MORNING))
    yield store
    store.close()


def start(console: Console, operation: str = "status", *conditions: str, **parameters: Any) -> int:
    return begin(console, operation, parameters, parse_conditions(conditions))


def run(console: Console, machines: CarriedMachines, task: int) -> int:
    return asyncio.run(carry_out(console, machines, task))


def codes(store: SqlStore, task: int) -> dict[str, str]:
    return {name: verdict.code for name, verdict in store.run(lambda books: books.verdicts(task))}


def test_every_machine_gets_the_verdict_it_deserves(console: Console, store: SqlStore, clock: HandClock) -> None:
    refused = {"error": {"code": "KEY_WRONG_EDITION", "message": "of\x1b[2J another"}, "editions": []}
    machines = CarriedMachines(
        {
            "pc-01": silent(),
            "pc-02": GARBAGE,
            "pc-03": b"x" * (MAX_ANSWER_BYTES + 1),
            "pc-04": json.dumps(refused).encode(),
            "pc-05": b'{"error": 7}',
            "pc-06": b'{"editions": [{"edition": "x", "state": "GOLDEN"}]}',
        }
    )
    task = start(console)
    assert run(console, machines, task) == 20
    told = codes(store, task)
    assert [told[f"pc-0{n}"] for n in range(1, 7)] == [
        *(
            "MACHINE_UNREACHABLE",
            "ANSWER_MALFORMED",
            "ANSWER_MALFORMED",
            "KEY_WRONG_EDITION",
            "INTERNAL",
            "ANSWER_MALFORMED",
        ),
    ]
    assert [code for name, code in told.items() if name > "pc-06"] == ["DONE"] * 14
    assert all(verdict.text.isprintable() for _, verdict in store.run(lambda books: books.verdicts(task)))
    assert store.run(lambda books: books.tally("state", (), MORNING)) == {"LICENSED": 14, "": 6}


def test_a_surprise_with_one_machine_keeps_nobody_waiting(console: Console, store: SqlStore) -> None:
    task = start(console)
    assert run(console, CarriedMachines({"pc-05": ZeroDivisionError()}), task) == 20
    assert {name for name, code in codes(store, task).items() if code != "DONE"} == {"pc-05"}


def test_what_was_known_of_a_machine_stays_when_it_is_silent(
    console: Console, store: SqlStore, clock: HandClock
) -> None:
    run(console, CarriedMachines(), start(console))
    clock.move(days=3)
    run(console, CarriedMachines({"pc-01": silent()}), start(console))
    (row,) = store.run(lambda books: books.rows(parse_conditions(["result=MACHINE_UNREACHABLE"]), clock.now()))
    assert (row.machine.target.name, row.machine.contact_at, row.seen is not None) == ("pc-01", MORNING, True)


def test_a_killed_action_goes_on_where_it_stopped(console: Console, store: SqlStore, clock: HandClock) -> None:
    task = start(console, "renew")

    async def killed() -> None:
        machines = CarriedMachines()
        doing = asyncio.create_task(carry_out(console, machines, task))
        machines.before = lambda number: number == 10 and doing.cancel()
        await doing

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(killed())
    (left,) = store.run(lambda books: books.unfinished())
    assert (left.id, left.kind, left.waiting + left.done) == (task, "renew", 20)
    second = CarriedMachines()
    assert run(console, second, task) == left.waiting
    assert len(codes(store, task)) == 20
    assert store.run(lambda books: books.unfinished()) == []


def test_a_database_that_fails_ends_the_action_to_be_resumed(
    console: Console, store: SqlStore, clock: HandClock
) -> None:
    class Failing:
        """Works until the first verdicts are to be kept."""

        def __init__(self) -> None:
            self.left = 2

        def run(self, work: Callable[[Books], Result]) -> Result:
            if not self.left:
                raise StoreFailed(Code.STORE_FAILED)
            self.left -= 1
            return store.run(work)

    task = start(console)
    with pytest.raises(StoreFailed):
        asyncio.run(carry_out(Console(Failing(), clock, "anna"), CarriedMachines(), task))
    assert [each.waiting for each in store.run(lambda books: books.unfinished())] == [20]


def test_ssh_host_keys_are_learnt_once_and_a_changed_one_is_refused(
    console: Console, store: SqlStore, clock: HandClock
) -> None:
    machines = CarriedMachines()
    run(console, machines, start(console))
    machines.keys["pc-07"] = "ssh-ed25519 BBBB"
    task = start(console)
    run(console, machines, task)
    assert {name for name, code in codes(store, task).items() if code == "MACHINE_UNTRUSTED"} == {"pc-07"}
    assert forget_ssh_key(console, parse_conditions(["name=pc-07"])) == 1
    again = start(console, "status", "name=pc-07")
    run(console, machines, again)
    assert codes(store, again) == {"pc-07": "DONE"}


def test_parameters_reach_the_machines_and_the_selection_holds(
    console: Console, store: SqlStore, clock: HandClock
) -> None:
    machines = CarriedMachines()
    run(console, machines, start(console, "set-type", "name~pc-1*", type="host"))
    assert {name for name, _ in machines.asked} == {f"pc-{n}" for n in range(10, 20)}
    assert {json.dumps(asked) for _, asked in machines.asked} == {
        '{"version": 1, "operation": "set-type", "type": "host"}'
    }


def test_an_action_on_nothing_is_a_mistake(console: Console, store: SqlStore, clock: HandClock) -> None:
    with pytest.raises(Misconfigured):
        start(console, "status", "name=nobody")
    with pytest.raises(Misconfigured):
        run(console, CarriedMachines(), 4711)


def test_a_change_is_on_record_before_the_first_machine_is_asked(
    console: Console, store: SqlStore, clock: HandClock
) -> None:
    start(console, "rearm", "name~pc-0*")
    rows = store.run(lambda books: books.audited(10))
    assert [(row.actor, row.action, row.subject) for row in rows] == [("anna", "machines.rearm", "9 machines")]


def test_editions_that_went_are_gone(console: Console, store: SqlStore, clock: HandClock) -> None:
    two = json.dumps({"editions": [edition(), edition() | {"edition": "acme-cad-server"}]}).encode()
    run(console, CarriedMachines({"pc-01": two}), start(console, "status", "name=pc-01"))
    assert len(store.run(lambda books: books.rows(parse_conditions(["name=pc-01"]), MORNING))) == 2
    run(console, CarriedMachines(), start(console, "status", "name=pc-01"))
    assert len(store.run(lambda books: books.rows(parse_conditions(["name=pc-01"]), MORNING))) == 1

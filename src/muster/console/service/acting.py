"""One action on many machines: written down before it begins, a verdict for each, taken up again after a crash.

The audit row and the list of machines are committed before the first machine is asked. Verdicts are kept in small groups as
they come; a machine without a kept verdict is asked again when the task is resumed, and every operation of a machine may be
asked twice. A failing machine never keeps the others waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from muster.base.clock import Clock
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured, MusterError
from muster.base.log import event
from muster.console.core.answer import EditionSeen
from muster.console.core.conditions import Condition
from muster.console.core.requests import CHANGING, read_answer, request
from muster.console.core.verdict import Verdict, verdict_of
from muster.console.ports import Books, Carrier, Machine, Store
from muster.console.service.deeds import Deed, deed_of

GROUP = 100
"""Verdicts kept in one transaction, at most."""


@dataclass(frozen=True, slots=True)
class Console:
    """The inventory as one person works on it. `actor`: who it is, for the record."""

    store: Store
    clock: Clock
    actor: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One machine's verdict, what is on it now, and what else it answered. `key` is the SSH host key to pin."""

    machine: Machine
    verdict: Verdict
    editions: tuple[EditionSeen, ...] | None
    answer: Mapping[str, Any]
    key: str
    answered: bool


Watcher = Callable[[Outcome], None]
"""Told of every outcome once it is kept."""
Resolve = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""From an operation and the parameters that are kept to those that machines are sent."""


def begin(console: Console, operation: str, parameters: Mapping[str, Any], conditions: Sequence[Condition]) -> int:
    """Write an action down for the machines that fit; its number. Raises `Misconfigured` when none does.

    `parameters` are kept and audited, so a product key goes into them by its number in the console; `Resolve` opens it.
    """
    now = console.clock.now()

    def work(books: Books) -> int:
        machines = [machine.id for machine in books.selected(conditions, now)]
        return written_down(console, books, operation, parameters, machines)

    return console.store.run(work)


def written_down(
    console: Console, books: Books, operation: str, parameters: Mapping[str, Any], machines: Sequence[int]
) -> int:
    """`begin` for machines that were chosen already, within a transaction."""
    now = console.clock.now()
    if not machines:
        raise Misconfigured(Code.NOT_FOUND, "no machine fits these conditions", "see: muster console machines")
    if operation in CHANGING:
        books.audit(now, console.actor, f"machines.{operation}", counted(len(machines), "machine"), parameters)
    return books.begin(operation, parameters, console.actor, machines, now)


async def carry_out(
    console: Console,
    carrier: Carrier,
    task: int,
    *,
    watch: Watcher = lambda _: None,
    resolve: Resolve = lambda _, parameters: parameters,
) -> int:
    """Ask every machine of a task that has no verdict yet; how many were asked. Call it again after a crash."""
    found = await asyncio.to_thread(console.store.run, lambda books: books.task(task))
    if found is None:
        raise Misconfigured(Code.NOT_FOUND, f"there is no task {task}", "see: muster console tasks")
    deed = deed_of(found.kind, await asyncio.to_thread(resolve, found.kind, found.parameters))

    def work(books: Books) -> list[tuple[Machine, str]]:
        waiting = books.waiting(task)
        deed.prepare(books, waiting)
        return [(machine, books.ssh_key(machine.id)) for machine in waiting]

    waiting = await asyncio.to_thread(console.store.run, work)
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    keep = partial(_kept, console, task, deed)
    keeping = asyncio.create_task(_keep(keep, outcomes, len(waiting), watch))
    asking = [asyncio.create_task(_ask(carrier, machine, pinned, deed, outcomes)) for machine, pinned in waiting]
    try:
        # Keeping ends when every machine has its verdict, or with the database.
        await keeping
    finally:
        for each in (keeping, *asking):
            each.cancel()
        await asyncio.gather(keeping, *asking, return_exceptions=True)
    return len(waiting)


async def _ask(carrier: Carrier, machine: Machine, pinned: str, deed: Deed, outcomes: asyncio.Queue[Outcome]) -> None:
    try:
        raw, key = await carrier.ask(machine, pinned, request(deed.operation, deed.asked(machine)))
        verdict, editions, answer = read_answer(raw)
        outcome = Outcome(machine, verdict, editions, answer, "" if pinned else key, answered=True)
    except MusterError as error:
        outcome = Outcome(machine, verdict_of(error), None, {}, "", answered=False)
    except Exception as error:  # noqa: BLE001 - one machine's surprise must not keep the others waiting
        event("console", "machine.failed", machine=machine.target.name, problem=repr(error))
        outcome = Outcome(machine, Verdict(str(Code.INTERNAL), Code.INTERNAL.meaning), None, {}, "", answered=False)
    await outcomes.put(outcome)


async def _keep(
    keep: Callable[[Sequence[Outcome]], Sequence[Outcome]],
    outcomes: asyncio.Queue[Outcome],
    number: int,
    watch: Watcher,
) -> None:
    while number:
        group = [await outcomes.get()]
        with suppress(asyncio.QueueEmpty):
            while len(group) < GROUP:
                group.append(outcomes.get_nowait())
        kept = await asyncio.to_thread(keep, group)
        number -= len(group)
        for outcome in kept:
            watch(outcome)


def _kept(console: Console, task: int, deed: Deed, group: Sequence[Outcome]) -> list[Outcome]:
    now = console.clock.now()

    def work(books: Books) -> list[Outcome]:
        return [_one_kept(books, task, deed, outcome, now) for outcome in group]

    return console.store.run(work)


def _one_kept(books: Books, task: int, deed: Deed, outcome: Outcome, now: datetime) -> Outcome:
    machine = outcome.machine.id
    if outcome.key:
        books.pin_ssh_key(machine, outcome.key)
    if outcome.editions is not None:
        books.replace_editions(machine, outcome.editions)
    if outcome.verdict.is_good:
        verdict = deed.keep(books, outcome.machine, outcome.answer, outcome.editions or (), now)
        outcome = replace(outcome, verdict=verdict)
    books.record(machine, outcome.verdict, deed.operation, now, answered=outcome.answered)
    books.settle(task, machine, outcome.verdict, now)
    return outcome


def forget_ssh_key(console: Console, conditions: Sequence[Condition]) -> int:
    """After a new installation: let the next SSH host key of these machines be learnt; how many were forgotten."""
    now = console.clock.now()

    def work(books: Books) -> int:
        machines = [machine for machine in books.selected(conditions, now) if books.ssh_key(machine.id)]
        for machine in machines:
            books.audit(
                now, console.actor, "machine.ssh-key-forgotten", machine.target.name, {"key": books.ssh_key(machine.id)}
            )
            books.pin_ssh_key(machine.id, "")
        return len(machines)

    return console.store.run(work)

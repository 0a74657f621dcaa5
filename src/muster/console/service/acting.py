"""One action on many machines: written down before it begins, a verdict for each, taken up again after a crash.

The audit row and the list of machines are committed before the first machine is asked. Verdicts are kept in small groups as
they come; a machine without a kept verdict is asked again when the task is resumed, and every operation of a machine may be
asked twice. A failing machine never keeps the others waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from muster.base.clock import Clock
from muster.base.errors import Code, Misconfigured, MusterError
from muster.base.log import event
from muster.console.core.answer import EditionSeen
from muster.console.core.conditions import Condition
from muster.console.core.requests import CHANGING, read_answer, request
from muster.console.core.verdict import Verdict, verdict_of
from muster.console.ports import Books, Carrier, Machine, Store

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
Resolve = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From the parameters that are kept to those that a machine is sent."""


def begin(console: Console, operation: str, parameters: Mapping[str, Any], conditions: Sequence[Condition]) -> int:
    """Write an action down for the machines that fit; its number. Raises `Misconfigured` when none does.

    `parameters` are kept and audited, so a product key goes into them by its number in the console; `Resolve` opens it.
    """
    now = console.clock.now()

    def work(books: Books) -> int:
        machines = books.selected(conditions, now)
        if not machines:
            raise Misconfigured(Code.NOT_FOUND, "no machine fits these conditions", "see: muster console machines")
        if operation in CHANGING:
            books.audit(now, console.actor, f"machines.{operation}", f"{len(machines)} machines", parameters)
        return books.begin(operation, parameters, console.actor, [machine.id for machine in machines], now)

    return console.store.run(work)


async def carry_out(
    console: Console,
    carrier: Carrier,
    task: int,
    *,
    watch: Watcher = lambda _: None,
    resolve: Resolve = lambda parameters: parameters,
) -> int:
    """Ask every machine of a task that has no verdict yet; how many were asked. Call it again after a crash."""

    def work(books: Books) -> tuple[str, Mapping[str, Any], list[tuple[Machine, str]]]:
        found = books.task(task)
        if found is None:
            raise Misconfigured(Code.NOT_FOUND, f"there is no task {task}", "see: muster console tasks")
        return found.kind, found.parameters, [(machine, books.ssh_key(machine.id)) for machine in books.waiting(task)]

    operation, parameters, waiting = await asyncio.to_thread(console.store.run, work)
    asked = request(operation, resolve(parameters))
    outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
    keep = partial(_kept, console, task, operation)
    keeping = asyncio.create_task(_keep(keep, outcomes, len(waiting), watch))
    asking = [asyncio.create_task(_ask(carrier, machine, pinned, asked, outcomes)) for machine, pinned in waiting]
    try:
        # Keeping ends when every machine has its verdict, or with the database.
        await keeping
    finally:
        for each in (keeping, *asking):
            each.cancel()
        await asyncio.gather(keeping, *asking, return_exceptions=True)
    return len(waiting)


async def _ask(carrier: Carrier, machine: Machine, pinned: str, asked: bytes, outcomes: asyncio.Queue[Outcome]) -> None:
    try:
        raw, key = await carrier.ask(machine, pinned, asked)
        verdict, editions, answer = read_answer(raw)
        outcome = Outcome(machine, verdict, editions, answer, "" if pinned else key, answered=True)
    except MusterError as error:
        outcome = Outcome(machine, verdict_of(error), None, {}, "", answered=False)
    except Exception as error:  # noqa: BLE001 - one machine's surprise must not keep the others waiting
        event("console", "machine.failed", machine=machine.target.name, problem=repr(error))
        outcome = Outcome(machine, Verdict(str(Code.INTERNAL), Code.INTERNAL.meaning), None, {}, "", answered=False)
    await outcomes.put(outcome)


async def _keep(
    keep: Callable[[Sequence[Outcome]], None], outcomes: asyncio.Queue[Outcome], number: int, watch: Watcher
) -> None:
    while number:
        group = [await outcomes.get()]
        with suppress(asyncio.QueueEmpty):
            while len(group) < GROUP:
                group.append(outcomes.get_nowait())
        await asyncio.to_thread(keep, group)
        number -= len(group)
        for outcome in group:
            watch(outcome)


def _kept(console: Console, task: int, operation: str, group: Sequence[Outcome]) -> None:
    now = console.clock.now()

    def work(books: Books) -> None:
        for outcome in group:
            machine, verdict = outcome.machine.id, outcome.verdict
            if outcome.key:
                books.pin_ssh_key(machine, outcome.key)
            if outcome.editions is not None:
                books.replace_editions(machine, outcome.editions)
            books.record(machine, verdict, operation, now, answered=outcome.answered)
            books.settle(task, machine, verdict, now)

    console.store.run(work)


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

"""Commands that go to machines: a progress bar, a line for each machine that said no, a summary."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console as Screen
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from muster.base import terminal
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured
from muster.console import app as console
from muster.console.cli.reaching import Reach, reaching
from muster.console.cli.unlocking import Unlock, vault_when_needed

FAILED = 1
Edition = Annotated[str, typer.Option("--edition", help="One edition; without it, the only one, or each.")]
Service = Annotated[str, typer.Option("--service", help="The vendor's service, instead of the product file's.")]
Verdicts = list[tuple[str, console.Verdict]]


@reaching
def refresh(reach: Reach) -> None:
    """Ask machines what is on them."""
    _act(reach, "status", {})


@reaching
def activate(reach: Reach, edition: Edition = "", service: Service = "") -> None:
    """Have machines activate now: by directory, host or vendor, as each is set up."""
    _act(reach, "activate", _given(edition=edition, service=service))


@reaching
def renew(reach: Reach, edition: Edition = "") -> None:
    """Have machines renew before their time."""
    _act(reach, "renew", _given(edition=edition))


@reaching
def set_host(
    reach: Reach,
    hosts: Annotated[str, typer.Argument(help="HOST[:PORT],… in order; an empty text: found in DNS.")],
    edition: Edition = "",
) -> None:
    """Set which activation hosts machines ask."""
    _act(reach, "set-host", {"hosts": hosts, **_given(edition=edition)})


@reaching
def set_type(
    reach: Reach,
    way: Annotated[str, typer.Argument(help="any, directory, host or mak.")],
    edition: Edition = "",
) -> None:
    """Set how machines may be activated."""
    _act(reach, "set-type", {"way": way, **_given(edition=edition)})


@reaching
def rearm(reach: Reach, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Give machines new client ids and reset their timers; their activations are dropped. Asks twice."""
    if not reach.where:
        raise Misconfigured(Code.USAGE, "which machines?", "give --where, like --where name=pc-7")
    number = len(console.selected(console.open_console(reach.home), reach.conditions))
    if number and not yes:
        typer.confirm(f"Rearm {counted(number, 'machine')}? Their activations are dropped.", abort=True, err=True)
        typer.confirm("Really?", abort=True, err=True)
    _act(reach, "rearm", {})


@reaching
def resume(
    reach: Reach,
    task: Annotated[int | None, typer.Argument(help="The task; without it the oldest one.", show_default=False)] = None,
) -> None:
    """Go on with an action that was stopped half-way."""
    work = console.open_console(reach.home)
    left = console.unfinished(work)
    if not left:
        terminal.note("nothing is left to do")
        return
    numbers = [each.id for each in left]
    if task is not None and task not in numbers:
        raise Misconfigured(Code.NOT_FOUND, f"task {task} is not waiting", f"waiting: {', '.join(map(str, numbers))}")
    finish(reach, work, [numbers[0] if task is None else task])


def _given(**parameters: str) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value}


def _act(reach: Reach, operation: str, parameters: dict[str, Any]) -> None:
    work = console.open_console(reach.home)
    finish(reach, work, [console.begin(work, operation, parameters, reach.conditions)])


def finish(reach: Reach, work: console.Console, tasks: Sequence[int], vault: Unlock | None = None) -> None:
    """Carry tasks out, one after the other, and tell how it went; ends with 1 when a machine said no."""
    told = run(reach, work, tasks, vault)
    good = sum(verdict.is_good for _, verdict in told)
    if reach.as_json:
        verdicts = [{"machine": name, "code": verdict.code, "text": verdict.text} for name, verdict in told]
        row = {"task": tasks[0]} if len(tasks) == 1 else {"tasks": list(tasks)}
        terminal.result_json({**row, "done": good, "failed": len(told) - good, "verdicts": verdicts})
    else:
        tell(told)
    if good < len(told):
        raise typer.Exit(FAILED)


def tell(told: Verdicts, done: str = "machines done") -> None:
    """A line for each that said no, and a summary."""
    for name, verdict in told:
        if not verdict.is_good:
            terminal.result(f"{name:30}  {verdict.code:22}  {terminal.clean(verdict.text)}")
    reasons = Counter(verdict.code for _, verdict in told if not verdict.is_good)
    rest = "".join(f", {number} {code}" for code, number in reasons.most_common())
    good = sum(verdict.is_good for _, verdict in told)
    terminal.result(f"{good} of {len(told)} {done}{rest}")


def run(reach: Reach, work: console.Console, tasks: Sequence[int], vault: Unlock | None = None) -> Verdicts:
    """Carry tasks out, one after the other; names and verdicts of all."""
    resolve = console.unsealing(work, vault or vault_when_needed(reach.home, reach.passphrase_fd))
    with progress("asking machines", _waiting(work, tasks)) as advance:
        asyncio.run(_carry_out(reach, work, tasks, advance, resolve))
    return [verdict for task in tasks for verdict in console.verdicts(work, task)]


def _waiting(work: console.Console, tasks: Sequence[int]) -> int:
    return sum(each.waiting for each in console.unfinished(work) if each.id in tasks)


async def _carry_out(
    reach: Reach, work: console.Console, tasks: Sequence[int], advance: Any, resolve: console.Resolve
) -> None:
    carrier = console.carrier(reach.home, **reach.ssh)
    try:
        for task in tasks:
            await console.carry_out(work, carrier, task, watch=advance, resolve=resolve)
    finally:
        await carrier.close()


@contextlib.contextmanager
def progress(what: str, total: int | None) -> Iterator[Any]:
    """A bar on standard error where somebody looks at it; gives what moves it on by one."""
    screen = Screen(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as shown:
        bar = shown.add_task(what, total=total)
        yield lambda _: shown.advance(bar)

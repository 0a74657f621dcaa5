"""Commands that go to machines: a progress bar, a line for each machine that said no, a summary."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console as Screen
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.console import app as console
from muster.console.cli.options import AtOnce, Home, Json, Jump, KeyFile, User, Where, conditions_of, home_of

FAILED = 1


def refresh(
    context: typer.Context,
    *,
    where: Where = None,
    user: User = None,
    ssh_key: KeyFile = None,
    jump: Jump = None,
    at_once: AtOnce = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Ask machines what is on them."""
    work = console.open_console(home_of(context, home))
    task = console.begin(work, "status", {}, conditions_of(where))
    with_ssh = _ssh(user, ssh_key, jump, at_once)
    _finish(work, home_of(context, home), task, with_ssh, as_json=as_json)


def resume(
    context: typer.Context,
    task: Annotated[int | None, typer.Argument(help="The task; without it the oldest one.", show_default=False)] = None,
    *,
    user: User = None,
    ssh_key: KeyFile = None,
    jump: Jump = None,
    at_once: AtOnce = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Go on with an action that was stopped half-way."""
    work = console.open_console(home_of(context, home))
    left = console.unfinished(work)
    if not left:
        terminal.note("nothing is left to do")
        return
    numbers = [each.id for each in left]
    if task is not None and task not in numbers:
        raise Misconfigured(Code.NOT_FOUND, f"task {task} is not waiting", f"waiting: {', '.join(map(str, numbers))}")
    with_ssh = _ssh(user, ssh_key, jump, at_once)
    _finish(work, home_of(context, home), numbers[0] if task is None else task, with_ssh, as_json=as_json)


def _ssh(user: str | None, keys: Sequence[Path] | None, jump: str | None, at_once: int | None) -> dict[str, Any]:
    names = tuple(map(str, keys)) if keys else None
    return {"user": user, "keys": names, "jump": jump, "at_once": at_once}


def _finish(work: console.Console, home: Path, task: int, with_ssh: dict[str, Any], *, as_json: bool) -> None:
    with _progress(work, task) as watch:
        asyncio.run(_carry_out(work, home, task, with_ssh, watch))
    told = console.verdicts(work, task)
    good = sum(verdict.is_good for _, verdict in told)
    if as_json:
        verdicts = [{"machine": name, "code": verdict.code, "text": verdict.text} for name, verdict in told]
        terminal.result_json({"task": task, "done": good, "failed": len(told) - good, "verdicts": verdicts})
    else:
        for name, verdict in told:
            if not verdict.is_good:
                terminal.result(f"{name:30}  {verdict.code:22}  {terminal.clean(verdict.text)}")
        reasons = Counter(verdict.code for _, verdict in told if not verdict.is_good)
        rest = "".join(f", {number} {code}" for code, number in reasons.most_common())
        terminal.result(f"{good} of {len(told)} machines done{rest}")
    if good < len(told):
        raise typer.Exit(FAILED)


async def _carry_out(work: console.Console, home: Path, task: int, with_ssh: dict[str, Any], watch: Any) -> None:
    carrier = console.carrier(home, **with_ssh)
    try:
        await console.carry_out(work, carrier, task, watch=watch)
    finally:
        await carrier.close()


@contextlib.contextmanager
def _progress(work: console.Console, task: int) -> Iterator[Any]:
    """A bar on standard error where somebody looks at it."""
    screen = Screen(stderr=True)
    total = next((each.waiting for each in console.unfinished(work) if each.id == task), 0)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
        bar = progress.add_task("asking machines", total=total)
        yield lambda _: progress.advance(bar)

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
Edition = Annotated[str, typer.Option("--edition", help="One edition; without it, the only one, or each.")]


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
    _act(home_of(context, home), "status", {}, where, _ssh(user, ssh_key, jump, at_once), as_json=as_json)


def activate(
    context: typer.Context,
    *,
    where: Where = None,
    edition: Edition = "",
    service: Annotated[
        str, typer.Option("--service", help="The vendor's service, instead of the product file's.")
    ] = "",
    user: User = None,
    ssh_key: KeyFile = None,
    jump: Jump = None,
    at_once: AtOnce = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Have machines activate now: by directory, host or vendor, as each is set up."""
    parameters = _given(edition=edition, service=service)
    _act(home_of(context, home), "activate", parameters, where, _ssh(user, ssh_key, jump, at_once), as_json=as_json)


def renew(
    context: typer.Context,
    *,
    where: Where = None,
    edition: Edition = "",
    user: User = None,
    ssh_key: KeyFile = None,
    jump: Jump = None,
    at_once: AtOnce = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Have machines renew before their time."""
    _act(
        home_of(context, home),
        "renew",
        _given(edition=edition),
        where,
        _ssh(user, ssh_key, jump, at_once),
        as_json=as_json,
    )


def set_host(
    context: typer.Context,
    hosts: Annotated[str, typer.Argument(help="HOST[:PORT],… in order; an empty text: found in DNS.")],
    *,
    where: Where = None,
    edition: Edition = "",
    user: User = None,
    ssh_key: KeyFile = None,
    jump: Jump = None,
    at_once: AtOnce = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Set which activation hosts machines ask."""
    parameters = {"hosts": hosts, **_given(edition=edition)}
    _act(home_of(context, home), "set-host", parameters, where, _ssh(user, ssh_key, jump, at_once), as_json=as_json)


def rearm(
    context: typer.Context,
    *,
    where: Where = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    user: User = None,
    ssh_key: KeyFile = None,
    jump: Jump = None,
    at_once: AtOnce = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Give machines new client ids and reset their timers; their activations are dropped. Asks twice."""
    if not where:
        raise Misconfigured(Code.USAGE, "which machines?", "give --where, like --where name=pc-7")
    number = len(console.selected(console.open_console(home_of(context, home)), conditions_of(where)))
    if number and not yes:
        typer.confirm(f"Rearm {number} machines? Their activations are dropped.", abort=True, err=True)
        typer.confirm("Really?", abort=True, err=True)
    _act(home_of(context, home), "rearm", {}, where, _ssh(user, ssh_key, jump, at_once), as_json=as_json)


def _given(**parameters: str) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value}


def _act(
    home: Path,
    operation: str,
    parameters: dict[str, Any],
    where: Sequence[str] | None,
    with_ssh: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    work = console.open_console(home)
    task = console.begin(work, operation, parameters, conditions_of(where))
    _finish(work, home, task, with_ssh, as_json=as_json)


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

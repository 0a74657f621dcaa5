"""``muster console``: finds machines, shows their states, acts on many. Only words in and out; decides nothing."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured
from muster.console import app as console
from muster.console.cli.accounts import accounts
from muster.console.cli.acting import activate, rearm, refresh, renew, resume, set_host, set_type
from muster.console.cli.carrying import confirm_file, deposit, export, import_files, proxy
from muster.console.cli.finding import discover
from muster.console.cli.forests import forest
from muster.console.cli.keys import install_key, keys, products
from muster.console.cli.options import Home, Json, Where, conditions_of, home_of, remember_home
from muster.console.cli.reporting import report
from muster.console.cli.serving import serve
from muster.console.cli.views import views
from muster.platform.settings_commands import config_commands

MAX_LINE = 400
app = typer.Typer(add_completion=False, no_args_is_help=True, help="The administrator's tool for many machines.")
app.callback()(remember_home)
app.command()(discover)
app.command()(refresh)
app.command()(activate)
app.command()(renew)
app.command("set-host")(set_host)
app.command("set-type")(set_type)
app.command()(rearm)
app.command("install-key")(install_key)
app.command()(proxy)
app.command()(export)
app.command("confirm-file")(confirm_file)
app.command("import")(import_files)
app.command()(deposit)
app.command()(resume)
app.command()(report)
app.command()(serve)
app.add_typer(accounts, name="account")
app.add_typer(views, name="view")
app.add_typer(keys, name="keys")
app.add_typer(forest, name="directory")
app.add_typer(products, name="products")
app.add_typer(config_commands(console.SETTINGS_FILE, home_of), name="config")


@app.command()
def machines(
    context: typer.Context,
    *,
    where: Where = None,
    view: Annotated[str, typer.Option("--view", help="A saved view; what else is given is added to it.")] = "",
    sort: Annotated[str, typer.Option("--sort", help="A field; -field turns it round.")] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many lines.", show_default=False)
    ] = None,
    group_by: Annotated[str, typer.Option("--group-by", help="Count the values of a field, like state.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show the inventory: one line for each edition on each machine."""
    work = console.open_console(home_of(context, home))
    saved = console.view_named(work, view) if view else console.View("all")
    conditions = conditions_of([*saved.where, *(where or ())])
    sort, group_by = sort or saved.sort, group_by or saved.group_by
    if group_by:
        counts = console.tally(work, group_by, conditions)
        if as_json:
            terminal.result_json({"counts": counts})
        for value, number in () if as_json else counts.items():
            terminal.result(f"{number:8}  {value or '–'}")
        return
    rows = console.rows(work, conditions, sort=sort, limit=limit)
    if as_json:
        terminal.result_json({"machines": rows})
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, console.COLUMNS)
        writer.writeheader()
        writer.writerows({name: console.cell(value) for name, value in row.items()} for row in rows)
    else:
        head = [name.replace("_", " ") for name in console.SHOWN]
        _table([head, *([_word(row[name]) for name in console.SHOWN] for row in rows)])
        terminal.note(f"{len(rows)} in all")


def _word(value: object) -> str:
    return terminal.clean("–" if value is None else str(value))


def _table(lines: list[list[str]]) -> None:
    """Columns as wide as what stands in them."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        terminal.result("  ".join(f"{word:{width}}" for word, width in zip(line, widths, strict=True)).rstrip())


@app.command()
def remove(
    context: typer.Context,
    *,
    where: Where = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: Home = None,
) -> None:
    """Take machines out of the inventory. Nothing changes on them."""
    if not where:
        raise Misconfigured(Code.USAGE, "which machines?", "give --where, like --where name=pc-7")
    work, conditions = console.open_console(home_of(context, home)), conditions_of(where)
    number = len(console.selected(work, conditions))
    if number and not yes:
        typer.confirm(f"Remove {counted(number, 'machine')} from the inventory?", abort=True, err=True)
    terminal.result(f"{counted(console.remove(work, conditions), 'machine')} removed")


@app.command("forget-ssh-key")
def forget_ssh_key(context: typer.Context, *, where: Where = None, home: Home = None) -> None:
    """After a new installation: learn the SSH host key of these machines anew."""
    if not where:
        raise Misconfigured(Code.USAGE, "which machines?", "give --where, like --where name=pc-7")
    number = console.forget_ssh_key(console.open_console(home_of(context, home)), conditions_of(where))
    terminal.result(f"{number} SSH host keys forgotten")


@app.command()
def tasks(context: typer.Context, *, as_json: Json = False, home: Home = None) -> None:
    """Show actions that were stopped half-way."""
    left = console.unfinished(console.open_console(home_of(context, home)))
    if as_json:
        rows = [{"task": t.id, "action": t.kind, "actor": t.actor, "waiting": t.waiting, "done": t.done} for t in left]
        terminal.result_json({"tasks": rows})
        return
    for task in left:
        terminal.result(f"{task.id:6}  {task.kind:16}  {task.actor:16}  {task.waiting} waiting, {task.done} done")
    terminal.note(f"{len(left)} to resume" if left else "nothing is left to do")


@app.command()
def audit(
    context: typer.Context,
    *,
    last: Annotated[int, typer.Option("--last", min=1, max=100_000, help="How many rows.")] = 50,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show who did what, the newest first."""
    found = console.audited(console.open_console(home_of(context, home)), last)
    if as_json:
        terminal.result_json({"audit": [asdict(row) | {"at": console.instant(row.at)} for row in found]})
        return
    for row in found:
        details = ", ".join(f"{name} {value}" for name, value in row.details.items())
        told = f"{row.at:%Y-%m-%d %H:%M:%S}  {row.actor:16}  {row.action:28}  {row.subject}  {details}"
        terminal.result(terminal.clean(told.rstrip(), MAX_LINE))

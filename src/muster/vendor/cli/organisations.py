"""``muster vendor organisation``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from muster.base import terminal
from muster.vendor import app as vendor
from muster.vendor.cli.options import Home, Json, opened

organisations = typer.Typer(add_completion=False, no_args_is_help=True, help="Customers.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The customer's name, as --organisation takes it.")]


@organisations.command("add")
def add(context: typer.Context, name: Name, home: Home = None) -> None:
    """Add a customer."""
    added = vendor.add_organisation(opened(context, home), name)
    terminal.result(f"organisation {added.id}: {added.name}")


@organisations.command("list")
def list_(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """List customers."""
    rows = vendor.organisations(opened(context, home))
    if as_json:
        terminal.result_json({"organisations": [{"id": o.id, "name": o.name, "blocked": o.is_blocked} for o in rows]})
        return
    for row in rows:
        terminal.result(f"{row.id:>6}  {terminal.clean(row.name)}{'  blocked' if row.is_blocked else ''}")


@organisations.command("block")
def block(context: typer.Context, name: Name, home: Home = None) -> None:
    """Refuse everything new for a customer; what was activated runs on."""
    vendor.block_organisation(opened(context, home), name, blocked=True)
    terminal.result(f"blocked: {name}")


@organisations.command("unblock")
def unblock(context: typer.Context, name: Name, home: Home = None) -> None:
    """Take a customer up again."""
    vendor.block_organisation(opened(context, home), name, blocked=False)
    terminal.result(f"unblocked: {name}")


@organisations.command("contract")
def contract(
    context: typer.Context,
    name: Name,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day; without it there is no end.")
    ] = None,
    home: Home = None,
) -> None:
    """Set the last day of a customer's contract: nothing new is given after it, and what is given from now on ends then."""
    vendor.end_contract(opened(context, home), name, until.date() if until else None)
    terminal.result(f"contract of {name}: until {until:%Y-%m-%d}" if until else f"contract of {name}: no end")

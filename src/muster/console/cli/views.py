"""``muster console view``: lists under a name, the same on pages and here."""

from __future__ import annotations

from typing import Annotated

import typer

from muster.base import terminal
from muster.console import app as console
from muster.console.cli.options import Home, Json, Where, home_of

views = typer.Typer(add_completion=False, no_args_is_help=True, help="Saved views: what machines --view shows.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the view, as --view takes it.")]


@views.command("list")
def list_(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """List saved views."""
    found = console.views(console.open_console(home_of(context, home)))
    if as_json:
        rows = [
            {"view": v.name, "where": v.where, "sort": v.sort, "group_by": v.group_by or None, "owner": v.owner}
            for v in found
        ]
        terminal.result_json({"views": rows})
        return
    for view in found:
        told = " ".join((*view.where, f"sort {view.sort}", *([f"count by {view.group_by}"] if view.group_by else ())))
        terminal.result(terminal.clean(f"{view.name:<30}{view.owner:<20}{told}"))


@views.command("save")
def save(
    context: typer.Context,
    *,
    name: Name,
    where: Where = None,
    sort: Annotated[str, typer.Option("--sort", help="A field; -field turns it round.")] = "name",
    group_by: Annotated[str, typer.Option("--group-by", help="Count the values of a field.")] = "",
    home: Home = None,
) -> None:
    """Save a view, in place of one's own of this name."""
    console.save_view(
        console.open_console(home_of(context, home)), console.View(name, tuple(where or ()), sort, group_by)
    )
    terminal.result(f"saved: {terminal.clean(name)}")


@views.command("remove")
def remove(context: typer.Context, name: Name, home: Home = None) -> None:
    """Remove a saved view, whoever saved it."""
    console.remove_view(console.open_console(home_of(context, home)), name, may_all=True)
    terminal.result(f"removed: {terminal.clean(name)}")

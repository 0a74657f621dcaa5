"""``muster client serve``: the licensing service of this machine, in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from muster.base.config import parse_duration
from muster.client.app.running import become
from muster.client.cli.options import Home, home_of


def serve(
    context: typer.Context,
    idle_exit: Annotated[
        str | None,
        typer.Option("--idle-exit", metavar="DURATION", help="End when nobody asked for so long: 30s, 5min."),
    ] = None,
    home: Home = None,
) -> None:
    """Look after this machine's activations until stopped; other commands ask it while it runs."""
    try:
        idle = parse_duration(idle_exit) if idle_exit is not None else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    become(home_of(context, home), idle)

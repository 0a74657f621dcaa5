"""``muster demo``: one command, no root, nothing installed beyond pip."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, MusterError
from muster.demo.app import run
from muster.demo.story import Disappointed

MAX_MACHINES = 200
app = typer.Typer(add_completion=False, help="The whole world on loopback, within a minute.")


@app.command()
def demo(
    machines: Annotated[int, typer.Option("--machines", min=1, max=MAX_MACHINES, help="How many machines ask.")] = 30,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Leave the pauses out.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a picture.")] = False,
    picture: Annotated[Path | None, typer.Option("--picture", help="Save a picture of it as SVG.")] = None,
) -> None:
    """A vendor, a name server, an activation host and machines on loopback; see the count rise."""
    live = picture is not None or (sys.stdout.isatty() and not plain)
    try:
        summary = asyncio.run(run(machines, pause=0.0 if no_wait else 1.0, live=live, picture=picture))
    except Disappointed as error:
        raise MusterError(Code.INTERNAL, f"the demonstration failed: {error}") from error
    terminal.result("")
    for line in summary:
        terminal.result(line)

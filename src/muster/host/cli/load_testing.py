"""``muster host load-test``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from muster.base import terminal
from muster.host import app as host
from muster.host.cli.options import Home, Json, home_of


def load_test(
    context: typer.Context,
    *,
    seconds: Annotated[float, typer.Option("--seconds", help="How long to ask.")] = 10.0,
    connections: Annotated[int, typer.Option("--connections", help="How many machines at a time.")] = 64,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Measure what a host on this machine carries: a host of its own on loopback, with test certificates, on this disk."""
    screen = Console(stderr=True)
    columns = TextColumn("asking"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
        bar = progress.add_task("asking", total=seconds)
        found = host.load_test(
            home_of(context, home), seconds, connections, lambda at: progress.update(bar, completed=at)
        )
    if as_json:
        terminal.result_json(asdict(found))
    else:
        terminal.result(
            f"answered       {found.answered} requests, {found.per_second:.0f} a second; {found.failed} failed"
        )
        terminal.result(
            f"waited         {found.p50_ms:.1f} ms in the middle, {found.p99_ms:.1f} ms for one in a hundred"
        )
        terminal.result(f"verified       {found.verified} signatures")
        terminal.result(f"calm weather   {found.machines_calm:,} machines, with this host busy half of its time")
        terminal.result(f"storm          {found.machines_storm:,} machines that ask within the same five minutes")
        terminal.note("the machines that asked ran here, too: a host of its own carries more")
    if found.failed:
        raise typer.Exit(1)

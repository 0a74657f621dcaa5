"""What a host takes from files and gives to files: requests and their answers, backups."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.counted import counted
from muster.base.errors import Refused
from muster.host import app as host
from muster.host.cli.options import Home, home_of, read_input, write_output


def answer(
    context: typer.Context,
    request: Annotated[Path, typer.Argument(metavar="IN", help="The activation request of a machine.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write the activation reply.")],
    home: Home = None,
) -> None:
    """Answer the request of a machine that reaches no host; it is counted like any other."""
    found = asyncio.run(host.answer_file(home_of(context, home), read_input(request), os.environ))
    write_output(out, found.text)
    if found.refusal is not None:
        raise Refused(found.refusal, f"the signed answer is a no: {found.refusal.meaning}")
    terminal.result(f"counted: {found.count}")


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write it; whoever reads it has the host's private keys.")],
    home: Home = None,
) -> None:
    """Write host keys and certificates into one small file."""
    number = host.backup(home_of(context, home), file)
    terminal.result(f"kept {counted(number, 'host key')} in {file}; counts refill by themselves")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What muster host backup wrote.")],
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Into a home that is set up already, too.")] = False,
) -> None:
    """Make a host again from a backup. A running host notices by itself."""
    number = host.restore(home_of(context, home), read_input(file), force=force)
    terminal.result(f"restored {counted(number, 'host key')}; next: muster host serve")


def report(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="Where to write it.")],
    home: Home = None,
) -> None:
    """Write a signed report for the vendor: distinct machines per edition and month, without names or addresses."""
    number = host.report(home_of(context, home), out, environment=os.environ)
    terminal.result(f"reported {counted(number, 'machine')} and editions in {out}; nothing is sent by itself")

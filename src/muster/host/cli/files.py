"""What a host takes from files and gives to files: requests and their answers."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
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

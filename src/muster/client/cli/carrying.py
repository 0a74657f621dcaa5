"""``muster client request``: an activation request as a file or QR code, for a machine that reaches no host."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.client.cli.options import Edition, Home, ask, write_output


def request(
    context: typer.Context,
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Write it into this file.")] = None,
    qr: Annotated[bool, typer.Option("--qr", help="Show it as a QR code.")] = False,
    edition: Edition = None,
    home: Home = None,
) -> None:
    """Make an activation request that is carried to a host; its reply comes back by muster client confirm --file."""
    if (out is None) is not qr:
        raise Misconfigured(Code.USAGE, "a request needs a way out, and one only", "Give --out FILE or --qr.")
    text = ask(context, home, "request", edition=edition)["file"]
    if out is not None:
        write_output(out, text)
    else:
        import segno

        segno.make(text, micro=False).terminal(sys.stdout, compact=True)
    terminal.note("on the host: muster host answer; then here: muster client confirm --file REPLY")

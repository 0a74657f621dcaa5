"""``muster vendor backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.vendor import app as vendor
from muster.vendor import keeping
from muster.vendor.cli.options import Home, home_of, read_text


def backup(
    context: typer.Context,
    *,
    file: Annotated[
        Path | None, typer.Argument(help="The copy to write; a copy of that name is replaced.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The same, as an option.")] = None,
    home: Home = None,
) -> None:
    """Copy the vendor into a file while it works: database (SQLite or PostgreSQL), issuing keys, settings."""
    target = file or out
    if target is None or (file and out):
        raise Misconfigured(Code.USAGE, "name one file for the copy", "muster vendor backup FILE")
    keeping.backup(home_of(context, home), target)
    terminal.result(f"copied to {target}")
    terminal.note("root keys are not in it, and the passphrase opens the keys that are: keep both apart from it")


def restore(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="What muster vendor backup wrote.")],
    seal: Annotated[
        Path | None,
        typer.Option("--seal", metavar="FILE", help="A seal that was kept elsewhere: the copy must hold it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Go back on purpose.")] = False,
    home: Home = None,
) -> None:
    """Make the vendor again from a copy, in the database that the settings name. Stop muster vendor serve first."""
    known = vendor.read_known(read_text(seal)) if seal is not None else None
    head = keeping.restore(home_of(context, home), file, force=force, seal=known)
    terminal.result(f"restored up to seal {head.number}, {head.total} sealed rows")
    terminal.note("activations and certificates given after the copy are not known here; serials were skipped")

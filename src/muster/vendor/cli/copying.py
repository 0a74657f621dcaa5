"""``muster vendor backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.vendor import app as vendor
from muster.vendor import keeping
from muster.vendor.cli.options import Home, home_of, read_text


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The copy to write; a copy of that name is replaced.")],
    home: Home = None,
) -> None:
    """Copy the vendor into a file while it works: database, issuing keys, settings."""
    keeping.backup(home_of(context, home), file)
    terminal.result(f"copied to {file}")
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
    """Make the vendor again from a copy. Stop muster vendor serve first."""
    known = vendor.read_known(read_text(seal)) if seal is not None else None
    head = keeping.restore(home_of(context, home), file, force=force, seal=known)
    terminal.result(f"restored up to seal {head.number}, {head.total} sealed rows")
    terminal.note("activations and certificates given after the copy are not known here; serials were skipped")

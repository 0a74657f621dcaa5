"""``muster client apply``: make the machine what a file says, once or every day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import MusterError
from muster.base.terminal import clean
from muster.client.app.applying import carry_out, steps_for
from muster.client.cli.options import Home, Json, home_of

CHANGES = 1


def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FLEET.toml", help="What the machine shall be.")],
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; end with 1 if something would.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Install product files and keys, set hosts and types, deposit confirmations, as far as they are not there yet."""
    place = home_of(context, home)
    steps = steps_for(place, file)
    changes: list[str] = []
    failed: MusterError | None = None
    try:
        for step in steps if check else carry_out(place, steps):
            changes.append(step.what)
            if not as_json:
                terminal.result(f"{'would change' if check else 'changed'}  {clean(step.what)}")
    except MusterError as error:
        if not as_json:
            raise
        failed = error
    if as_json:
        told = {"error": terminal.error_json(failed)} if failed else {}
        terminal.result_json({"changed": bool(changes), "changes": changes, **told})
        if failed:
            raise typer.Exit(failed.exit_code)
    elif not changes:
        terminal.result("nothing to change")
    if check and changes:
        raise typer.Exit(CHANGES)

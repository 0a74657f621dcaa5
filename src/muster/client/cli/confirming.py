"""Installation ids out, confirmations in: as digits, QR code or file, and group by group at the keyboard."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured, MusterError
from muster.client.app.asking import read_error
from muster.client.cli.options import MAX_TYPED, Edition, Home, Json, ask, read_file, write_output
from muster.client.cli.showing import show_attempt

GROUPS_A_LINE = 5
_ANEW = re.compile(r"\s*(\d{1,2})\s*[:=]\s*(.*)")


def installation_id(
    context: typer.Context,
    *,
    out: Annotated[Path | None, typer.Option("--file", help="Write it into a file for the vendor instead.")] = None,
    qr: Annotated[bool, typer.Option("--qr", help="Show it as a QR code.")] = False,
    edition: Edition = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Print the id that the vendor confirms: 10 groups of digits."""
    found = ask(context, home, "installation-id", edition=edition)
    digits = found["installation_id"]
    if found["binding"] == "weak":
        terminal.warn("hardware says too little here: the activation will be bound to the machine-id")
    if out is not None:
        write_output(out, found["file"])
    elif as_json:
        terminal.result_json({"installation_id": digits})
    elif qr:
        import segno

        segno.make(digits, micro=False).terminal(sys.stdout, compact=True)
    else:
        terminal.result(digits)


def confirm(
    context: typer.Context,
    *,
    digits: Annotated[
        list[str] | None, typer.Argument(help="The confirmation id; - reads it from stdin; nothing: group by group.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The vendor's confirmation or the host's reply.")] = None,
    edition: Edition = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Deposit the vendor's confirmation, or a host's reply to a request that went as a file."""
    typed = " ".join(digits or ())
    if file is not None and typed:
        raise Misconfigured(Code.USAGE, "a confirmation id and --file exclude each other", "Give one of them.")
    if file is None and not typed and sys.stdin.isatty():
        found = _by_groups(context, home, edition)
    elif file is None:
        typed = sys.stdin.read(MAX_TYPED) if typed in {"", "-"} else typed
        found = ask(context, home, "confirm", edition=edition, digits=typed)
    else:
        found = ask(context, home, "confirm", edition=edition, file=read_file(file))
    show_attempt(found, as_json=as_json)


def _by_groups(context: typer.Context, home: Path | None, edition: str | None) -> dict[str, Any]:
    """Ask for one group after the other; what was good stays when the person leaves, and is gone on with."""

    def enter(**given: Any) -> dict[str, Any]:
        return ask(context, home, "enter", edition=edition, **given)

    entered = enter()
    terminal.note(f"for the installation id {entered['installation_id']}")
    terminal.note("what is entered is kept: leave with Ctrl-C, go on later; NUMBER:GROUP corrects an earlier group")
    while True:
        groups, wanted = entered["groups"], entered["wanted"]
        if len(groups) == wanted:
            try:
                return ask(context, home, "confirm", edition=edition, digits=" ".join(groups))
            except MusterError as error:
                if error.code is not Code.CONFIRMATION_UNTRUSTED:
                    raise
                terminal.warn(f"{error.message}; compare the groups, and correct one with NUMBER:GROUP")
                _list(groups)
        if (typed := _asked(len(groups), wanted)) is None:
            terminal.note(f"{counted(len(groups), 'group')} kept so far; muster client confirm goes on")
            raise typer.Exit(1)
        anew = _ANEW.fullmatch(typed)
        entered = enter(number=int(anew[1]), groups=anew[2]) if anew else enter(groups=typed[:MAX_TYPED])
        if entered["error"] is not None:
            terminal.warn(read_error(entered["error"]).message)


def _asked(known: int, wanted: int | None) -> str | None:
    """What was typed; None when the person left."""
    is_full = known == wanted
    label = "correct" if is_full else f"group {known + 1}" + (f" of {wanted}" if wanted else "")
    try:
        return str(typer.prompt(label, err=True))
    except typer.Abort:
        terminal.note("")
        return None


def _list(groups: list[str]) -> None:
    for at in range(0, len(groups), GROUPS_A_LINE):
        row = groups[at : at + GROUPS_A_LINE]
        terminal.note("  ".join(f"{at + i:>2}: {group}" for i, group in enumerate(row, 1)))

"""Options that commands of the client share, and the machine they are about."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.client import app as client
from muster.client.app import asking

MAX_INPUT_BYTES = 4 * 1024 * 1024
MAX_TYPED = 4096

Home = Annotated[
    Path | None, typer.Option("--home", envvar="MUSTER_HOME", help="The machine's state folder.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Edition = Annotated[str | None, typer.Option("--edition", help="The edition that is meant, where there are several.")]


def remember_home(context: typer.Context, home: Home = None) -> None:
    """Take --home before the command, too."""
    context.obj = home


def home_of(context: typer.Context, home: Path | None) -> Path:
    """The home that was asked for: with the command, before it, or this user's default."""
    # Both read MUSTER_HOME, so one written before the command must win over the environment behind it.
    is_from_environment = home is not None and str(home) == os.environ.get("MUSTER_HOME")
    asked = (context.obj or home) if is_from_environment else (home or context.obj)
    return Path(asked) if asked is not None else client.default_home()


def ask(context: typer.Context, home: Path | None, operation: str, **parameters: Any) -> dict[str, Any]:
    """What the machine answers: its licensing service where one runs, else the work is done here."""
    return asking.ask(home_of(context, home), operation, **parameters)


def read_file(path: Path) -> str:
    """The text of a file that was named on the command line; what is no text is refused by who reads it."""
    return read_input(path).decode("ascii", errors="replace")


def read_input(path: Path) -> bytes:
    """The bytes of a file that was named on the command line."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_INPUT_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.NOT_FOUND, f"{path} cannot be read: {reason}", "Name a file that exists.") from error
    if len(data) > MAX_INPUT_BYTES:
        raise Misconfigured(Code.USAGE, f"{path} is larger than {MAX_INPUT_BYTES} bytes", "This is another file.")
    return data


def write_output(path: Path, text: str) -> None:
    """Write a file that was named on the command line."""
    try:
        path.write_text(text)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.USAGE, f"{path} cannot be written: {reason}", "Choose another file.") from error
    terminal.note(f"written to {path}")


def secret(key: str) -> str:
    """A product key from the argument, from standard input or from a prompt."""
    if key == "-":
        return sys.stdin.read(MAX_TYPED)
    return key or str(typer.prompt("Product key", hide_input=True, err=True))

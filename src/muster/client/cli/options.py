"""Options that commands of the client share, and the machine they are about."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.client import app as client
from muster.client.app import asking
from muster.platform.command_line import Json, asked_home, read_input, write_output

__all__ = [
    "MAX_TYPED",
    "Edition",
    "Home",
    "Json",
    "ask",
    "home_of",
    "read_file",
    "read_input",
    "remember_home",
    "secret",
    "write_output",
]

MAX_TYPED = 4096

Home = Annotated[
    Path | None, typer.Option("--home", envvar="MUSTER_HOME", help="The machine's state folder.", show_default=False)
]
Edition = Annotated[str | None, typer.Option("--edition", help="The edition that is meant, where there are several.")]


def remember_home(context: typer.Context, home: Home = None) -> None:
    """Take --home before the command, too."""
    context.obj = home


def home_of(context: typer.Context, home: Path | None) -> Path:
    """The home that was asked for: with the command, before it, or this user's default."""
    return asked_home(context.obj, home) or client.default_home()


def ask(context: typer.Context, home: Path | None, operation: str, **parameters: Any) -> dict[str, Any]:
    """What the machine answers: its licensing service where one runs, else the work is done here."""
    return asking.ask(home_of(context, home), operation, **parameters)


def read_file(path: Path) -> str:
    """The text of a file that was named on the command line; what is no text is refused by who reads it."""
    return read_input(path).decode("ascii", errors="replace")


def secret(key: str) -> str:
    """A product key from the argument, from standard input or from a prompt."""
    if key == "-":
        return sys.stdin.read(MAX_TYPED)
    return key or str(typer.prompt("Product key", hide_input=True, err=True))

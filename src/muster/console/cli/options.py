"""Options that the console's commands take."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured, MusterError
from muster.console import app as console
from muster.platform import command_line
from muster.platform.command_line import Json, asked_home
from muster.platform.durable_file import replace_file

__all__ = [
    "Home",
    "Json",
    "Where",
    "conditions_of",
    "home_of",
    "read_input",
    "read_text",
    "remember_home",
    "write_output",
]

MAX_INPUT_BYTES = 64 * 1024 * 1024

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="MUSTER_HOME", help="The console's state folder.", show_default=False),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        help="Which machines: state=LICENSED, name~pc-*, expires<30d, contact>30d; all given ones must hold.",
        show_default=False,
    ),
]


def remember_home(context: typer.Context, home: Home = None) -> None:
    """Take --home before the command, too."""
    context.obj = home


def home_of(context: typer.Context, home: Path | None) -> Path:
    """The home that was asked for: with the command, before it, or the default of this user."""
    return asked_home(context.obj, home) or Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local/share/muster/console"


def conditions_of(where: Sequence[str] | None) -> tuple[console.Condition, ...]:
    """What --where said."""
    return console.parse_conditions(where or ())


def read_input(path: Path) -> bytes:
    """The bytes of a file that was named on the command line."""
    return command_line.read_input(path, MAX_INPUT_BYTES, "split the file")


def read_text(path: Path) -> str:
    """The text of a file that was named on the command line."""
    try:
        return read_input(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Misconfigured(Code.USAGE, f"{path} is no text in UTF-8", "save it as UTF-8") from error


def write_output(path: Path, text: str | bytes, *, quiet: bool = False) -> None:
    """Write a file that was named on the command line, and say so unless `quiet`; readable by its owner alone."""
    try:
        replace_file(path, text.encode() if isinstance(text, str) else text)
    except MusterError as error:
        raise Misconfigured(Code.USAGE, error.message, "choose another file") from error
    if not quiet:
        terminal.note(f"written to {path}")

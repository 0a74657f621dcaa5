"""Options that every command of the host takes."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured

SYSTEM_HOME = Path("/var/lib/muster/host")
MAX_INPUT_BYTES = 4 * 1024 * 1024

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="MUSTER_HOME", help="The host's state folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def remember_home(context: typer.Context, home: Home = None) -> None:
    """Take --home before the command, too."""
    context.obj = home


def home_of(context: typer.Context, home: Path | None) -> Path:
    """The home that was asked for: with the command, before it, or the default of this user."""
    # Both read MUSTER_HOME, so one written before the command must win over the environment behind it.
    is_from_environment = home is not None and str(home) == os.environ.get("MUSTER_HOME")
    asked = (context.obj or home) if is_from_environment else (home or context.obj)
    if asked is not None:
        return Path(asked)
    if os.geteuid() == 0 or SYSTEM_HOME.is_dir():
        return SYSTEM_HOME
    return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local/share/muster/host"


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
    """Write a file that was named on the command line, and say so."""
    try:
        path.write_text(text)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.USAGE, f"{path} cannot be written: {reason}", "Choose another file.") from error
    terminal.note(f"written to {path}")

"""Options that every command of the host takes."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Annotated

import typer

from muster.platform.command_line import Json, asked_home, read_input, write_output

__all__ = ["Home", "Json", "home_of", "read_input", "remember_home", "write_output"]

SYSTEM_HOME = Path("/var/lib/muster/host")

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="MUSTER_HOME", help="The host's state folder.", show_default=False),
]


def remember_home(context: typer.Context, home: Home = None) -> None:
    """Take --home before the command, too."""
    context.obj = home


def home_of(context: typer.Context, home: Path | None) -> Path:
    """The home that was asked for: with the command, before it, or the default of this user."""
    asked = asked_home(context.obj, home)
    if asked is not None:
        return asked
    if os.geteuid() == 0 or SYSTEM_HOME.is_dir():
        return SYSTEM_HOME
    return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local/share/muster/host"

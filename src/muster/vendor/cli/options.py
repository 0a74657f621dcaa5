"""Options that commands of the vendor share, and where passphrases come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from muster.base.errors import Code, Misconfigured
from muster.platform.command_line import Json, asked_home, read_input, write_output
from muster.platform.passphrase import read_passphrase
from muster.vendor import app as vendor

__all__ = [
    "Home",
    "Json",
    "PassphraseFd",
    "home_of",
    "opened",
    "passphrase",
    "read_text",
    "remember",
    "write_output",
]

MAX_INPUT_BYTES = 16 * 1024 * 1024

Home = Annotated[
    Path | None, typer.Option("--home", envvar="MUSTER_HOME", help="The vendor's state folder.", show_default=False)
]
PassphraseFd = Annotated[
    int | None, typer.Option("--passphrase-fd", help="Read the passphrase from this file descriptor.")
]


class Context:
    """What was said before the command."""

    def __init__(self, home: Path | None, passphrase_fd: int | None) -> None:
        self.home = home
        self.passphrase_fd = passphrase_fd


def remember(context: typer.Context, home: Home = None, passphrase_fd: PassphraseFd = None) -> None:
    """Take --home and --passphrase-fd before the command, too."""
    context.obj = Context(home, passphrase_fd)


def home_of(context: typer.Context, home: Path | None) -> Path:
    """The home that was asked for: with the command, before it, or this user's default."""
    return asked_home(context.obj.home, home) or vendor.default_home()


def opened(context: typer.Context, home: Path | None, passphrase_fd: int | None = None) -> vendor.Vendor:
    """The vendor of the home; its keys are unlocked when they are needed."""
    return vendor.open_vendor(home_of(context, home), passphrase(context, passphrase_fd))


def passphrase(context: typer.Context, descriptor: int | None, *, twice: bool = False) -> Callable[[], str]:
    """Asks for the passphrase: file descriptor, environment, credential of the service manager, prompt; in this order."""

    def ask() -> str:
        return read_passphrase(context.obj.passphrase_fd if descriptor is None else descriptor, twice=twice)

    return ask


def read_text(path: Path) -> str:
    """The text of a file that was named on the command line."""
    try:
        return read_input(path, MAX_INPUT_BYTES).decode()
    except UnicodeDecodeError as error:
        raise Misconfigured(Code.USAGE, f"{path} is not a text file", "Name the right file.") from error

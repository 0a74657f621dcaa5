"""Options that commands of the vendor share, and where passphrases come from."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.platform.passphrase import read_passphrase
from muster.vendor import app as vendor

MAX_INPUT_BYTES = 16 * 1024 * 1024

Home = Annotated[
    Path | None, typer.Option("--home", envvar="MUSTER_HOME", help="The vendor's state folder.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
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
    # Both read MUSTER_HOME, so one written before the command must win over the environment behind it.
    is_from_environment = home is not None and str(home) == os.environ.get("MUSTER_HOME")
    asked = (context.obj.home or home) if is_from_environment else (home or context.obj.home)
    return Path(asked) if asked is not None else vendor.default_home()


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
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.NOT_FOUND, f"{path} cannot be read: {reason}", "Name a file that exists.") from error
    if len(data) > MAX_INPUT_BYTES:
        raise Misconfigured(Code.USAGE, f"{path} is larger than {MAX_INPUT_BYTES} bytes", "This is another file.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Misconfigured(Code.USAGE, f"{path} is not a text file", "Name the right file.") from error


def write_text(path: Path, text: str) -> None:
    """Write a file that was named on the command line."""
    try:
        path.write_text(text)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.USAGE, f"{path} cannot be written: {reason}", "Choose another file.") from error
    terminal.note(f"written to {path}")

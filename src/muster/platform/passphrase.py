"""Where the passphrase in front of a program's keys comes from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from muster.base.errors import Code, Misconfigured

PASSPHRASE = "MUSTER_PASSPHRASE"  # noqa: S105 - the name of the variable
NEW_PASSPHRASE = "MUSTER_NEW_PASSPHRASE"  # noqa: S105 - the name of the variable
CREDENTIALS = "CREDENTIALS_DIRECTORY"
CREDENTIAL = "passphrase"
MAX_PASSPHRASE = 4096


def read_passphrase(descriptor: int | None, *, twice: bool = False) -> str:
    """From a file descriptor, the environment, a credential of the service manager, or a prompt; in this order.

    `Misconfigured` with PASSPHRASE_WRONG where there is none and nobody to ask, with USAGE for a descriptor that is not open.
    """
    if descriptor is not None:
        return _from_descriptor(descriptor)
    text = os.environ.get(PASSPHRASE)
    if text is not None:
        return text
    folder = os.environ.get(CREDENTIALS)
    if folder and (Path(folder) / CREDENTIAL).is_file():
        return _from_file(Path(folder) / CREDENTIAL)
    if not sys.stdin.isatty():
        raise Misconfigured(
            Code.PASSPHRASE_WRONG,
            "there is no passphrase",
            f"Set {PASSPHRASE}, give --passphrase-fd N, or run it in a terminal.",
        )
    return str(typer.prompt("Passphrase", hide_input=True, err=True, confirmation_prompt=twice))


def read_new_passphrase(descriptor: int | None) -> str:
    """One to be chosen: from a file descriptor, the environment, or a prompt that asks twice.

    `Misconfigured` as in `read_passphrase`.
    """
    if descriptor is not None:
        return _from_descriptor(descriptor)
    text = os.environ.get(NEW_PASSPHRASE)
    if text is not None:
        return text
    if not sys.stdin.isatty():
        hint = f"Set {NEW_PASSPHRASE}, give --new-passphrase-fd N, or run it in a terminal."
        raise Misconfigured(Code.PASSPHRASE_WRONG, "there is no new passphrase", hint)
    return str(typer.prompt("New passphrase", hide_input=True, err=True, confirmation_prompt=True))


def _from_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_PASSPHRASE).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(Code.NOT_FOUND, f"{path} cannot be read: {error}", "Name a text file.") from error


def _from_descriptor(number: int) -> str:
    try:
        with os.fdopen(number, encoding="utf-8", closefd=False) as file:
            text = file.read(MAX_PASSPHRASE)
    except (OSError, ValueError) as error:
        raise Misconfigured(
            Code.USAGE, f"file descriptor {number} cannot be read: {error}", "Open it: 3<FILE"
        ) from error
    return text.splitlines()[0] if text else ""

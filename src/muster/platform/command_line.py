"""What commands of every program share: the state folder that was asked for, files that were named, ``--json``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured

MAX_INPUT_BYTES = 4 * 1024 * 1024
HOME = "MUSTER_HOME"

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def asked_home(before: Path | None, behind: Path | None) -> Path | None:
    """The state folder that was named behind the command, or before it; None when neither says one.

    Both read `HOME`, so one written before the command must win over the environment behind it.
    """
    is_from_environment = behind is not None and str(behind) == os.environ.get(HOME)
    asked = (before or behind) if is_from_environment else (behind or before)
    return None if asked is None else Path(asked)


def read_input(path: Path, limit: int = MAX_INPUT_BYTES, remedy: str = "This is another file.") -> bytes:
    """The bytes of a file that was named on the command line.

    `Misconfigured`: NOT_FOUND when it cannot be read, USAGE with this `remedy` when it has more than `limit` bytes.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.NOT_FOUND, f"{path} cannot be read: {reason}", "Name a file that exists.") from error
    if len(data) > limit:
        raise Misconfigured(Code.USAGE, f"{path} is larger than {limit} bytes", remedy)
    return data


def write_output(path: Path, text: str) -> None:
    """Write a file that was named on the command line, and say so; `Misconfigured` when that fails."""
    try:
        path.write_text(text)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.USAGE, f"{path} cannot be written: {reason}", "Choose another file.") from error
    terminal.note(f"written to {path}")

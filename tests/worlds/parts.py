"""Real servers that tests talk to: where their programs are, and what a missing one means.

A missing part fails the test. Only ``MUSTER_SKIP_PARTS=1`` turns that into a skip, said aloud.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import NoReturn

import pytest

SYSTEM_PATHS = ("/usr/sbin", "/sbin", "/usr/local/sbin")


def part(program: str) -> str:
    """Full path of `program`; fails or skips the test where it is missing."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_PATHS))
    found = shutil.which(program, path=path)
    if found is None:
        _missing(program)
    return found


def library(name: str) -> None:
    """Fails or skips the test where a Python library is missing that is built against one of the parts."""
    if find_spec(name) is None:
        _missing(name)


def _missing(what: str) -> NoReturn:
    message = f"{what} is not installed: run `make parts`, or set MUSTER_SKIP_PARTS=1"
    if os.environ.get("MUSTER_SKIP_PARTS") == "1":
        pytest.skip(f"SKIPPED because of MUSTER_SKIP_PARTS=1: {message}")
    pytest.fail(message)

"""Where the control socket of a home is (spec/control.md §Socket)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONTROL = "control"
# sockaddr_un of Linux holds 108 bytes, that of macOS 104.
MAX_PATH_BYTES = 103


@contextmanager
def reachable(home: Path) -> Iterator[str]:
    """A name of the socket that fits into an address, valid within the block. `OSError` when the home is not there.

    Where the path is too long, Linux reaches the folder through an open descriptor.
    """
    path = str(home / CONTROL)
    if len(os.fsencode(path)) <= MAX_PATH_BYTES or sys.platform != "linux":
        yield path
        return
    folder = os.open(home, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{CONTROL}"
    finally:
        os.close(folder)

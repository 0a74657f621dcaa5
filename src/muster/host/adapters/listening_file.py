"""Where a host that serves really listens, for the commands that run beside it.

The server holds a lock on the file for as long as it serves, so what a killed one left is never believed. Readers take a
shared lock for a moment, on this file alone: they never keep a host from starting.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from muster.base.errors import Code, Misconfigured, StoreFailed
from muster.host.core.settings import Endpoint, format_endpoint, parse_endpoint
from muster.wire.frame import PORT

MAX_BYTES = 65_536


def announce(path: Path, endpoints: Sequence[Endpoint]) -> IO[bytes]:
    """Tell `endpoints` until the file that is returned is closed or the process ends; HOME_NOT_WRITABLE otherwise."""
    try:
        file = path.open("a+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(json.dumps([format_endpoint(e) for e in endpoints]).encode())
        file.flush()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.HOME_NOT_WRITABLE, f"{path} cannot be written: {reason}") from error
    return file


def read_listening(path: Path) -> tuple[Endpoint, ...]:
    """Where the host that serves this home listens; nothing when none does. `StoreFailed` for a file that is not readable."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _endpoints(file.read(MAX_BYTES))
    except FileNotFoundError:
        return ()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StoreFailed(Code.STORE_FAILED, f"{path} cannot be read: {reason}") from error
    return ()


def _endpoints(data: bytes) -> tuple[Endpoint, ...]:
    """An unfinished file is that of a host that just starts: it does not listen yet."""
    try:
        return tuple(parse_endpoint(str(text), PORT) for text in json.loads(data))
    except (ValueError, TypeError):
        return ()

"""The command's end of the control socket: one request, one answer (spec/control.md §Frame)."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from muster.base.clock import Clock, SystemClock
from muster.base.errors import Code, Malformed, Unreachable
from muster.client.adapters.control_path import reachable
from muster.client.core.control import LENGTH_BYTES, MAX_ANSWER_BYTES

ANSWER_SECONDS = 330.0
"""Longer than the service's own deadline: it is the service that says why nothing came of it."""


def call(home: Path, body: bytes, clock: Clock | None = None) -> bytes | None:
    """Send a request to the licensing service of `home`; the body of its answer, None when no service listens there.

    `Unreachable` with SERVICE_NOT_RUNNING when it goes away in between, `Malformed` when it speaks something else.
    """
    if sys.platform == "win32":
        from muster.client.adapters.control_pipe import call_pipe

        return call_pipe(home, body)
    clock = SystemClock() if clock is None else clock
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as own:
        own.settimeout(ANSWER_SECONDS)
        try:
            with reachable(home) as name:
                own.connect(name)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError, PermissionError):
            return None
        except OSError as error:
            raise _gone(error) from error
        try:
            own.sendall(len(body).to_bytes(LENGTH_BYTES, "big") + body)
        except (BrokenPipeError, ConnectionResetError):
            # A service that refuses says why before it hangs up: the answer may be there all the same.
            pass
        except OSError as error:
            raise _gone(error) from error
        return _receive(own, clock.monotonic() + ANSWER_SECONDS, clock)


def _receive(own: socket.socket, deadline: float, clock: Clock) -> bytes:
    size = int.from_bytes(_exactly(own, LENGTH_BYTES, deadline, clock), "big")
    if size > MAX_ANSWER_BYTES:
        raise Malformed(Code.MESSAGE_MALFORMED, "the licensing service announces a giant answer")
    return _exactly(own, size, deadline, clock)


def _exactly(own: socket.socket, size: int, deadline: float, clock: Clock) -> bytes:
    data = bytearray()
    while len(data) < size:
        try:
            own.settimeout(max(0.001, deadline - clock.monotonic()))
            part = own.recv(size - len(data))
        except OSError as error:
            raise _gone(error) from error
        if not part:
            raise _gone(None)
        data += part
    return bytes(data)


def _gone(error: OSError | None) -> Unreachable:
    reason = "" if error is None or not error.strerror else f": {error.strerror.lower()}"
    return Unreachable(Code.SERVICE_NOT_RUNNING, f"the licensing service went away without an answer{reason}")

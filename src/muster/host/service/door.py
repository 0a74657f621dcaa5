"""Where peers come in: one listening socket, from which many are taken at once and heard at once.

A machine sends its request with its first packets, so it mostly is there when its connection is taken. Where it is not, the
loop goes round a few times before the socket is watched, which costs more than to look again.
"""

from __future__ import annotations

import asyncio
import errno
import socket

from muster.base.errors import Code, Misconfigured
from muster.host.core.settings import Endpoint, format_endpoint
from muster.host.service.connection import Connection, Reception

BACKLOG = 4_096
TAKEN_AT_ONCE = 64
"""So many connections are taken before others have their turn on the loop."""

LOOKS = 3
"""How many times the loop goes round before a silent connection is watched."""

REST_SECONDS = 0.25
"""How long nobody is taken when the system has no descriptor or memory left."""

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Door:
    """Listens at `endpoint` until `close`; `Misconfigured` (SETTINGS_INVALID) when that cannot be."""

    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop, endpoint: Endpoint) -> None:
        self._reception = reception
        self._loop = loop
        self._silent: list[tuple[Connection, int]] = []
        self._rest: asyncio.TimerHandle | None = None
        family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
        try:
            self._listener = socket.create_server(endpoint, family=family, backlog=BACKLOG)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Misconfigured(
                Code.SETTINGS_INVALID,
                f"cannot listen on {format_endpoint(endpoint)}: {reason}",
                "Stop what uses the port, or set another: muster host serve --listen ADDR:PORT",
            ) from error
        self._listener.setblocking(False)
        loop.add_reader(self._listener, self._take)

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens, with the real port."""
        name = self._listener.getsockname()
        return str(name[0]), int(name[1])

    def close(self) -> None:
        """Take nobody any more; who was taken stays."""
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _take(self) -> None:
        taken: list[Connection] = []
        for _ in range(TAKEN_AT_ONCE):
            try:
                link, name = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._take_a_rest()
                    break
                continue  # that peer is gone already
            link.setblocking(False)
            connection = Connection(self._reception, self._loop, link, name[0])
            if self._reception.opened(connection):
                taken.append(connection)
            else:
                connection.drop()
        for connection in taken:
            if not connection.hear():
                self._look_again(connection, LOOKS)

    def _look_again(self, connection: Connection, looks: int) -> None:
        if not self._silent:
            self._loop.call_soon(self._hear_silent)
        self._silent.append((connection, looks))

    def _hear_silent(self) -> None:
        silent, self._silent = self._silent, []
        for connection, looks in silent:
            if connection.hear():
                continue
            if looks > 1:
                self._look_again(connection, looks - 1)
            else:
                connection.await_more()

    def _take_a_rest(self) -> None:
        self._reception.crowded()
        self._loop.remove_reader(self._listener)
        self._rest = self._loop.call_later(REST_SECONDS, self._loop.add_reader, self._listener, self._take)

"""One connection: one frame in, one frame out, closed (spec/activation.md §Frame). Never reads more than a frame.

On a plain socket: asyncio's transports cost a fifth of a request (docs/decisions/0032-sockets-of-our-own.md).
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Protocol

from muster.base.errors import Malformed
from muster.wire.frame import MAX_FRAME, FrameReader, frame

_AT_ONCE_BYTES = MAX_FRAME + 1
"""A frame and one byte more, by which what is too long shows."""


class Reception(Protocol):
    """Who takes connections in and hears what they ask."""

    def opened(self, connection: Connection) -> bool:
        """Whether the connection may stay; sets its source."""

    def asked(self, connection: Connection, body: bytes) -> None:
        """A whole request came; `answer` or `drop` follows, sooner or later."""

    def garbled(self) -> None:
        """What came on some connection was no frame of ours; it is being dropped."""

    def closed(self, connection: Connection) -> None:
        """The connection is gone."""

    def crowded(self) -> None:
        """The system has no descriptor or memory left for another connection; those that wait are taken later."""


class Connection:
    """A peer. `source` is what connections are limited by, `prefix` what new ids are limited by, empty where they are not.

    `peer` is its address as the socket tells it. `loop` watches the socket while it is awaited.
    """

    __slots__ = (
        "_frames",
        "_is_awaited",
        "_loop",
        "_reception",
        "_socket",
        "address",
        "has_asked",
        "peer",
        "prefix",
        "source",
    )

    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop, link: socket.socket, peer: str) -> None:
        self._reception = reception
        self._loop = loop
        self._socket: socket.socket | None = link
        self._frames = FrameReader()
        self._is_awaited = False
        self.peer = peer
        self.address = ""
        self.source = ""
        self.prefix = ""
        self.has_asked = False

    def hear(self) -> bool:
        """Take what has come; False when nothing has and more may come."""
        if self._socket is None:
            return True
        try:
            data = self._socket.recv(_AT_ONCE_BYTES)
            body = self._frames.feed(data) if data else None
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self.drop()
            return True
        except Malformed:
            self._reception.garbled()
            self.drop()
            return True
        if body is not None:
            self._stop_waiting()
            self.has_asked = True
            self._reception.asked(self, body)
        elif not data:
            self.drop()
        else:
            return False
        return True

    def await_more(self) -> None:
        """Hear again as soon as something comes."""
        if self._socket is not None and not self._is_awaited:
            self._is_awaited = True
            self._loop.add_reader(self._socket, self.hear)

    def answer(self, body: bytes) -> None:
        """Send one frame and close; nothing happens when the peer is gone."""
        if self._socket is not None:
            # A whole frame fits into the empty buffer of a new connection. Who is gone meanwhile asks again.
            with suppress(OSError):
                self._socket.send(frame(body))
            self.drop()

    def drop(self) -> None:
        """Close at once: what was sent still leaves, what was not asked is not heard."""
        if self._socket is not None:
            self._stop_waiting()
            self._socket.close()
            self._socket = None
            self._reception.closed(self)

    def _stop_waiting(self) -> None:
        if self._is_awaited and self._socket is not None:
            self._is_awaited = False
            self._loop.remove_reader(self._socket)

"""One connection: one frame in, one frame out, closed (spec/activation.md §Frame). Never buffers more than a frame."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from muster.base.errors import Malformed
from muster.wire.frame import FrameReader, frame


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


class Connection(asyncio.Protocol):
    """A peer. `source` is what connections are limited by, `prefix` what new ids are limited by, empty where they are not."""

    __slots__ = ("_frames", "_reception", "_transport", "address", "has_asked", "prefix", "source")

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._frames: FrameReader | None = FrameReader()
        self._transport: asyncio.Transport | None = None
        self.address = ""
        self.source = ""
        self.prefix = ""
        self.has_asked = False

    @property
    def peer(self) -> str:
        """The peer's address as the socket tells it; empty when it is gone already."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return str(name[0]) if name else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask whether the peer is welcome."""
        # uvloop's stream transports have every method of asyncio.Transport without being one.
        self._transport = cast("asyncio.Transport", transport)
        if not self._reception.opened(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Collect the one frame; anything after it, or anything else, ends the connection."""
        if self._frames is None:
            return
        try:
            body = self._frames.feed(data)
        except Malformed:
            self._reception.garbled()
            self.drop()
            return
        if body is not None:
            self._frames, self.has_asked = None, True
            self._reception.asked(self, body)

    def eof_received(self) -> bool:
        """A peer that has asked may close its half and still hear the answer."""
        return self.has_asked

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell that the peer is gone."""
        self._transport = None
        self._reception.closed(self)

    def answer(self, body: bytes) -> None:
        """Send one frame and close; nothing happens when the peer is gone."""
        if self._transport is not None:
            self._transport.write(frame(body))
            self._transport.close()

    def hang_up(self) -> None:
        """Close: what was written still leaves, what was not asked is not heard."""
        self._frames = None
        if self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        """Close without an answer, at once."""
        self._frames = None
        if self._transport is not None:
            self._transport.abort()

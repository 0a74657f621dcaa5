"""A few small pages over HTTP/1.1, for machines that watch: one request a connection, GET only, no state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from muster.base.errors import Code, Misconfigured
from muster.host.core.settings import Endpoint, format_endpoint

MAX_REQUEST_BYTES = 8_192
REQUEST_SECONDS = 5.0


class Page(NamedTuple):
    """What a path answers."""

    status: str
    content_type: str
    body: bytes


Pages = Mapping[str, Callable[[], Page]]


class HttpPages:
    """Serves `pages` by their path between `start` and `stop`."""

    def __init__(self, endpoint: Endpoint, pages: Pages) -> None:
        self._endpoint = endpoint
        self._pages = pages
        self._server: asyncio.Server | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens, with the real port."""
        if self._server is None:
            return self._endpoint
        name = self._server.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    async def start(self) -> None:
        """Listen; `Misconfigured` when the address cannot be used."""
        host, port = self._endpoint
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=MAX_REQUEST_BYTES)
        except OSError as error:
            raise Misconfigured(
                Code.SETTINGS_INVALID,
                f"cannot serve metrics on {format_endpoint(self._endpoint)}: {(error.strerror or str(error)).lower()}",
                "Set another address: metrics in host.toml.",
            ) from error

    async def stop(self) -> None:
        """Close the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _answer(self, head: bytes) -> bytes:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        path = words[1].split(b"?", 1)[0].decode("ascii", "replace") if len(words) == 3 else ""  # noqa: PLR2004
        make = self._pages.get(path) if words[0] == b"GET" else None
        page = make() if make else Page("404 Not Found", "text/plain; charset=utf-8", b"not found\n")
        lines = (
            f"HTTP/1.1 {page.status}",
            f"Content-Type: {page.content_type}",
            f"Content-Length: {len(page.body)}",
            "Cache-Control: no-store",
            "Connection: close",
        )
        return "\r\n".join([*lines, "", ""]).encode() + page.body

"""The HTTP server of a program: where it listens, how it serves, and what a service manager hears of it: ready, alive, stopping.

Never decides what is served: the application comes from the program, the rest from who runs it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from muster.base.errors import Code, Misconfigured
from muster.platform.systemd import READY, STOPPING, notify, stay_alive


class HttpServer(uvicorn.Server):
    """As uvicorn's. Ready is told once requests are taken, stopping before the last ones are waited for."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take requests."""
        await super().startup(sockets)
        if self.started:
            notify(os.environ, READY)
            self._life = asyncio.create_task(stay_alive(os.environ))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, and answer those that are here. Signs of life go on meanwhile."""
        notify(os.environ, STOPPING)
        await super().shutdown(sockets)
        self._life.cancel()


IDLE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Serving:
    """Where to serve, and how. `listen` is ``ADDR:PORT``; TLS where there is a certificate; `proxies` are believed."""

    listen: str
    certificate: Path | None = None
    private_key: Path | None = None
    proxies: Sequence[str] = ()
    backlog: int = 512
    drain_seconds: int = 10
    max_headers_bytes: int = 64 * 1024

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            raise Misconfigured(Code.USAGE, "--certificate and --private-key go together", "name both, or neither")

    def listening(self) -> socket.socket:
        """A socket that listens already. `Misconfigured` (USAGE) when the address is none, or not free."""
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdigit():
            raise Misconfigured(
                Code.USAGE, f"{self.listen!r} is no address with a port", "write it like 127.0.0.1:8443"
            )
        host = host.removeprefix("[").removesuffix("]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            return socket.create_server((host, int(port)), family=family, backlog=self.backlog)
        except (OSError, OverflowError) as error:
            raise Misconfigured(
                Code.USAGE, f"cannot listen on {self.listen}: {error}", "Name a free address."
            ) from error

    def address(self, own: socket.socket) -> str:
        """The URL of a socket, with its real port."""
        host, port = own.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.certificate else 'http'}://{shown}:{port}"

    def config(self, app: Any) -> uvicorn.Config:
        """How `app` is served; what it says of itself stays ours: no log of uvicorn's, no server in the headers."""
        return uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(self.proxies),
            forwarded_allow_ips=list(self.proxies),
            ssl_certfile=self.certificate,
            ssl_keyfile=self.private_key,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=self.drain_seconds,
            h11_max_incomplete_event_size=self.max_headers_bytes,
        )

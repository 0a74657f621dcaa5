"""The HTTP server of a program, and what a service manager hears of it: ready, alive, stopping.

Never decides what is served, or where: the configuration and the sockets come from the program.
"""

from __future__ import annotations

import asyncio
import os
import socket

import uvicorn

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

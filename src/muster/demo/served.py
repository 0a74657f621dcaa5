"""Pages and services of the demonstration's programs, each on a free port of loopback until it is closed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from muster.demo.nameserver import LOOPBACK

if TYPE_CHECKING:
    from fastapi import FastAPI

DRAIN_SECONDS = 1
"""How long a browser that is still reading is waited for in the end."""


class Served:
    """An application as its program serves it, by a thread of its own."""

    def __init__(self, app: FastAPI) -> None:
        import uvicorn

        from muster.platform.http_server import Serving

        how = Serving(f"{LOOPBACK}:0", drain_seconds=DRAIN_SECONDS)
        own = how.listening()
        self.address = how.address(own)
        self._server = uvicorn.Server(how.config(app))
        # The socket listens already: who comes before the thread is ready waits a moment.
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [own]}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer what was asked, then let the port go."""
        self._server.should_exit = True
        self._thread.join()

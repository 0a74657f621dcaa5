"""Acme's own service, as `muster vendor serve` runs it, on a port of loopback with TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from muster.platform.accounts.memory import MemoryAccounts
from muster.vendor.service.access import vendor_accounts
from muster.vendor.web.serving import create_app
from tests.worlds.certificates import issue
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_service import AcmeService
from tests.worlds.vendor_world import Acme


@contextmanager
def served_acme(folder: Path, acme: Acme | None = None) -> Iterator[AcmeService]:
    """Serve a vendor, made in `folder` unless one is given, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    acme = acme or Acme(folder / "vendor")
    paper = issue(folder, "localhost", "127.0.0.1")
    app = create_app(acme.vendor, vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT))
    own = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False,
        ssl_certfile=paper.certificate, ssl_keyfile=paper.key, ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [own]}, daemon=True)
    thread.start()
    try:
        yield AcmeService(acme, f"https://localhost:{own.getsockname()[1]}", paper.authority)
    finally:
        server.should_exit = True
        thread.join()

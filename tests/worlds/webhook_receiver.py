"""A system of the vendor's that is told of events: real HTTPS on loopback, and it believes only what is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from tests.worlds.certificates import issue


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """What a receiver does by the public description of Standard Webhooks, written down independently of the sender."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(one, f"v1,{expected}") for one in headers["webhook-signature"].split(" "))


@dataclass
class Receiver:
    """`told` are the events it believed, `told_one` that there is one; `status` is what it answers, `location` where to."""

    address: str
    authority: Path
    secret: str = ""
    status: int = 200
    location: str = ""
    silent: bool = False
    told: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    refused: int = 0
    told_one: threading.Event = field(default_factory=threading.Event)

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)


class _Handler(BaseHTTPRequestHandler):
    receiver: ClassVar[Receiver]
    over: ClassVar[threading.Event]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.receiver.silent:
            self.over.wait(30)
            return
        if self.receiver.secret and not is_signed(self.receiver.secret, headers, body):
            self.receiver.refused += 1
            self.send_error(401)
            return
        self.receiver.told.append(json.loads(body))
        self.receiver.headers.append(headers)
        self.send_response(self.receiver.status)
        if self.receiver.location:
            self.send_header("location", self.receiver.location)
        self.send_header("content-length", "0")
        self.end_headers()
        self.receiver.told_one.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Tests print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that hang up, or do not trust the certificate, are part of the tests."""


@contextmanager
def receiving(folder: Path) -> Iterator[Receiver]:
    """A receiver on a free port of loopback."""
    folder.mkdir(parents=True, exist_ok=True)
    paper = issue(folder, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper.certificate, paper.key)
    over = threading.Event()
    handler = type("Handler", (_Handler,), {"over": over})
    server = _Server(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(f"https://localhost:{server.server_address[1]}/hook", paper.authority)
    handler.receiver = receiver  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()

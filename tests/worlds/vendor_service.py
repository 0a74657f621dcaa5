"""Acme's activation service on loopback: real HTTP over real TLS, a real vendor behind it; and what else may answer there.

Small on purpose: it answers as spec/vendor.md says, limits nobody, and remembers what it was asked.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from muster.base.errors import Code, Malformed, MusterError, Refused
from muster.base.terminal import error_json
from muster.trust.bundle import answer_bundle
from muster.trust.productkey import parse_key
from muster.vendor import app as vendor
from muster.vendor.core.keysets import current
from muster.vendor.service.confirming import confirm_packed
from muster.wire.bundle import ConfirmationRow, RequestBundle, decode_request_bundle
from muster.wire.calendar import day_start, seconds
from muster.wire.confirmation import PermanentConfirmation, unpack_confirmation
from muster.wire.keyset import Purpose
from tests.worlds.certificates import issue
from tests.worlds.vendor_world import Acme

Plain = dict[str, Any]
MAX_JSON_BYTES = 4096


@dataclass
class Answer:
    """What goes back; a test may put one in the way of the service."""

    status: int = 200
    media: str = "application/json"
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class AcmeService:
    """The service and its address. `asked` are paths and bodies; `instead` answers in its place where it is set."""

    acme: Acme
    url: str
    authority: Path
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    instead: Callable[[str], Answer] | None = None

    @property
    def tls(self) -> ssl.SSLContext:
        """A client's trust in the authority behind the service's certificate."""
        return ssl.create_default_context(cafile=self.authority)

    def answer(self, path: str, body: bytes, tag: str) -> Answer:
        try:
            if self.instead is not None:
                return self.instead(path)
            return self._answer(path.removeprefix("/v1/"), body, tag)
        except MusterError as error:
            status = 422 if isinstance(error, Malformed) else 404 if error.code is Code.NOT_FOUND else 409
            return problem(error, status)

    def _answer(self, path: str, body: bytes, tag: str) -> Answer:
        name, _, rest = path.partition("/")
        if rest:
            return _tagged(self._document(name, rest), tag)
        if name == "request-bundles":
            return Answer(media="text/plain", body=self._bundle(decode_request_bundle(body)).encode())
        if len(body) > MAX_JSON_BYTES:
            return problem(Refused(Code.USAGE, "too much"), 413)
        return Answer(body=json.dumps(self._json(name, json.loads(body))).encode())

    def _json(self, name: str, asked: Plain) -> Plain:
        acme = self.acme
        if name == "remaining":
            row = acme.row(parse_key(asked["key"]))
            return {"remaining": row.activations - row.used, "total": row.activations, "edition": row.scope_name}
        if name == "permanent-activations":
            done = vendor.confirm(acme.vendor, asked["installation_id"])
            confirmation = unpack_confirmation(done.packed)
            assert isinstance(confirmation, PermanentConfirmation)
            end = confirmation.end_day
            expires = f"{day_start(end):%Y-%m-%d}" if end else None
            return {"confirmation_id": done.digits, "expires_at": expires, "remaining": self.left(done.key_id)}
        if name == "certificates":
            done = vendor.confirm(acme.vendor, asked["installation_id"], replaces=asked.get("replaces"))
            return {"confirmation_id": done.digits, "serial": done.serial}
        raise Refused(Code.NOT_FOUND, f"no {name}")

    def left(self, key_id: int) -> int:
        """What is left of a key."""
        row = self.acme.vendor.store.run(lambda books: books.key(key_id))
        assert row is not None
        return row.activations - row.used

    def _bundle(self, request: RequestBundle) -> str:
        rows = [self._row(row.installation) for row in request.rows]
        signer = current(self.acme.vendor.keysets().newest, Purpose.BUNDLE, self.acme.vendor.today)
        private = self.acme.vendor.keys.issuing(signer.public)
        return answer_bundle(private, request, seconds(self.acme.clock.now()), rows)

    def _row(self, installation: bytes) -> ConfirmationRow:
        try:
            return ConfirmationRow(installation, 0, confirm_packed(self.acme.vendor, installation).packed)
        except MusterError as error:
            return ConfirmationRow(installation, error.code.number)

    def _document(self, name: str, rest: str) -> Answer:
        keysets = self.acme.vendor.keysets()
        documents = keysets.documents
        vendor_id, _, number = rest.partition("/")
        if vendor_id != keysets.vendor_id.hex():
            raise Refused(Code.NOT_FOUND, "no such vendor")
        if name == "keysets" and number.isdigit() and 0 < int(number) <= len(documents):
            return Answer(media="application/octet-stream", body=documents[int(number) - 1])
        if name == "product-files" and not number:
            return Answer(media="text/plain; charset=us-ascii", body=vendor.export_product(self.acme.vendor).encode())
        raise Refused(Code.NOT_FOUND, "no such document")


def problem(error: MusterError, status: int, **headers: str) -> Answer:
    """An error as RFC 9457 has it."""
    row = error_json(error)
    body = {"type": "about:blank", "title": error.code.meaning, "status": status, "detail": row.pop("message"), **row}
    return Answer(status, "application/problem+json", json.dumps(body).encode(), headers)


def _tagged(answer: Answer, tag: str) -> Answer:
    own = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    if tag == own:
        return Answer(304, answer.media, b"", {"ETag": own})
    answer.headers["ETag"] = own
    return answer


class _Handler(BaseHTTPRequestHandler):
    service: ClassVar[AcmeService]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._respond(b"")

    def do_POST(self) -> None:
        self._respond(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _respond(self, body: bytes) -> None:
        self.service.asked.append((self.path, body))
        self.service.headers.append({name.lower(): value for name, value in self.headers.items()})
        answer = self.service.answer(self.path, body, self.headers.get("If-None-Match", ""))
        self.send_response(answer.status)
        for name, value in {
            "Content-Type": answer.media,
            "Content-Length": str(len(answer.body)),
            **answer.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Tests print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that hang up, or speak no TLS, are part of the tests."""


@contextmanager
def serving_acme(folder: Path, acme: Acme | None = None) -> Iterator[AcmeService]:
    """Serve a vendor, made in `folder` unless one is given, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    paper = issue(folder, "localhost", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper.certificate, paper.key)
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    # The handshake belongs to the caller's own thread: one that stays silent must not stop the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    service = AcmeService(
        acme or Acme(folder / "vendor"), f"https://localhost:{server.server_address[1]}", paper.authority
    )
    handler.service = service  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

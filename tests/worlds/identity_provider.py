"""An identity provider on loopback: real HTTPS, real signed tokens, and it insists on what a real one insists on.

Written from OpenID Connect Core, RFC 6749 and RFC 7636; its tokens are signed with `cryptography` alone. Whoever is
`person` is logged in there already, so its page sends the browser back at once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.worlds.certificates import issue

CLIENT, SECRET = "muster", "a secret: of the client/1"
Claims = dict[str, Any]


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number_of(value: int) -> str:
    return text_of(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class IdentityProvider:
    """`person` are the claims of whoever sits at the browser; `change` may spoil a token's header and claims."""

    issuer: str
    authority: Path
    redirect: str
    now: Callable[[], datetime]
    person: Claims = field(default_factory=lambda: {"sub": "4711", "preferred_username": "nora", "groups": ["staff"]})
    change: Callable[[Claims, Claims], None] = lambda _header, _claims: None
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    is_down: bool = False
    lies_about_issuer: bool = False
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    kid: str = "1"
    codes: dict[str, Claims] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)

    def turn_key(self) -> None:
        """Sign with another key from now on."""
        self.key, self.kid = rsa.generate_private_key(65537, 2048), str(int(self.kid) + 1)

    def description(self) -> Claims:
        return {
            "issuer": "https://elsewhere.example" if self.lies_about_issuer else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": self.methods,
        }

    def keys(self) -> Claims:
        public = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid}
        return {"keys": [{**key, "n": number_of(public.n), "e": number_of(public.e)}]}

    def authorize(self, asked: Claims) -> str:
        """Where the browser is sent back to."""
        assert asked["client_id"] == CLIENT, "another client"
        assert asked["redirect_uri"] == self.redirect, "another address"
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = text_of(hashlib.sha256(f"{asked['state']} {len(self.asked)}".encode()).digest())
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{self.redirect}?{urlencode(back)}"

    def token(self, sent: Claims, proof: str) -> tuple[int, Claims]:
        asked = self.codes.pop(sent.get("code", ""), None)
        if not self._is_client(sent, proof):
            return 401, {"error": "invalid_client"}
        challenge = text_of(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        if asked is None or sent["redirect_uri"] != asked["redirect_uri"] or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        at = int(self.now().timestamp())
        header: Claims = {"alg": "RS256", "typ": "JWT", "kid": self.kid}
        claims: Claims = {"iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": asked["nonce"]}
        claims |= self.person
        self.change(header, claims)
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.signed(header, claims)}

    def signed(self, header: Claims, claims: Claims) -> str:
        content = ".".join(text_of(json.dumps(part).encode()) for part in (header, claims))
        if header["alg"] == "none":
            return content + "."
        return f"{content}.{text_of(self.key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def _is_client(self, sent: Claims, proof: str) -> bool:
        if "client_secret_basic" in self.methods:
            name, _, word = base64.b64decode(proof.removeprefix("Basic ")).decode().partition(":")
            return (unquote(name), unquote(word)) == (CLIENT, SECRET)
        return (sent.get("client_id"), sent.get("client_secret")) == (CLIENT, SECRET) and not proof


class _Handler(BaseHTTPRequestHandler):
    provider: ClassVar[IdentityProvider]

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        self.provider.asked.append(path.path)
        if self.provider.is_down:
            self.send_error(503)
        elif path.path == "/.well-known/openid-configuration":
            self._json(200, self.provider.description())
        elif path.path == "/keys":
            self._json(200, self.provider.keys())
        elif path.path == "/authorize":
            self.send_response(302)
            self.send_header("location", self.provider.authorize(_flat(path.query)))
            self.send_header("content-length", "0")
            self.end_headers()
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        sent = _flat(self.rfile.read(int(self.headers["content-length"])).decode())
        self._json(*self.provider.token(sent, self.headers.get("authorization", "")))

    def _json(self, status: int, body: Claims) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Tests print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that do not trust the certificate are part of the tests."""


def _flat(query: str) -> Claims:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def identifying(folder: Path, redirect: str, now: Callable[[], datetime]) -> Iterator[IdentityProvider]:
    """A provider on a free port of loopback that knows one client, at `redirect`."""
    folder.mkdir(parents=True, exist_ok=True)
    paper = issue(folder, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper.certificate, paper.key)
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    provider = IdentityProvider(f"https://localhost:{server.server_address[1]}", paper.authority, redirect, now)
    handler.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

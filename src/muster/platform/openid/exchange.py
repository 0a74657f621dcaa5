"""An identity provider asked over HTTPS: its description, its keys, and a code made into a token.

Nothing is cached: people log in seldom, and a key that was changed is so known at once. No redirect is followed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from muster.base.errors import Code, Misconfigured, Unreachable, Untrusted
from muster.base.terminal import clean
from muster.platform.openid.settings import Provider
from muster.platform.openid.tokens import Ask, Endpoints, authorization_address, believe, read_endpoints
from muster.platform.service_address import check_service

DESCRIPTION = "/.well-known/openid-configuration"
DEADLINE_SECONDS = 15.0
MAX_ANSWER_BYTES = 256 * 1024
_OK = 200


class Identities(Protocol):
    """Asks an identity provider who somebody is."""

    provider: Provider

    def address(self, ask: Ask) -> str:
        """Where the browser is sent; `Unreachable` or `Untrusted` when the provider does not describe itself."""

    def claims(self, ask: Ask, code: str, now: datetime) -> Mapping[str, Any]:
        """What the provider says of whoever brought the code; `Unreachable`, `Untrusted`."""


class HttpsIdentities:
    """See `Identities`. `tls` stands in for the system's authorities."""

    def __init__(
        self, provider: Provider, *, tls: ssl.SSLContext | None = None, deadline: float = DEADLINE_SECONDS
    ) -> None:
        self.provider = provider
        self._tls = tls
        self._deadline = deadline

    def address(self, ask: Ask) -> str:
        """See `Identities`."""
        return authorization_address(self.provider, self._endpoints(), ask)

    def claims(self, ask: Ask, code: str, now: datetime) -> Mapping[str, Any]:
        """See `Identities`."""
        endpoints, own = self._endpoints(), self.provider
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": own.redirect,
            "code_verifier": ask.verifier,
        }
        proof: tuple[str, str] | None = None
        if own.secret and endpoints.is_basic:
            proof = quote(own.client, safe=""), quote(own.secret, safe="")
        else:
            sent |= {"client_id": own.client} | ({"client_secret": own.secret} if own.secret else {})
        token = self._ask("POST", endpoints.token, sent, proof).get("id_token")
        if not isinstance(token, str):
            raise Untrusted(Code.IDENTITY_UNTRUSTED, "the identity provider gave no identity token")
        return believe(own, ask, token, self._ask("GET", endpoints.keys), now)

    def _endpoints(self) -> Endpoints:
        described = self._ask("GET", self.provider.issuer.rstrip("/") + DESCRIPTION)
        return read_endpoints(self.provider, described)

    def _ask(
        self, method: str, address: str, sent: Mapping[str, str] | None = None, proof: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        import httpx2

        try:
            check_service(address)
            return asyncio.run(self._exchange(method, address, sent, proof))
        except Misconfigured as error:
            raise Untrusted(Code.IDENTITY_UNTRUSTED, f"the identity provider's {error.message}") from error
        except TimeoutError as error:
            raise _silent(f"no answer within {self._deadline:g} seconds") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise _failure(error) from error

    async def _exchange(
        self, method: str, address: str, sent: Mapping[str, str] | None, proof: tuple[str, str] | None
    ) -> dict[str, Any]:
        import httpx2

        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with (
            asyncio.timeout(self._deadline),
            httpx2.AsyncClient(verify=self._tls or True, timeout=self._deadline) as client,
            client.stream(method, address, data=sent, headers=headers, auth=proof) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise ValueError("it answers without end")
        return _object(response.status_code, bytes(body))


def _object(status: int, body: bytes) -> dict[str, Any]:
    import json

    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"HTTP {status}, and not JSON") from error
    if status != _OK or not isinstance(found, dict):
        word = found.get("error") if isinstance(found, dict) else None
        raise ValueError(f"HTTP {status}" + (f", {str(word)[:60]!r}" if word else ""))
    return found


def _failure(error: BaseException) -> Unreachable | Untrusted:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Untrusted(Code.IDENTITY_UNTRUSTED, "the identity provider shows no good certificate")
        cause = cause.__cause__ or cause.__context__
    return _silent(str(error) or "no connection")


def _silent(problem: str) -> Unreachable:
    return Unreachable(Code.IDENTITY_UNREACHABLE, f"the identity provider was not asked: {clean(problem, 150)}")

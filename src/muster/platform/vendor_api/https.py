"""The vendor's service by HTTPS (spec/vendor.md §Callers): the system's proxies and authorities, one deadline, capped answers.

Nothing is followed, kept or logged. What goes wrong is `Unreachable`, `Untrusted` when TLS says so, or the service's own no.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from muster.base.errors import Code, MusterError, Unreachable, Untrusted
from muster.base.terminal import clean
from muster.platform.service_address import check_service
from muster.platform.vendor_api.answers import (
    JSON,
    Activated,
    Certified,
    Remaining,
    nonsense,
    read_activated,
    read_certified,
    read_object,
    read_problem,
    read_remaining,
)
from muster.trust.humanid import format_installation
from muster.wire.armour import MAX_TEXT_BYTES
from muster.wire.installation import unpack_installation
from muster.wire.keyset import MAX_KEYSET_BYTES

if TYPE_CHECKING:
    from httpx2 import Response

DEADLINE_SECONDS = 30.0
BUNDLE_DEADLINE_SECONDS = 300.0
CONNECT_SHARE = 3
"""Steps of connecting through a proxy: each gets its share of the deadline."""

MAX_JSON_BYTES = 64 * 1024
MAX_DOCUMENT_BYTES = 2 * MAX_KEYSET_BYTES
TEXT, BYTES = "text/plain", "application/octet-stream"
_OK, _NOT_MODIFIED, _REDIRECTS = 200, 304, range(300, 400)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document and the tag that its next request may name."""

    data: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    media: str
    headers: Mapping[str, str]
    body: bytes


class VendorApi:
    """Asks one service. `Misconfigured` for an address that is none; `tls` stands in for the system's authorities."""

    def __init__(self, address: str, *, deadline: float = DEADLINE_SECONDS, tls: ssl.SSLContext | None = None) -> None:
        self._address = check_service(address)
        self._deadline = deadline
        self._tls = tls

    async def activate(self, installation: bytes) -> Activated:
        """The confirmation of a machine's packed installation id."""
        return await self._ask("permanent-activations", {"installation_id": _digits(installation)}, read_activated)

    async def certify(self, installation: bytes, replaces: int | None = None) -> Certified:
        """The confirmation of a host's or directory's packed installation id, in place of the certificate `replaces`."""
        asked = {"installation_id": _digits(installation), "replaces": replaces}
        return await self._ask("certificates", asked, read_certified)

    async def remaining(self, key: str) -> Remaining:
        """What is left of a multiple activation key."""
        return await self._ask("remaining", {"key": key}, read_remaining)

    async def confirm_bundle(self, text: str) -> bytes:
        """The armoured confirmation bundle that answers an armoured request bundle."""
        deadline, headers = max(self._deadline, BUNDLE_DEADLINE_SECONDS), {"Content-Type": TEXT}
        reply = await self._exchange(
            "POST", "request-bundles", text.encode(), headers, deadline=deadline, limit=MAX_TEXT_BYTES
        )
        return _expected(reply, TEXT).body

    async def product_file(self, vendor_id: bytes, tag: str = "") -> Fetched | None:
        """The newest product file; None when it is still the one that `tag` names."""
        return await self._fetch(f"product-files/{vendor_id.hex()}", tag, TEXT, MAX_TEXT_BYTES)

    async def keyset(self, vendor_id: bytes, number: int, tag: str = "") -> Fetched | None:
        """The signed keyset of a version; None when it is still the one that `tag` names."""
        return await self._fetch(f"keysets/{vendor_id.hex()}/{number}", tag, BYTES, MAX_DOCUMENT_BYTES)

    async def _ask(self, path: str, asked: Mapping[str, Any], read: Callable[[dict[str, Any]], Answer]) -> Answer:
        body = json.dumps(asked).encode()
        reply = await self._exchange(
            "POST", path, body, {"Content-Type": JSON}, deadline=self._deadline, limit=MAX_JSON_BYTES
        )
        return read(read_object(_expected(reply, JSON).body))

    async def _fetch(self, path: str, tag: str, media: str, limit: int) -> Fetched | None:
        headers = {"If-None-Match": tag} if tag else {}
        reply = await self._exchange("GET", path, b"", headers, deadline=self._deadline, limit=limit)
        if tag and reply.status == _NOT_MODIFIED:
            return None
        return Fetched(_expected(reply, media).body, reply.headers.get("etag", ""))

    async def _exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, deadline: float, limit: int
    ) -> _Reply:
        import httpx2

        from muster import __version__

        # No compression: the cap is on what arrives.
        sent = {**headers, "Accept-Encoding": "identity", "User-Agent": f"muster/{__version__}"}
        url = f"{self._address}/v1/{path}"
        # Connecting ends by itself before the deadline does: a handshake that is cancelled would leave its socket open.
        patience = httpx2.Timeout(None, connect=deadline / CONNECT_SHARE)
        try:
            async with (
                asyncio.timeout(deadline),
                httpx2.AsyncClient(verify=self._tls or True, timeout=patience) as client,
                client.stream(method, url, content=body or None, headers=sent) as response,
            ):
                return await _read(response, limit)
        except TimeoutError as error:
            raise _silent(f"no answer within {deadline:g} seconds") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise _failure(error) from error


async def _read(response: Response, limit: int) -> _Reply:
    if response.status_code in _REDIRECTS and response.status_code != _NOT_MODIFIED:
        raise nonsense("it sends elsewhere")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise nonsense("a compressed answer")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise nonsense(f"more than {limit} bytes")
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return _Reply(response.status_code, media, response.headers, bytes(body))


def _expected(reply: _Reply, media: str) -> _Reply:
    if reply.status != _OK:
        raise read_problem(reply.status, reply.media, reply.body, reply.headers.get("retry-after", ""))
    if reply.media != media:
        raise nonsense(f"{reply.media[:60] or 'nothing'} instead of {media}")
    return reply


def _digits(installation: bytes) -> str:
    return format_installation(unpack_installation(installation))


def _failure(error: BaseException) -> MusterError:
    """What a library's error means to whoever asked: a broken proof, or nobody there."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = clean(str(getattr(cause, "verify_message", "") or cause))
            return Untrusted(Code.SERVICE_UNTRUSTED, f"the vendor's service shows no good certificate: {reason}")
        cause = cause.__cause__ or cause.__context__
    return _silent(str(error) or "no connection in time")


def _silent(problem: str) -> Unreachable:
    return Unreachable(Code.SERVICE_UNREACHABLE, f"the vendor's service was not reached: {clean(problem, 200)}")

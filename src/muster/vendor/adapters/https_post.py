"""`Post` by HTTPS: one deadline, no redirect, no proxy, and no address inside unless the vendor says so."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpx2

from muster import __version__
from muster.base.errors import Code, MusterError, Refused, Unreachable, Untrusted
from muster.base.terminal import clean

DEADLINE_SECONDS = 15.0
_TRANSLATED = ip_network("64:ff9b::/96")


class HttpsPost:
    """Posts to addresses on the Internet; with `inside` also to those of the vendor's own network and this machine.

    A name is resolved once: what was judged is what is connected to. `tls` stands in for the system's authorities.
    """

    def __init__(
        self, *, inside: bool = False, tls: ssl.SSLContext | None = None, deadline: float = DEADLINE_SECONDS
    ) -> None:
        self._inside = inside
        self._tls = tls
        self._deadline = deadline

    def __call__(self, address: str, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status; `Unreachable`, `Untrusted`, or `Refused` with NOT_ALLOWED for an address inside."""
        return asyncio.run(self._post(address, headers, body))

    async def _post(self, address: str, headers: Mapping[str, str], body: bytes) -> int:
        parts = urlsplit(address)
        host = parts.hostname or ""
        try:
            async with asyncio.timeout(self._deadline):
                target = await self._resolve(host, parts.port or (443 if parts.scheme == "https" else 80))
                url = httpx2.URL(address).copy_with(host=target)
                # What is read of an answer is its status: a body may be as long as it likes.
                async with (
                    httpx2.AsyncClient(
                        verify=self._tls or httpx2.create_ssl_context(), trust_env=False, timeout=None
                    ) as client,
                    client.stream(
                        "POST",
                        url,
                        content=body,
                        headers={
                            **headers,
                            "host": parts.netloc,
                            "user-agent": f"muster-vendor/{__version__}",
                            "accept-encoding": "identity",
                        },
                        extensions={"sni_hostname": host},
                    ) as response,
                ):
                    return response.status_code
        except TimeoutError as error:
            raise _silent(f"no answer within {self._deadline:g} seconds") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise _failure(error) from error

    async def _resolve(self, host: str, port: int) -> str:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
        if not self._inside and not all(is_outside(one) for one in addresses):
            raise Refused(
                Code.NOT_ALLOWED,
                f"{host} is an address inside",
                "Set webhooks_inside = true in vendor.toml where that is meant.",
            )
        return addresses[0]


def is_outside(address: str) -> bool:
    """Whether an address is one of the Internet: not of this machine, a private network, or a link."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return is_outside(str(found.ipv4_mapped))
        if found.sixtofour is not None or found.teredo is not None or found in _TRANSLATED:
            return False  # an IPv4 address is inside it, which may be any
    return found.is_global and not found.is_multicast


def _failure(error: BaseException) -> MusterError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = clean(str(getattr(cause, "verify_message", "") or cause), 150)
            return Untrusted(Code.SERVICE_UNTRUSTED, f"it shows no good certificate: {reason}")
        cause = cause.__cause__ or cause.__context__
    return _silent(str(error) or "no connection")


def _silent(problem: str) -> Unreachable:
    return Unreachable(Code.SERVICE_UNREACHABLE, f"nobody was reached: {clean(problem, 150)}")

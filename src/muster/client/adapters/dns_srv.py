"""DNS through dnspython: SRV records, addresses, and the suffixes this machine would search (spec/discovery.md).

Asks the system's resolver, or only the one server that was set. Names are always asked as absolute
names, so a search list never turns them into others. Decides nothing about order.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from contextlib import suppress

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.IN.SRV import SRV

from muster.base.errors import Code, Unreachable
from muster.client.core.discovery import MAX_RECORDS, Address, ServiceRecord

ONE_QUERY_SECONDS = 2.0
ALL_QUERIES_SECONDS = 5.0
MAX_ADDRESSES = 8
_LOCAL = ("127.0.0.1", "::1")


class DnsSrv:
    """`NameService` over the system's resolver, or over `server` alone where one is set."""

    def __init__(self, server: Address | None = None) -> None:
        self._server = server

    async def suffixes(self) -> tuple[str, tuple[str, ...]]:
        """See `NameService`."""
        search: tuple[str, ...] = ()
        with suppress(dns.exception.DNSException, OSError, ValueError):
            resolver = dns.asyncresolver.Resolver()
            search = tuple(name.to_text(omit_final_dot=True) for name in resolver.search)
        return await _own_domain(), search

    async def services(self, name: str) -> tuple[ServiceRecord, ...]:
        """See `NameService`."""
        records = []
        for record in await self._ask(name, "SRV"):
            if isinstance(record, SRV):
                target = "" if record.target == dns.name.root else record.target.to_text(omit_final_dot=True)
                records.append(ServiceRecord(record.priority, record.weight, record.port, target))
        return tuple(records[:MAX_RECORDS])

    async def addresses(self, name: str) -> tuple[str, ...]:
        """See `NameService`."""
        with suppress(ValueError):
            return (str(ipaddress.ip_address(name)),)
        if name == "localhost" or name.endswith(".localhost"):
            return _LOCAL  # RFC 6761 §6.3: never asked of a server
        if self._server is None:
            return await _system_addresses(name)
        found = [str(r) for kind in ("A", "AAAA") for r in await self._ask(name, kind)]
        return tuple(found[:MAX_ADDRESSES])

    async def _ask(self, name: str, kind: str) -> list[object]:
        try:
            absolute = dns.name.from_text(name)
            resolver = dns.asyncresolver.Resolver(configure=self._server is None)
            if self._server is not None:
                resolver.nameservers = [self._server.host]
                resolver.port = self._server.port
            resolver.timeout = ONE_QUERY_SECONDS
            answer = await resolver.resolve(
                absolute, kind, search=False, raise_on_no_answer=False, lifetime=ALL_QUERIES_SECONDS
            )
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            asked = "the name server" if self._server is None else f"the name server {self._server}"
            raise Unreachable(
                Code.DNS_UNREACHABLE,
                f"{asked} gave no answer about {name} ({type(error).__name__})",
            ) from error
        return list(answer.rrset or ())


async def _system_addresses(name: str) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(ALL_QUERIES_SECONDS):
            rows = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))[:MAX_ADDRESSES]


async def _own_domain() -> str:
    """What follows the first dot of this machine's full name."""
    name = socket.gethostname()
    if "." not in name:
        loop = asyncio.get_running_loop()
        with suppress(OSError, UnicodeError):
            async with asyncio.timeout(ONE_QUERY_SECONDS):
                rows = await loop.getaddrinfo(name, None, flags=socket.AI_CANONNAME)
            name = next((row[3] for row in rows if row[3]), name)
    return name.partition(".")[2]

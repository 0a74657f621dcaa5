"""Asks DNS about this host as machines would: SRV names, then the target's addresses (spec/discovery.md)."""

from __future__ import annotations

from ipaddress import ip_address

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
from dns.rdtypes.IN.SRV import SRV

from muster.base.errors import Code, Unreachable
from muster.host.core.publication import Address, ServiceRecord, plain_name
from muster.host.core.settings import Endpoint

LOOK_SECONDS = 2.0


class DnsLook:
    """The system's resolver, or `server` alone."""

    def __init__(self, server: Endpoint | None = None) -> None:
        self._server = server

    async def services(self, owner: str) -> tuple[ServiceRecord, ...]:
        """The SRV records of a name; `Unreachable` with DNS_UNREACHABLE when nobody answers."""
        return tuple(
            ServiceRecord(owner, r.priority, r.weight, r.port, plain_name(r.target.to_text()))
            for r in await self._ask(owner, "SRV")
            if isinstance(r, SRV)
        )

    async def addresses(self, name: str) -> tuple[Address, ...]:
        """The addresses of a name; raises as `services`."""
        return tuple([ip_address(str(r)) for kind in ("A", "AAAA") for r in await self._ask(name, kind)])

    async def _ask(self, name: str, kind: str) -> list[object]:
        try:
            resolver = dns.asyncresolver.Resolver(configure=self._server is None)
            if self._server is not None:
                resolver.nameservers, resolver.port = [self._server[0]], self._server[1]
            absolute = dns.name.from_text(name)
            answer = await resolver.resolve(
                absolute, kind, search=False, raise_on_no_answer=False, lifetime=LOOK_SECONDS
            )
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise Unreachable(Code.DNS_UNREACHABLE, f"no answer about {name} ({type(error).__name__})") from error
        return list(answer.rrset or ())

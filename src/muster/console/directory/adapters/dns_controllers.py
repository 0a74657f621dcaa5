"""Directory servers by the SRV records of their domain (RFC 2782), through dnspython. Decides no more than their order."""

from __future__ import annotations

import socket

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
from dns.rdtypes.IN.SRV import SRV

from muster.base.errors import Code, Refused, Unreachable

SECONDS = 5.0
LDAP_PORT = 389
# Active Directory's own name first: other servers of a domain may answer under the other one.
_NAMES = ("_ldap._tcp.dc._msdcs", "_ldap._tcp")


class DnsControllers:
    """`Controllers` over the system's resolver, or over one `server` (address and port)."""

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self._server = server

    async def find(self, domain: str) -> tuple[str, ...]:
        """See `Controllers`."""
        domain = domain or socket.getfqdn().partition(".")[2]
        if not domain:
            raise Refused(
                Code.NO_DOMAIN,
                "this machine has no domain",
                "Name a server (--server ldap://NAME) or a domain (--domain).",
            )
        for name in _NAMES:
            found = await self._ask(f"{name}.{domain}")
            if found:
                ordered = sorted(found, key=lambda record: (record.priority, -record.weight))
                return tuple(_url(record) for record in ordered)
        raise Refused(
            Code.NO_DOMAIN,
            f"DNS knows no directory server of {domain}",
            "Compare the domain's name, or name a server: --server ldap://NAME.",
        )

    async def _ask(self, name: str) -> list[SRV]:
        resolver = dns.asyncresolver.Resolver(configure=self._server is None)
        if self._server is not None:
            resolver.nameservers, resolver.port = [self._server[0]], self._server[1]
        try:
            answer = await resolver.resolve(
                dns.name.from_text(name), "SRV", search=False, raise_on_no_answer=False, lifetime=SECONDS
            )
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise Unreachable(
                Code.DNS_UNREACHABLE, f"no answer about {name} ({type(error).__name__})", "Name a server: --server."
            ) from error
        return [record for record in answer.rrset or () if isinstance(record, SRV)]


def _url(record: SRV) -> str:
    host = record.target.to_text(omit_final_dot=True)
    return f"ldap://{host}" if record.port == LDAP_PORT else f"ldap://{host}:{record.port}"

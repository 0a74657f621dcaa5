"""Dynamic DNS update (RFC 2136) signed with TSIG (RFC 8945) or GSS-TSIG (RFC 3645), by dnspython.

Adds and removes single members of record sets, never whole sets, so several hosts can share a name. Decides nothing
about what is published.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
import dns.tsig
import dns.update
from dns.rdtypes.ANY.SOA import SOA

from muster.base.errors import Code, MusterError, Refused, Unreachable
from muster.host.adapters.gss_tsig import GssTsig
from muster.host.core.publication import AddressRecord, ServiceRecord, ZoneRecords, without
from muster.host.core.settings import Endpoint, format_endpoint

ANSWER_SECONDS = 5.0
DNS_PORT = 53

# What an answer of refusal means, and what to do about it. NOTAUTH comes unsigned from servers that do not have the zone.
_REMEDIES = {
    "REFUSED": (
        "the server does not let this key change these names",
        "Let it: in BIND, update-policy { grant KEY name _muster._tcp.ZONE SRV; grant KEY name HOST A AAAA; };",
    ),
    "NOTAUTH": (
        "the server is not authoritative for the zone",
        "Set server in [dns] to the zone's primary server, and compare the zone's name.",
    ),
    "NOTZONE": ("a name lies outside the zone", "Compare zones and target in [dns]."),
    "NOTIMP": ("the server does not take updates", "Set server in [dns] to the zone's primary server."),
    "SERVFAIL": ("the server failed", "Look into the server's log."),
    "bad key": (
        "the server does not know the key's name",
        "Compare the key's name and algorithm in tsig_key_file with the server's.",
    ),
    "bad signature": ("the server has another secret for this key", "Copy the key file from the server again."),
    "reply not verified": (
        "its reply does not verify, and the zone does not show what was asked for",
        "In Active Directory: let this account write the name (muster directory dns-acl).",
    ),
    "bad time": ("the clocks of this machine and of the server differ too much", "Set both clocks right."),
}
_UNSIGNED = "Set tsig_key_file in [dns], or let the server take unsigned updates from this address."
_PEER_ERRORS: dict[type[Exception], str] = {
    dns.tsig.PeerBadKey: "bad key",
    dns.tsig.PeerBadSignature: "bad signature",
    dns.tsig.PeerBadTime: "bad time",
    dns.tsig.BadTime: "bad time",
}


class DnsUpdate:
    """`Publisher` over TCP. `server` None: the zone's primary as its SOA record names it.

    `key` or `gss` sign; without them updates are unsigned. `resolver` is asked where names and zones are; None for the
    system's. `patience`: seconds for one answer.
    """

    def __init__(
        self,
        server: Endpoint | None = None,
        key: dns.tsig.Key | None = None,
        resolver: Endpoint | None = None,
        *,
        gss: GssTsig | None = None,
        patience: float = ANSWER_SECONDS,
    ) -> None:
        self._server = server
        self._key = key
        self._gss = gss
        self._resolver = resolver
        self._patience = patience

    async def publish(self, records: ZoneRecords, stale: ZoneRecords | None = None) -> ZoneRecords:
        """See `Publisher`."""
        server = self._server or await self._primary(records.zone)
        before = stale or ZoneRecords(records.zone)
        foreign = [a for a in records.addresses if a not in before.addresses and await self._stands(server, a)]
        own = replace(records, addresses=tuple(a for a in records.addresses if a not in foreign))
        update = self._update(records.zone)
        _remove(update, without(before, records))
        _add(update, own)
        await self._send(server, update, records.zone, own)
        return own

    async def withdraw(self, records: ZoneRecords) -> None:
        """See `Publisher`."""
        server = self._server or await self._primary(records.zone)
        update = self._update(records.zone)
        _remove(update, records)
        await self._send(server, update, records.zone)

    def _update(self, zone: str) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(zone, keyring=self._key)

    async def _send(
        self, server: Endpoint, update: dns.update.UpdateMessage, zone: str, wanted: ZoneRecords | None = None
    ) -> None:
        """Send an update. `wanted` is what stands there afterwards; None: what was removed does not."""
        if self._gss is not None:
            key = await self._gss.negotiate(server, await self._name_of(server, zone))
            update.use_tsig(key.keyring, key.name, algorithm=dns.tsig.GSS_TSIG)
        host, port = server
        try:
            reply = await dns.asyncquery.tcp(update, host, port=port, timeout=self._patience)
        except (dns.tsig.PeerError, dns.tsig.BadTime) as error:
            raise self._refused(_PEER_ERRORS.get(type(error), "bad signature"), server, zone) from error
        except dns.tsig.BadSignature as error:
            # Samba's replies do not verify (docs/decisions/0013): whether it did what was asked is seen in the zone.
            if self._gss is None or (wanted is not None and not await self._all_stand(server, wanted)):
                raise self._refused("reply not verified", server, zone) from error
            return
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise _silent(server, error) from error
        if reply.rcode() != dns.rcode.NOERROR:
            raise self._refused(dns.rcode.to_text(reply.rcode()), server, zone)

    async def _all_stand(self, server: Endpoint, records: ZoneRecords) -> bool:
        """Whether the zone shows every record."""
        for service in records.services:
            wanted = dns.rdata.from_text("IN", "SRV", _service_text(service))
            if wanted not in await self._records(server, service.owner, "SRV"):
                return False
        return all([await self._stands(server, record) for record in records.addresses])

    async def _name_of(self, server: Endpoint, zone: str) -> str:
        """What the zone's SOA record calls its primary server: the name that Kerberos knows it by."""
        for record in await self._records(server, zone, "SOA"):
            if isinstance(record, SOA):
                return str(record.mname.to_text(omit_final_dot=True))
        raise _no_primary(zone, f"{format_endpoint(server)} does not have it")

    def _refused(self, reason: str, server: Endpoint, zone: str) -> Refused:
        cause, remedy = _REMEDIES.get(reason, ("no reason that is known here", "Look into the server's log."))
        if reason == "REFUSED" and self._key is None and self._gss is None:
            cause, remedy = "the server takes no unsigned updates of these names", _UNSIGNED
        message = f"{format_endpoint(server)} refused the update of {zone}: {cause} ({reason})"
        return Refused(Code.DNS_UPDATE_REFUSED, message, remedy)

    async def _stands(self, server: Endpoint, record: AddressRecord) -> bool:
        """Whether somebody put this address there already. A server that does not say so is asked to add it."""
        found = await self._records(server, record.name, record.rdtype)
        return any(_is_address(rdata.to_text(), record) for rdata in found)

    async def _records(self, server: Endpoint, name: str, rdtype: str) -> list[dns.rdata.Rdata]:
        query = dns.message.make_query(name, rdtype)
        try:
            reply = await dns.asyncquery.tcp(query, server[0], port=server[1], timeout=self._patience)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise _silent(server, error) from error
        return [rdata for rrset in reply.answer for rdata in rrset]

    async def _primary(self, zone: str) -> Endpoint:
        """The server that the zone's SOA record names."""
        resolver = dns.asyncresolver.Resolver(configure=self._resolver is None)
        if self._resolver is not None:
            resolver.nameservers = [self._resolver[0]]
            resolver.port = self._resolver[1]
        name = dns.name.from_text(zone)
        try:
            answer = await resolver.resolve(name, "SOA", search=False, lifetime=self._patience)
            soa = next(iter(answer))
            if not isinstance(soa, SOA):
                raise _no_primary(zone, "its SOA record cannot be read")
            address = await self._address(resolver, soa.mname)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer) as error:
            raise _no_primary(zone, "there is no such zone") from error
        except (dns.exception.DNSException, OSError) as error:
            raise _no_primary(zone, f"no answer ({type(error).__name__})") from error
        if self._resolver is not None and ip_address(address) == ip_address(self._resolver[0]):
            return self._resolver
        return address, DNS_PORT

    async def _address(self, resolver: dns.asyncresolver.Resolver, name: dns.name.Name) -> str:
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = await resolver.resolve(name, kind, search=False, lifetime=self._patience, raise_on_no_answer=False)
            for rdata in answer.rrset or ():
                return str(rdata.to_text())
        raise dns.resolver.NoAnswer


def _add(update: dns.update.UpdateMessage, records: ZoneRecords) -> None:
    for service in records.services:
        update.add(f"{service.owner}.", records.ttl, "SRV", _service_text(service))
    for record in records.addresses:
        update.add(f"{record.name}.", records.ttl, record.rdtype, str(record.address))


def _remove(update: dns.update.UpdateMessage, records: ZoneRecords) -> None:
    for service in records.services:
        update.delete(f"{service.owner}.", "SRV", _service_text(service))
    for record in records.addresses:
        update.delete(f"{record.name}.", record.rdtype, str(record.address))


def _service_text(service: ServiceRecord) -> str:
    return f"{service.priority} {service.weight} {service.port} {service.target}."


def _is_address(text: str, record: AddressRecord) -> bool:
    try:
        return ip_address(text) == record.address
    except ValueError:
        return False


def _silent(server: Endpoint, error: Exception) -> Unreachable:
    reason = "no answer" if isinstance(error, dns.exception.Timeout) else str(error) or type(error).__name__
    return Unreachable(Code.DNS_UNREACHABLE, f"the DNS server {format_endpoint(server)} did not answer: {reason}")


def _no_primary(zone: str, problem: str) -> MusterError:
    return Unreachable(
        Code.DNS_UNREACHABLE, f"the primary server of {zone} cannot be found: {problem}", "Set server in [dns]."
    )

"""Zones in memory: what a name server answers (RFC 1034) and lets be changed (RFC 2136).

Messages in, messages and response codes out; no sockets, no clock, no signatures: the caller says
who signed. An update is all or nothing. There is no recursion, delegation, wildcard, alias,
transfer or DNSSEC here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.transaction
import dns.update
import dns.zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


ZONE_TTL: Final = 60
"""Seconds a record that the zone file itself holds may be cached."""

MAX_UPDATE_RECORDS: Final = 256
"""Records in one update; more is REFUSED before anything is looked at."""


def zone_text(origin: str, records: str = "") -> str:
    """A zone file (RFC 1035) for `origin`: SOA, NS, the server's address, then `records`."""
    return (
        f"$ORIGIN {origin.rstrip('.')}.\n"
        f"$TTL {ZONE_TTL}\n"
        f"@ IN SOA ns hostmaster 1 {ZONE_TTL} {ZONE_TTL} 600 {ZONE_TTL}\n"
        "@ IN NS ns\n"
        "ns IN A 127.0.0.1\n"
        f"{records}"
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """What one key may change: records of `types` at `name`, or anywhere below it with `below`."""

    key: str
    name: str
    types: tuple[str, ...]
    below: bool = False

    def allows(self, signer: dns.name.Name, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> bool:
        """Whether `signer` may change records of `rdtype` at `name`."""
        granted = dns.name.from_text(self.name)
        fits = name.is_subdomain(granted) if self.below else name == granted
        return fits and signer == dns.name.from_text(self.key) and dns.rdatatype.to_text(rdtype) in self.types


class Denied(Exception):
    """The update is answered with `rcode` and changes nothing."""

    def __init__(self, rcode: dns.rcode.Rcode) -> None:
        self.rcode = rcode
        super().__init__(dns.rcode.to_text(rcode))


class Zones:
    """The zones of one server and who may change them."""

    def __init__(self, texts: Iterable[str], grants: Iterable[Grant] = ()) -> None:
        """`texts` are zone files that name their own ``$ORIGIN`` and hold one SOA each."""
        parsed = [dns.zone.from_text(text, origin=None, relativize=False) for text in texts]
        self._zones: dict[dns.name.Name, dns.zone.Zone] = {zone.origin: zone for zone in parsed if zone.origin}
        self._grants = tuple(grants)

    def records(self, name: str, rdtype: str) -> list[str]:
        """The records of `rdtype` at `name` in presentation form, sorted; maybe none."""
        owner = dns.name.from_text(name)
        zone = self._enclosing(owner)
        found = zone.get_rdataset(owner, rdtype) if zone else None
        return sorted(rdata.to_text() for rdata in found) if found else []

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """The authoritative response to a query (RFC 1034 section 4.3.2; RFC 2308 for absence)."""
        response = dns.message.make_response(query)
        if len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
            return response
        question = query.question[0]
        zone = self._enclosing(question.name)
        if zone is None or zone.origin is None or question.rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        found = list(_matching(zone.get_node(question.name), question.rdtype))
        for rdataset in found:
            response.answer.append(dns.rrset.from_rdata_list(question.name, rdataset.ttl, list(rdataset)))
            response.additional.extend(self._addresses(rdataset))
        if not found:
            soa = zone.find_rdataset(zone.origin, dns.rdatatype.SOA)
            response.authority.append(dns.rrset.from_rdata_list(zone.origin, soa.ttl, list(soa)))
            if not _exists(zone, question.name):
                response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    def update(self, message: dns.update.UpdateMessage, signer: dns.name.Name | None) -> dns.rcode.Rcode:
        """Carry out an update signed by `signer` (None: unsigned).

        NOERROR, or the code that RFC 2136 section 3 gives, and then nothing has changed.
        """
        try:
            zone = self._updated_zone(message)
            _check_prerequisites(zone, message.prerequisite)
            self._check_permission(zone, message.update, signer)
        except Denied as no:
            return no.rcode
        with zone.writer() as writer:
            if [True for rrset in message.update if _apply(zone, writer, rrset)]:
                writer.update_serial(relative=True, name=zone.origin or dns.name.empty)
        return dns.rcode.NOERROR

    def _enclosing(self, name: dns.name.Name) -> dns.zone.Zone | None:
        fitting = [origin for origin in self._zones if name.is_subdomain(origin)]
        return self._zones[max(fitting, key=len)] if fitting else None

    def _updated_zone(self, message: dns.update.UpdateMessage) -> dns.zone.Zone:
        if len(message.zone) != 1 or message.zone[0].rdtype != dns.rdatatype.SOA:
            raise Denied(dns.rcode.FORMERR)
        zone = self._zones.get(message.zone[0].name)
        if zone is None:
            raise Denied(dns.rcode.NOTAUTH)
        for rrset in (*message.prerequisite, *message.update):
            if not rrset.name.is_subdomain(message.zone[0].name):
                raise Denied(dns.rcode.NOTZONE)
        return zone

    def _check_permission(
        self, zone: dns.zone.Zone, updates: list[dns.rrset.RRset], signer: dns.name.Name | None
    ) -> None:
        if signer is None or len(updates) > MAX_UPDATE_RECORDS:
            raise Denied(dns.rcode.REFUSED)
        for rrset in updates:
            if rrset.rdtype != dns.rdatatype.ANY:
                types = [rrset.rdtype]
            elif rrset.deleting == dns.rdataclass.ANY:
                node = zone.get_node(rrset.name)
                types = [rdataset.rdtype for rdataset in node] if node else []
            else:
                raise Denied(dns.rcode.FORMERR)
            for rdtype in types:
                if not any(grant.allows(signer, rrset.name, rdtype) for grant in self._grants):
                    raise Denied(dns.rcode.REFUSED)

    def _addresses(self, rdataset: dns.rdataset.Rdataset) -> Iterator[dns.rrset.RRset]:
        """A and AAAA records of the hosts that SRV and NS records name (RFC 2782)."""
        if rdataset.rdtype not in {dns.rdatatype.SRV, dns.rdatatype.NS}:
            return
        for target in dict.fromkeys(rdata.target for rdata in rdataset):
            zone = self._enclosing(target)
            for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
                found = zone.get_rdataset(target, rdtype) if zone else None
                if found:
                    yield dns.rrset.from_rdata_list(target, found.ttl, list(found))


def _matching(node: dns.node.Node | None, rdtype: dns.rdatatype.RdataType) -> Iterator[dns.rdataset.Rdataset]:
    if node is not None:
        yield from (rdataset for rdataset in node if rdtype in {rdataset.rdtype, dns.rdatatype.ANY})


def _exists(zone: dns.zone.Zone, name: dns.name.Name) -> bool:
    """Whether `name` or anything below it has records: empty nodes exist too (RFC 8020)."""
    return any(owner.is_subdomain(name) for owner in zone)


def _check_prerequisites(zone: dns.zone.Zone, prerequisites: list[dns.rrset.RRset]) -> None:
    """RFC 2136 section 3.2; raises `Denied` with the code of the first one that does not hold."""
    wanted: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], set[dns.rdata.Rdata]] = {}
    for rrset in prerequisites:
        present = any(_matching(zone.get_node(rrset.name), rrset.rdtype))
        by_name = rrset.rdtype == dns.rdatatype.ANY
        if rrset.deleting == dns.rdataclass.ANY and not present:
            raise Denied(dns.rcode.NXDOMAIN if by_name else dns.rcode.NXRRSET)
        if rrset.deleting == dns.rdataclass.NONE and present:
            raise Denied(dns.rcode.YXDOMAIN if by_name else dns.rcode.YXRRSET)
        if rrset.deleting is None:
            wanted.setdefault((rrset.name, rrset.rdtype), set()).update(rrset)
    for (name, rdtype), rdatas in wanted.items():
        if set(zone.get_rdataset(name, rdtype) or ()) != rdatas:
            raise Denied(dns.rcode.NXRRSET)


def _apply(zone: dns.zone.Zone, writer: dns.transaction.Transaction, rrset: dns.rrset.RRset) -> bool:
    """One record of the update section (RFC 2136 section 3.4.2); whether anything changed."""
    if rrset.deleting is None:
        return _add(writer, rrset)
    # SOA and NS of the zone itself survive every deletion (RFC 2136 section 3.4.2.3 and 3.4.2.4).
    protected = {dns.rdatatype.SOA, dns.rdatatype.NS} if rrset.name == zone.origin else set()
    if rrset.rdtype == dns.rdatatype.ANY:
        node = writer.get_node(rrset.name)
        types = [rdataset.rdtype for rdataset in node or ()]
    else:
        types = [rrset.rdtype]
    changed = False
    for rdtype in types:
        before = writer.get(rrset.name, rdtype)
        if before is None or rdtype in protected:
            continue
        if rrset.deleting == dns.rdataclass.ANY:
            writer.delete(rrset.name, rdtype)
            changed = True
        elif any(rdata in before for rdata in rrset):
            writer.delete(rrset.name, dns.rdataset.from_rdata_list(0, list(rrset)))
            changed = True
    return changed


def _add(writer: dns.transaction.Transaction, rrset: dns.rrset.RRset) -> bool:
    before = writer.get(rrset.name, rrset.rdtype)
    if before is not None and before.ttl == rrset.ttl and all(rdata in before for rdata in rrset):
        return False
    # Every record of a set has one time to live, the newest one told (RFC 2181 section 5.2).
    writer.replace(rrset.name, dns.rdataset.from_rdata_list(rrset.ttl, [*(before or ()), *rrset]))
    return True

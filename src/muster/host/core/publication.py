"""Which DNS records a host publishes of itself, and how people would write them by hand.

A host owns one SRV member per zone and label, and the addresses that it added itself; records of other hosts are never
named here. Pure: what stands in DNS is read and changed by a `muster.host.ports.Publisher`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from muster.host.core.settings import ZoneSettings

TTL_SECONDS = 3600
"""How long resolvers may keep the records; a machine that meets a stale one goes to the next candidate."""

Address: TypeAlias = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One SRV member (RFC 2782). `owner` and `target` are full names without the final dot."""

    owner: str
    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """One A or AAAA record of `name` (a full name without the final dot)."""

    name: str
    address: Address

    @property
    def rdtype(self) -> str:
        """``A`` or ``AAAA``."""
        return "A" if self.address.version == 4 else "AAAA"  # noqa: PLR2004 - the version of IP


@dataclass(frozen=True, slots=True)
class ZoneRecords:
    """Everything that one host has in one zone (a full name without the final dot)."""

    zone: str
    services: tuple[ServiceRecord, ...] = ()
    addresses: tuple[AddressRecord, ...] = ()
    ttl: int = TTL_SECONDS


def plain_name(name: str) -> str:
    """A DNS name as it is compared here: lower case, no final dot."""
    return name.strip().rstrip(".").lower()


def is_in_zone(name: str, zone: str) -> bool:
    """Whether `name` is the zone's own name or below it."""
    return plain_name(name) == plain_name(zone) or plain_name(name).endswith("." + plain_name(zone))


def records_for(
    zone: ZoneSettings, labels: Iterable[str], target: str, port: int, addresses: Iterable[str]
) -> ZoneRecords:
    """What this host publishes in `zone`: one SRV member per label, and the target's addresses when it lies there."""
    name, host = plain_name(zone.zone), plain_name(target)
    services = tuple(
        ServiceRecord(f"{plain_name(label)}.{name}", zone.priority, zone.weight, port, host)
        for label in sorted(set(labels))
    )
    own = sorted({ip_address(a) for a in addresses}, key=lambda a: (a.version, int(a)))
    inside = tuple(AddressRecord(host, a) for a in own) if is_in_zone(host, name) else ()
    return ZoneRecords(name, services, inside)


def without(records: ZoneRecords, other: ZoneRecords) -> ZoneRecords:
    """The records that `other` does not have."""
    return replace(
        records,
        services=tuple(s for s in records.services if s not in other.services),
        addresses=tuple(a for a in records.addresses if a not in other.addresses),
    )


def zone_lines(records: ZoneRecords) -> list[str]:
    """Lines of a zone file (RFC 1035)."""
    return [
        *(f"{s.owner}. {records.ttl} IN SRV {s.priority} {s.weight} {s.port} {s.target}." for s in records.services),
        *(f"{a.name}. {records.ttl} IN {a.rdtype} {a.address}" for a in records.addresses),
    ]


def nsupdate_lines(records: ZoneRecords, server: str = "") -> list[str]:
    """A script for BIND's nsupdate that adds the records."""
    head = [f"server {server}"] if server else []
    adds = [f"update add {line.replace(' IN ', ' ', 1)}" for line in zone_lines(records)]
    return [*head, f"zone {records.zone}.", *adds, "send"]


def powershell_lines(records: ZoneRecords) -> list[str]:
    """Commands for the DnsServer module of PowerShell that add the records."""
    zone, life = records.zone, f"-TimeToLive (New-TimeSpan -Seconds {records.ttl})"
    lines = [
        f'Add-DnsServerResourceRecord -Srv -ZoneName "{zone}" -Name "{_below(s.owner, zone)}" '
        f'-DomainName "{s.target}." -Priority {s.priority} -Weight {s.weight} -Port {s.port} {life}'
        for s in records.services
    ]
    for record in records.addresses:
        four = record.rdtype == "A"
        command, option = ("A", "IPv4Address") if four else ("AAAA", "IPv6Address")
        lines.append(
            f'Add-DnsServerResourceRecord{command} -ZoneName "{zone}" -Name "{_below(record.name, zone)}" '
            f'-{option} "{record.address}" {life}'
        )
    return lines


def _below(name: str, zone: str) -> str:
    return name.removesuffix(zone).removesuffix(".") or "@"

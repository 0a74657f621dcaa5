"""What machines find of this host in DNS, compared with what it would publish. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from muster.host.core.publication import Address, ServiceRecord, ZoneRecords


class Sight(StrEnum):
    """How a zone looks from where machines stand."""

    FOUND = "found"
    MISSING = "missing"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Seen:
    """One zone; `text` says what is not as it should be, in words for people."""

    zone: str
    sight: Sight
    text: str = ""


def compare(wanted: ZoneRecords, services: Iterable[ServiceRecord], addresses: Iterable[Address]) -> Seen:
    """What was found of the SRV names and of the target's addresses in one zone. Other hosts' records are no matter."""
    found, reached = set(services), set(addresses)
    for service in wanted.services:
        if service in found:
            continue
        ours = [s for s in found if s.owner == service.owner and s.target == service.target]
        if not ours:
            return Seen(wanted.zone, Sight.MISSING, f"no SRV record at {service.owner} names {service.target}")
        now, then = _words(ours[0]), _words(service)
        return Seen(wanted.zone, Sight.DIFFERS, f"the SRV record of {service.target} says {now}, not {then}")
    expected = {record.address for record in wanted.addresses}
    target = wanted.services[0].target if wanted.services else wanted.zone
    if not reached:
        return Seen(wanted.zone, Sight.MISSING, f"{target} has no address")
    if expected and not reached & expected:
        named = ", ".join(sorted(map(str, reached)))
        return Seen(wanted.zone, Sight.DIFFERS, f"{target} has the addresses of another machine: {named}")
    return Seen(wanted.zone, Sight.FOUND)


def _words(service: ServiceRecord) -> str:
    return f"port {service.port}, priority {service.priority}, weight {service.weight}"

"""What machines find of a host, compared with what it would publish."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from muster.host.core.publication import Address, AddressRecord, ServiceRecord, ZoneRecords
from muster.host.core.visibility import Sight, compare

OWNER, TARGET, HERE = "_muster._tcp.corp.example", "kms1.corp.example", ip_address("192.0.2.7")
OURS = ServiceRecord(OWNER, 0, 0, 1688, TARGET)
OTHER = ServiceRecord(OWNER, 0, 0, 1688, "kms2.corp.example")
WANTED = ZoneRecords("corp.example", (OURS,), (AddressRecord(TARGET, HERE),))
ELSEWHERE = ip_address("198.51.100.9")


@pytest.mark.parametrize(
    ("services", "addresses", "sight", "named"),
    [
        ([OURS], [HERE], Sight.FOUND, ""),
        ([OTHER, OURS], [ELSEWHERE, HERE], Sight.FOUND, ""),
        ([], [HERE], Sight.MISSING, OWNER),
        ([OTHER], [HERE], Sight.MISSING, TARGET),
        ([replace(OURS, port=1689)], [HERE], Sight.DIFFERS, "1689"),
        ([replace(OURS, priority=5)], [HERE], Sight.DIFFERS, "priority 5"),
        ([OURS], [], Sight.MISSING, "no address"),
        ([OURS], [ELSEWHERE], Sight.DIFFERS, "198.51.100.9"),
    ],
)
def test_a_zone(services: list[ServiceRecord], addresses: list[Address], sight: Sight, named: str) -> None:
    seen = compare(WANTED, services, addresses)
    assert (seen.zone, seen.sight) == ("corp.example", sight)
    assert named in seen.text

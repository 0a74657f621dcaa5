"""Which records a host publishes of itself, and how they are written by hand."""

from __future__ import annotations

from muster.host.core.publication import (
    is_in_zone,
    nsupdate_lines,
    powershell_lines,
    records_for,
    without,
    zone_lines,
)
from muster.host.core.settings import ZoneSettings

CORP = ZoneSettings("Corp.Example.", 5, 7)


def test_one_member_per_label_and_the_addresses_of_a_target_inside_the_zone() -> None:
    found = records_for(CORP, ["_muster._tcp", "_acme._tcp"], "KMS1.corp.example.", 1688, ["2001:db8::1", "192.0.2.7"])
    assert zone_lines(found) == [
        "_acme._tcp.corp.example. 3600 IN SRV 5 7 1688 kms1.corp.example.",
        "_muster._tcp.corp.example. 3600 IN SRV 5 7 1688 kms1.corp.example.",
        "kms1.corp.example. 3600 IN A 192.0.2.7",
        "kms1.corp.example. 3600 IN AAAA 2001:db8::1",
    ]


def test_addresses_of_a_target_in_another_zone_are_left_to_that_zone() -> None:
    found = records_for(CORP, ["_muster._tcp"], "kms1.lab.example", 1688, ["192.0.2.7"])
    assert found.addresses == ()
    assert not is_in_zone("xcorp.example", "corp.example")


def test_what_changed_is_what_one_has_and_the_other_has_not() -> None:
    old = records_for(CORP, ["_muster._tcp"], "kms1.corp.example", 1688, ["192.0.2.7", "192.0.2.8"])
    new = records_for(CORP, ["_muster._tcp"], "kms1.corp.example", 1689, ["192.0.2.8"])
    gone = without(old, new)
    assert [s.port for s in gone.services] == [1688]
    assert [str(a.address) for a in gone.addresses] == ["192.0.2.7"]
    assert without(old, old).services == ()


def test_lines_for_nsupdate_and_powershell_say_the_same() -> None:
    found = records_for(CORP, ["_muster._tcp"], "corp.example", 1688, ["192.0.2.7"])
    assert nsupdate_lines(found, "192.0.2.53") == [
        "server 192.0.2.53",
        "zone corp.example.",
        "update add _muster._tcp.corp.example. 3600 SRV 5 7 1688 corp.example.",
        "update add corp.example. 3600 A 192.0.2.7",
        "send",
    ]
    service, address = powershell_lines(found)
    assert '-Name "_muster._tcp" -DomainName "corp.example." -Priority 5 -Weight 7 -Port 1688' in service
    assert '-Name "@" -IPv4Address "192.0.2.7"' in address

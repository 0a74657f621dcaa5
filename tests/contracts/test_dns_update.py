"""What the host's way into DNS does, against the embedded name server and BIND 9 alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from muster.base.errors import Code, Misconfigured, MusterError, Refused, Unreachable
from muster.host.adapters.dns_update import DnsUpdate
from muster.host.adapters.tsig_key import read_tsig_key
from muster.host.core.publication import AddressRecord, ServiceRecord, ZoneRecords
from tests.worlds.name_servers import LOOPBACK, OTHER_SECRET, STRANGER, Served, World, embedded, silent

ZONE = "corp.example"
OWNER = f"_muster._tcp.{ZONE}"


def records(host: str = "kms1", port: int = 1688, *addresses: str, priority: int = 0) -> ZoneRecords:
    name = f"{host}.hosts.{ZONE}"
    found = tuple(AddressRecord(name, ip_address(a)) for a in addresses)
    return ZoneRecords(ZONE, (ServiceRecord(OWNER, priority, 0, port, name),), found)


def updater(server: Served, **key: str) -> DnsUpdate:
    return DnsUpdate((LOOPBACK, server.port), read_tsig_key(server.key_file(**key)))


def test_a_host_publishes_itself_beside_another_and_withdraws_only_itself(name_server: Served) -> None:
    way = updater(name_server)
    one, two = records("kms1", 1688, "192.0.2.1", "2001:db8::1"), records("kms2", 1689, "192.0.2.2", priority=10)
    assert asyncio.run(way.publish(one)) == one
    assert asyncio.run(way.publish(two)) == two
    both = [f"0 0 1688 kms1.hosts.{ZONE}.", f"10 0 1689 kms2.hosts.{ZONE}."]
    assert name_server.records(OWNER, "SRV") == both
    assert name_server.records(f"kms1.hosts.{ZONE}", "AAAA") == ["2001:db8::1"]
    asyncio.run(way.withdraw(one))
    assert name_server.records(OWNER, "SRV") == both[1:]
    assert name_server.records(f"kms1.hosts.{ZONE}", "A") == []
    assert name_server.records(f"kms2.hosts.{ZONE}", "A") == ["192.0.2.2"]
    asyncio.run(way.withdraw(one))


def test_publishing_twice_changes_nothing_and_a_change_replaces_what_stood(name_server: Served) -> None:
    way = updater(name_server)
    first = records("kms1", 1688, "192.0.2.1")
    asyncio.run(way.publish(first))
    assert asyncio.run(way.publish(first, first)) == first
    moved = records("kms1", 1700, "192.0.2.9")
    assert asyncio.run(way.publish(moved, first)) == moved
    assert name_server.records(OWNER, "SRV") == [f"0 0 1700 kms1.hosts.{ZONE}."]
    assert name_server.records(f"kms1.hosts.{ZONE}", "A") == ["192.0.2.9"]


def test_an_address_that_somebody_else_wrote_stays_theirs(start_name_server: Callable[[World], Served]) -> None:
    server = start_name_server(World(records="kms1.hosts IN A 192.0.2.1\n"))
    way = updater(server)
    owned = asyncio.run(way.publish(records("kms1", 1688, "192.0.2.1", "192.0.2.2")))
    assert [str(a.address) for a in owned.addresses] == ["192.0.2.2"]
    asyncio.run(way.withdraw(owned))
    assert server.records(f"kms1.hosts.{ZONE}", "A") == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("zone", "key", "cause"),
    [
        (ZONE, {"secret": OTHER_SECRET}, "another secret"),
        (ZONE, {"name": STRANGER}, "does not know the key"),
        ("other.example", {}, "not authoritative"),
    ],
)
def test_every_refusal_names_its_cause_and_a_remedy(
    name_server: Served, zone: str, key: dict[str, str], cause: str
) -> None:
    wish = ZoneRecords(zone, (ServiceRecord(f"_muster._tcp.{zone}", 0, 0, 1688, f"kms1.{zone}"),))
    with pytest.raises(Refused) as refused:
        asyncio.run(updater(name_server, **key).publish(wish))
    assert refused.value.code is Code.DNS_UPDATE_REFUSED
    assert cause in refused.value.message
    assert zone in refused.value.message
    assert refused.value.hint
    assert name_server.records(OWNER, "SRV") == []


def test_what_the_key_may_not_write_is_refused_with_the_grant_to_add(name_server: Served) -> None:
    wish = ZoneRecords(ZONE, (), (AddressRecord(f"www.{ZONE}", ip_address("192.0.2.1")),))
    with pytest.raises(Refused) as refused:
        asyncio.run(updater(name_server).publish(wish))
    assert "grant" in refused.value.hint


def test_an_unsigned_update_is_told_to_be_unsigned(name_server: Served) -> None:
    with pytest.raises(Refused) as refused:
        asyncio.run(DnsUpdate((LOOPBACK, name_server.port)).publish(records()))
    assert "unsigned" in refused.value.message
    assert "tsig_key_file" in refused.value.hint


def test_the_primary_is_found_by_the_zone_that_names_it(start_name_server: Callable[[World], Served]) -> None:
    server = start_name_server(World())
    key = read_tsig_key(server.key_file())
    way = DnsUpdate(None, key, resolver=(LOOPBACK, server.port))
    asyncio.run(way.publish(records()))
    assert server.records(OWNER, "SRV") == [f"0 0 1688 kms1.hosts.{ZONE}."]
    with pytest.raises(Unreachable) as unknown:
        asyncio.run(way.publish(ZoneRecords("nowhere.example")))
    assert unknown.value.code is Code.DNS_UNREACHABLE


def test_a_silent_server_is_unreachable() -> None:
    with silent() as address:
        host, _, port = address.partition(":")
        way = DnsUpdate((host, int(port)), patience=0.2)
        with pytest.raises(Unreachable) as error:
            asyncio.run(way.publish(records("kms1", 1688, "192.0.2.1")))
    assert error.value.code is Code.DNS_UNREACHABLE


def test_clocks_that_differ_are_named(tmp_path: Path) -> None:
    # The embedded server alone: BIND 9 does not start under faketime.
    with embedded(tmp_path, World(clock_ahead=timedelta(minutes=30))) as server, pytest.raises(Refused) as refused:
        asyncio.run(updater(server).publish(records()))
    assert "clocks" in refused.value.message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no key"),
        ('key "a" { algorithm hmac-sha256; };', "algorithm and a secret"),
        ('key "a" { algorithm rot13; secret "AAAA"; };', "rot13"),
        ('key "a" { algorithm hmac-sha256; secret "!"; };', "base64"),
        ("key a {algorithm hmac-md5; secret AAAA;}; key b {algorithm hmac-md5; secret AAAA;};", "2 keys"),
    ],
)
def test_a_bad_key_file_says_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "update.key").write_text(text)
    with pytest.raises(Misconfigured) as error:
        read_tsig_key(tmp_path / "update.key")
    assert problem in error.value.message


def test_a_key_file_is_read_as_bind_reads_it(tmp_path: Path) -> None:
    text = '// made today\n# by hand\nkey "Up.Example." {\n /* newest */ algorithm HMAC-SHA512;\n secret "AAAA";\n};\n'
    (tmp_path / "update.key").write_text(text)
    key = read_tsig_key(tmp_path / "update.key")
    assert (key.name.to_text(), key.algorithm.to_text()) == ("up.example.", "hmac-sha512.")
    with pytest.raises(MusterError):
        read_tsig_key(tmp_path / "none.key")

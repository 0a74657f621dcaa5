"""What any name server does that Muster talks to: the embedded one behaves as BIND 9 does."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest
from dns.rdtypes.ANY.TSIG import TSIG

from muster.base.clock import SystemClock
from muster.demo.signatures import Verdict, seal
from tests.worlds.name_servers import (
    LOOPBACK,
    OTHER_SECRET,
    SECRET,
    STRANGER,
    UPDATER,
    Served,
    World,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SRV = "_muster._tcp.corp.example."
KMS1 = "0 0 1688 kms1.hosts.corp.example."
KMS2 = "10 5 1689 kms2.hosts.corp.example."


def signed(zone: str = "corp.example", name: str = UPDATER, secret: str = SECRET) -> dns.update.UpdateMessage:
    key = dns.tsig.Key(name, secret, dns.tsig.HMAC_SHA256)
    return dns.update.UpdateMessage(zone, keyring=key)


def send(server: Served, update: dns.update.UpdateMessage) -> str:
    """The response code in words, or the name of the signature error."""
    try:
        reply = dns.query.tcp(update, LOOPBACK, port=server.port, timeout=2)
    except dns.tsig.PeerError as error:
        return type(error).__name__
    return dns.rcode.to_text(reply.rcode())


def test_members_are_added_and_removed_one_by_one(name_server: Served) -> None:
    for record, host in ((KMS1, "kms1"), (KMS2, "kms2")):
        update = signed()
        update.add(SRV, 120, "SRV", record)
        update.add(f"{host}.hosts.corp.example.", 120, "A", "192.0.2.1")
        assert send(name_server, update) == "NOERROR"
    assert name_server.records(SRV, "SRV") == [KMS1, KMS2]
    removal = signed()
    removal.delete(SRV, "SRV", KMS1)
    assert send(name_server, removal) == "NOERROR"
    assert name_server.records(SRV, "SRV") == [KMS2]


def test_the_newest_time_to_live_holds_for_the_whole_set(name_server: Served) -> None:
    for record, ttl in ((KMS1, 60), (KMS2, 900)):
        update = signed()
        update.add(SRV, ttl, "SRV", record)
        send(name_server, update)
    assert name_server.ttl(SRV, "SRV") == 900


def test_whole_sets_and_whole_names_are_removed(name_server: Served) -> None:
    update = signed()
    for address in ("192.0.2.1", "192.0.2.2"):
        update.add("kms1.hosts.corp.example.", 120, "A", address)
    update.add("kms1.hosts.corp.example.", 120, "AAAA", "2001:db8::1")
    assert send(name_server, update) == "NOERROR"
    sets = signed()
    sets.delete("kms1.hosts.corp.example.", "A")
    assert send(name_server, sets) == "NOERROR"
    assert name_server.records("kms1.hosts.corp.example.", "A") == []
    assert name_server.records("kms1.hosts.corp.example.", "AAAA") == ["2001:db8::1"]
    name = signed()
    name.delete("kms1.hosts.corp.example.")
    assert send(name_server, name) == "NOERROR"
    assert name_server.records("kms1.hosts.corp.example.", "AAAA") == []


@pytest.mark.parametrize(
    ("update", "answer"),
    [
        (dns.update.UpdateMessage("corp.example"), "REFUSED"),
        (dns.update.UpdateMessage("other.example"), "NOTAUTH"),
        (signed(zone="other.example"), "NOTAUTH"),
        (signed(secret=OTHER_SECRET), "PeerBadSignature"),
        (signed(name=STRANGER), "PeerBadKey"),
    ],
    ids=["unsigned", "unsigned and unserved", "unserved", "wrong secret", "unknown key"],
)
def test_updates_without_right_are_told_apart_and_change_nothing(
    name_server: Served, update: dns.update.UpdateMessage, answer: str
) -> None:
    update.update.clear()
    update.add("_muster._tcp", 120, "SRV", KMS1)
    assert send(name_server, update) == answer
    assert name_server.records(SRV, "SRV") == []


def test_one_name_that_is_not_granted_refuses_the_whole_update(name_server: Served) -> None:
    update = signed()
    update.add(SRV, 120, "SRV", KMS1)
    update.add("www.corp.example.", 120, "A", "192.0.2.1")
    assert send(name_server, update) == "REFUSED"
    assert name_server.records(SRV, "SRV") == []


def test_names_outside_the_zone_and_broken_prerequisites_are_told_apart(
    name_server: Served,
) -> None:
    outside = signed()
    outside.add("_muster._tcp.lab.example.", 120, "SRV", KMS1)
    assert send(name_server, outside) == "NOTZONE"
    first = signed()
    first.absent(SRV, "SRV")
    first.add(SRV, 120, "SRV", KMS1)
    assert send(name_server, first) == "NOERROR"
    assert send(name_server, first) == "YXRRSET"
    missing = signed()
    missing.present("nobody.corp.example.", "A")
    missing.delete(SRV, "SRV")
    assert send(name_server, missing) == "NXRRSET"
    assert name_server.records(SRV, "SRV") == [KMS1]


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_request_signed_ten_minutes_away_is_named(name_server: Served, minutes: int) -> None:
    update = dns.update.UpdateMessage("corp.example")
    update.add(SRV, 120, "SRV", KMS1)
    key = dns.tsig.Key(UPDATER, SECRET, dns.tsig.HMAC_SHA256)
    when = SystemClock().now() + timedelta(minutes=minutes)
    template = TSIG(  # type: ignore[no-untyped-call]
        "ANY", "TSIG", key.algorithm, 0, 300, b"", update.id, 0, b""
    )
    asker = Verdict(key.name, dns.rcode.NOERROR, template, key.name, key)
    wire = seal(update.to_wire(), asker, when)
    with socket.create_connection((LOOPBACK, name_server.port), timeout=2) as connection:
        connection.sendall(len(wire).to_bytes(2, "big") + wire)
        with pytest.raises(dns.tsig.PeerBadTime):
            dns.query.receive_tcp(connection, keyring={key.name: key}, request_mac=bytes(32))
    assert name_server.records(SRV, "SRV") == []


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "authority"),
    [
        ("nobody.corp.example", "A", "NXDOMAIN", 1),
        ("ns.corp.example", "SRV", "NOERROR", 1),
        ("_tcp.corp.example", "SRV", "NOERROR", 1),
        ("other.example", "A", "REFUSED", 0),
    ],
)
def test_absence_is_told_apart(
    start_name_server: Callable[[World], Served],
    name: str,
    rdtype: str,
    rcode: str,
    authority: int,
) -> None:
    server = start_name_server(World(records="_old._tcp IN SRV 0 0 1 ns\n"))
    query = dns.message.make_query(name, rdtype)
    reply = dns.query.udp(query, LOOPBACK, port=server.port, timeout=2)
    assert dns.rcode.to_text(reply.rcode()) == rcode
    assert reply.answer == []
    assert len(reply.authority) == authority
    assert bool(reply.flags & dns.flags.AA) == bool(authority)


def test_service_records_come_with_the_addresses_of_their_targets(name_server: Served) -> None:
    update = signed()
    update.add(SRV, 120, "SRV", KMS1)
    update.add("kms1.hosts.corp.example.", 120, "A", "192.0.2.1")
    update.add("kms1.hosts.corp.example.", 120, "AAAA", "2001:db8::1")
    assert send(name_server, update) == "NOERROR"
    query = dns.message.make_query(SRV, "SRV")
    reply = dns.query.udp(query, LOOPBACK, port=name_server.port, timeout=2)
    assert {rrset.to_text() for rrset in reply.additional} == {
        "kms1.hosts.corp.example. 120 IN A 192.0.2.1",
        "kms1.hosts.corp.example. 120 IN AAAA 2001:db8::1",
    }

"""The embedded name server, spoken to over real loopback sockets by dnspython."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.tsig
import dns.update
import pytest

from muster.base.clock import SystemClock
from muster.demo.nameserver import NameServer
from muster.demo.zones import Grant, Zones, zone_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ZONE = "corp.example"
SRV = "_muster._tcp.corp.example."
SECRET = "c2VjcmV0IG9mIHRoZSB1cGRhdGVyIGluIHRoZSB0ZXN0cw=="
OTHER_SECRET = "YW5vdGhlciBzZWNyZXQgdGhhdCBub2JvZHkgZ3JhbnRlZA=="
GRANTS = (
    Grant("updater.", SRV, ("SRV",)),
    Grant("updater.", "corp.example.", ("A", "AAAA"), below=True),
)
RECORDS = "kms9 IN A 192.0.2.9\nkms9 IN AAAA 2001:db8::9\n_old._tcp IN SRV 0 0 1688 kms9\n"


class MovedClock:
    """A clock that stands away from the real one."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return SystemClock().now() + self._by

    def monotonic(self) -> float:
        return 0.0

    def boot_seconds(self) -> float:
        return 0.0

    def boot_id(self) -> bytes:
        return bytes(8)


def served(talk: Callable[[NameServer], Awaitable[None]], ahead: timedelta = timedelta(0)) -> None:
    """Run `talk` against a fresh server."""

    async def run() -> None:
        zones = Zones([zone_text(ZONE, RECORDS)], GRANTS)
        async with (
            NameServer(zones, {"updater.": SECRET}, MovedClock(ahead)) as server,
            asyncio.timeout(10),
        ):
            await talk(server)

    asyncio.run(run())


async def ask(server: NameServer, name: str, rdtype: str, *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype)
    how = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await how(query, "127.0.0.1", port=server.port, timeout=2)


def signed(zone: str = ZONE, key: str = "updater.", secret: str = SECRET) -> dns.update.UpdateMessage:
    return dns.update.UpdateMessage(zone, keyring=dns.tsig.Key(key, secret, dns.tsig.HMAC_SHA256))


async def send(server: NameServer, update: dns.update.UpdateMessage, *, tcp: bool = True) -> dns.rcode.Rcode:
    how = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    reply = await how(update, "127.0.0.1", port=server.port, timeout=2)
    return reply.rcode()


@pytest.mark.parametrize("tcp", [False, True])
def test_a_service_record_is_answered_with_the_addresses_of_its_target(tcp: bool) -> None:
    async def talk(server: NameServer) -> None:
        reply = await ask(server, "_old._tcp.corp.example", "SRV", tcp=tcp)
        assert reply.flags & dns.flags.AA
        assert reply.answer[0].to_text() == "_old._tcp.corp.example. 60 IN SRV 0 0 1688 kms9.corp.example."
        assert {rrset.to_text() for rrset in reply.additional} == {
            "kms9.corp.example. 60 IN A 192.0.2.9",
            "kms9.corp.example. 60 IN AAAA 2001:db8::9",
        }

    served(talk)


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode"),
    [
        ("nobody.corp.example", "A", dns.rcode.NXDOMAIN),
        ("kms9.corp.example", "SRV", dns.rcode.NOERROR),
        ("_tcp.corp.example", "SRV", dns.rcode.NOERROR),
        ("other.example", "A", dns.rcode.REFUSED),
    ],
)
def test_absence_is_told_apart(name: str, rdtype: str, rcode: dns.rcode.Rcode) -> None:
    async def talk(server: NameServer) -> None:
        reply = await ask(server, name, rdtype)
        assert reply.rcode() == rcode
        assert not reply.answer
        assert bool(reply.authority) == (rcode != dns.rcode.REFUSED)

    served(talk)


@pytest.mark.parametrize("tcp", [False, True])
def test_a_signed_update_adds_one_member_and_removes_only_that_one(tcp: bool) -> None:
    async def talk(server: NameServer) -> None:
        for target in ("kms1", "kms2"):
            update = signed()
            update.add(SRV, 120, "SRV", f"0 0 1688 {target}.corp.example.")
            update.add(f"{target}.corp.example.", 120, "A", "192.0.2.1")
            assert await send(server, update, tcp=tcp) == dns.rcode.NOERROR
        assert server.zones.records(SRV, "SRV") == [
            "0 0 1688 kms1.corp.example.",
            "0 0 1688 kms2.corp.example.",
        ]
        update = signed()
        update.delete(SRV, "SRV", "0 0 1688 kms1.corp.example.")
        assert await send(server, update, tcp=tcp) == dns.rcode.NOERROR
        assert server.zones.records(SRV, "SRV") == ["0 0 1688 kms2.corp.example."]

    served(talk)


def test_every_change_moves_the_serial_and_repeating_it_does_not() -> None:
    async def talk(server: NameServer) -> None:
        def serial() -> int:
            return int(server.zones.records(ZONE, "SOA")[0].split()[2])

        serials = [serial()]
        for _ in range(2):
            update = signed()
            update.add(SRV, 120, "SRV", "0 0 1688 kms1.corp.example.")
            await send(server, update)
            serials.append(serial())
        assert serials == [1, 2, 2]

    served(talk)


def test_an_update_is_all_or_nothing() -> None:
    async def talk(server: NameServer) -> None:
        update = signed()
        update.add(SRV, 120, "SRV", "0 0 1688 kms1.corp.example.")
        update.add(SRV, 120, "TXT", "not granted")
        assert await send(server, update) == dns.rcode.REFUSED
        assert server.zones.records(SRV, "SRV") == []

    served(talk)


def test_unsigned_and_ungranted_updates_are_refused_and_foreign_zones_not_served() -> None:
    async def talk(server: NameServer) -> None:
        unsigned = dns.update.UpdateMessage(ZONE)
        unsigned.add(SRV, 120, "SRV", "0 0 1688 evil.corp.example.")
        assert await send(server, unsigned) == dns.rcode.REFUSED
        ungranted = signed()
        ungranted.add("_other._tcp.corp.example.", 120, "SRV", "0 0 1688 kms1.corp.example.")
        assert await send(server, ungranted) == dns.rcode.REFUSED
        wiping = signed()
        wiping.delete("corp.example.")
        assert await send(server, wiping) == dns.rcode.REFUSED
        foreign = signed(zone="other.example")
        foreign.add("a", 120, "A", "192.0.2.1")
        assert await send(server, foreign) == dns.rcode.NOTAUTH
        assert server.zones.records(SRV, "SRV") == []

    served(talk)


def test_a_wrong_secret_and_an_unknown_key_are_named() -> None:
    async def talk(server: NameServer) -> None:
        for update, error in (
            (signed(secret=OTHER_SECRET), dns.tsig.PeerBadSignature),
            (signed(key="stranger."), dns.tsig.PeerBadKey),
        ):
            update.add(SRV, 120, "SRV", "0 0 1688 evil.corp.example.")
            with pytest.raises(error):
                await send(server, update)
        assert server.zones.records(SRV, "SRV") == []

    served(talk)


def test_a_clock_far_away_is_named() -> None:
    async def talk(server: NameServer) -> None:
        update = signed()
        update.add(SRV, 120, "SRV", "0 0 1688 kms1.corp.example.")
        with pytest.raises(dns.tsig.PeerBadTime):
            await send(server, update)
        assert server.zones.records(SRV, "SRV") == []

    served(talk, ahead=timedelta(minutes=6))


def test_a_signed_query_is_answered_signed() -> None:
    async def talk(server: NameServer) -> None:
        query = dns.message.make_query("kms9.corp.example", "A")
        query.use_tsig(dns.tsig.Key("updater.", SECRET, dns.tsig.HMAC_SHA256))
        reply = await dns.asyncquery.udp(query, "127.0.0.1", port=server.port, timeout=2)
        assert reply.had_tsig
        assert reply.answer[0][0].to_text() == "192.0.2.9"

    served(talk)


def test_a_prerequisite_that_does_not_hold_stops_the_update() -> None:
    async def talk(server: NameServer) -> None:
        first = signed()
        first.absent(SRV, "SRV")
        first.add(SRV, 120, "SRV", "0 0 1688 kms1.corp.example.")
        assert await send(server, first) == dns.rcode.NOERROR
        for demand, rcode in (
            (("absent", SRV, "SRV"), dns.rcode.YXRRSET),
            (("absent", SRV), dns.rcode.YXDOMAIN),
            (("present", "nobody.corp.example."), dns.rcode.NXDOMAIN),
            (("present", "nobody.corp.example.", "A"), dns.rcode.NXRRSET),
            (("present", SRV, "SRV", "0 0 1688 kms7.corp.example."), dns.rcode.NXRRSET),
        ):
            update = signed()
            getattr(update, demand[0])(*demand[1:])
            update.delete(SRV, "SRV")
            assert await send(server, update) == rcode
        assert server.zones.records(SRV, "SRV") == ["0 0 1688 kms1.corp.example."]
        last = signed()
        last.present(SRV, "SRV", "0 0 1688 kms1.corp.example.")
        last.delete(SRV)
        assert await send(server, last) == dns.rcode.NOERROR
        assert server.zones.records(SRV, "SRV") == []

    served(talk)


def test_a_long_answer_is_cut_by_udp_and_whole_by_tcp() -> None:
    async def talk(server: NameServer) -> None:
        update = signed()
        for number in range(60):
            update.add(SRV, 120, "SRV", f"0 0 1688 kms{number}.corp.example.")
        assert await send(server, update) == dns.rcode.NOERROR
        assert (await ask(server, SRV, "SRV")).flags & dns.flags.TC
        assert len((await ask(server, SRV, "SRV", tcp=True)).answer[0]) == 60

    served(talk)


def test_rubbish_is_answered_with_a_format_error_or_not_at_all() -> None:
    async def talk(server: NameServer) -> None:
        query = dns.message.make_query("kms9.corp.example", "A").to_wire()
        assert server.respond(b"") is None
        assert server.respond(query[:11]) is None
        cut = server.respond(query[:-3])
        assert cut is not None
        assert dns.message.from_wire(cut).rcode() == dns.rcode.FORMERR
        reply = server.respond(query)
        assert reply is not None
        assert server.respond(reply) is None
        assert server.respond(reply[:-2]) is None
        assert (await ask(server, "kms9.corp.example", "A")).rcode() == dns.rcode.NOERROR

    served(talk)


def test_the_port_is_free_again_after_the_block() -> None:
    async def run() -> None:
        async with NameServer(Zones([zone_text(ZONE)]), {}) as server:
            port = server.port
            stuck = await asyncio.open_connection("127.0.0.1", port)
        closed = await asyncio.wait_for(stuck[0].read(), timeout=2)
        assert closed == b""
        stuck[1].close()
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(run())

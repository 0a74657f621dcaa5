"""An activation host among slow peers, crowds, strangers and failing disks."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from muster.base.errors import BY_NUMBER, Code
from muster.host import app as host
from muster.host.adapters.home_folder import HomeFolder
from muster.host.adapters.sqlite_store import SqliteStore
from muster.host.app.metrics import HostMetrics
from muster.host.service.guests import Guests
from muster.host.service.server import Server
from muster.trust.chain import verify_answer
from muster.wire.activation import RefusalClaims, decode_hint, is_hint
from muster.wire.frame import frame
from tests.worlds.host_world import HandClock, SmallVendor, ask, certified_home, exchange, request

PATIENCE = 10.0


@asynccontextmanager
async def serving(home: Path, guests: Guests | None = None) -> AsyncIterator[tuple[Server, str]]:
    """A server of its own, with limits and patience of the test's choice."""
    folder = HomeFolder(home, {}, {"listen": ("127.0.0.1:0",)})
    store = SqliteStore(folder.store, patience=0.05)
    server = Server(folder, store, HandClock(), guests)
    await server.start()
    try:
        name, port = server.endpoints[0]
        yield server, f"{name}:{port}"
    finally:
        await server.stop()
        await store.close()


Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def peers(address: str, number: int = 1) -> AsyncIterator[list[Peer]]:
    """Connections that have not said anything yet."""
    name, _, port = address.partition(":")
    opened = [await asyncio.open_connection(name, int(port)) for _ in range(number)]
    try:
        yield opened
    finally:
        for _, writer in opened:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110
            # Nothing tells a peer from outside that the host has noticed: give it turns of the loop.
            await asyncio.sleep(0)


def refusal(vendor: SmallVendor, body: bytes, answer: bytes | None) -> Code:
    assert answer is not None
    claims = verify_answer(body, answer, vendor.trusted).claims
    assert isinstance(claims, RefusalClaims)
    return BY_NUMBER[claims.code]


def test_while_the_database_is_locked_machines_are_refused_as_busy_and_counted_afterwards(tmp_path: Path) -> None:
    vendor = certified_home(tmp_path)

    async def story() -> None:
        async with serving(tmp_path) as (_, address):
            assert await ask(address, vendor, 1) == 1
            blocker = sqlite3.connect(tmp_path / "counts.db", isolation_level=None)
            blocker.execute("BEGIN IMMEDIATE")
            bodies = [request(vendor, n) for n in (2, 3, 4)]
            answers = await asyncio.gather(*(exchange(address, body) for body in bodies))
            assert {refusal(vendor, b, a) for b, a in zip(bodies, answers, strict=True)} == {Code.HOST_BUSY}
            blocker.execute("ROLLBACK")
            blocker.close()

            async def is_counted() -> bool:
                body = request(vendor, 5)
                answer = await exchange(address, body)
                assert answer is not None
                return not isinstance(verify_answer(body, answer, vendor.trusted).claims, RefusalClaims)

            await until(is_counted)
            assert await ask(address, vendor, 1) == 2

    asyncio.run(story())


def test_a_peer_that_is_slow_is_dropped_at_its_deadline_whatever_it_sent(tmp_path: Path) -> None:
    vendor = certified_home(tmp_path)

    async def story() -> list[bytes]:
        async with serving(tmp_path, Guests(seconds=0.3)) as (_, address), peers(address, 3) as slow:
            slow[1][1].write(frame(request(vendor, 1))[:40])
            slow[2][1].write(b"\x50")
            assert await ask(address, vendor, 2) == 1
            async with asyncio.timeout(PATIENCE):
                return [await _rest(reader) for reader, _ in slow]

    assert asyncio.run(story()) == [b"", b"", b""]


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize("garbage", [b"\x00", b"\xfa" + bytes(250), b"\x05hello", b"\x02\x82\x01", b"\x01\x80"])
def test_what_is_no_request_is_closed_without_a_word_and_counts_nobody(tmp_path: Path, garbage: bytes) -> None:
    vendor = certified_home(tmp_path)

    async def story() -> bytes:
        async with serving(tmp_path) as (server, address), peers(address) as [(reader, writer)]:
            writer.write(garbage)
            answer = await _rest(reader)
            assert server.outcomes["malformed"] == 1
            assert await ask(address, vendor, 1) == 1
            return answer

    assert asyncio.run(story()) == b""


def test_a_second_request_on_one_connection_is_not_heard(tmp_path: Path) -> None:
    vendor = certified_home(tmp_path)

    async def story() -> int:
        async with serving(tmp_path) as (_, address), peers(address) as [(reader, writer)]:
            writer.write(frame(request(vendor, 1)) + frame(request(vendor, 2)))
            assert await _rest(reader) == b""
            return await ask(address, vendor, 3)

    assert asyncio.run(story()) == 1


def test_a_peer_that_closes_its_half_still_hears_the_answer(tmp_path: Path) -> None:
    vendor = certified_home(tmp_path)

    async def story() -> int:
        async with serving(tmp_path) as (_, address), peers(address) as [(reader, writer)]:
            writer.write(frame(request(vendor, 1)))
            writer.write_eof()
            return len(await _rest(reader))

    assert asyncio.run(story()) > 200


def test_one_source_cannot_take_all_connections_and_a_full_house_makes_room_for_who_asks(tmp_path: Path) -> None:
    vendor = certified_home(tmp_path)

    async def story() -> None:
        async with serving(tmp_path, Guests(per_source=3)) as (server, address), peers(address, 3) as idle:
            assert await exchange(address, request(vendor, 1)) is None
            assert shown(server, "source_limit") == 1
            idle[0][1].close()
            await until(_fewer_than(server, 3))
            assert await ask(address, vendor, 1) == 1
        async with serving(tmp_path, Guests(limit=3)) as (server, address), peers(address, 3) as idle:
            assert await ask(address, vendor, 2) == 2
            assert await _rest(idle[0][0]) == b""
            assert shown(server, "made_room") == 1

    asyncio.run(story())


def shown(server: Server, outcome: str) -> int:
    """How often this outcome came, as Prometheus is told."""
    text = HostMetrics(server).metrics().body.decode()
    found = re.findall(rf'^muster_host_requests_total\{{outcome="{outcome}"\}} (\d+)', text, re.MULTILINE)
    return int(found[0]) if found else 0


def _fewer_than(server: Server, number: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return server.connections < number

    return holds


def test_a_host_that_is_stopped_answers_who_has_asked_and_counts_nobody_else(tmp_path: Path) -> None:
    vendor = certified_home(tmp_path)

    async def story() -> list[bytes | None]:
        async with serving(tmp_path) as (server, address), peers(address) as [(idle, _)]:
            asking = [asyncio.create_task(exchange(address, request(vendor, n))) for n in range(50)]
            await until(_asked(server, 50))
            await server.stop()
            assert await _rest(idle) == b""
            return list(await asyncio.gather(*asking))

    answers = asyncio.run(story())
    answered = [a for a in answers if a is not None]
    assert len(answered) == 50

    async def again() -> int:
        async with serving(tmp_path) as (_, address):
            return await ask(address, vendor, 0)

    assert asyncio.run(again()) == 50


def _asked(server: Server, number: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return server.outcomes["counted"] + server.waiting >= number

    return holds


def test_a_public_address_is_not_answered_unless_allowed(tmp_path: Path) -> None:
    """Seen from inside: loopback can stand for no public address, so the server is asked what it would do."""
    certified_home(tmp_path)

    async def story() -> list[bool]:
        async with serving(tmp_path) as (server, _):
            before = [server.would_answer(a) for a in ("127.0.0.1", "10.1.1.1", "198.51.100.7")]
            await asyncio.to_thread((tmp_path / "host.toml").write_text, 'allow = ["198.51.100.0/24"]\n')
            server.reload()
            return [*before, server.would_answer("198.51.100.7"), server.would_answer("198.51.101.7")]

    assert asyncio.run(story()) == [True, True, False, True, False]


def test_two_vendors_live_side_by_side_on_one_host(tmp_path: Path) -> None:
    acme = certified_home(tmp_path)
    other = SmallVendor("Other Works", seed=2)
    certified_home(tmp_path, other)
    stranger = SmallVendor("Nobody", seed=3)

    async def story() -> tuple[list[int], bytes | None]:
        async with serving(tmp_path) as (_, address):
            told = [await ask(address, vendor, n) for vendor, n in ((acme, 1), (other, 1), (acme, 2), (other, 1))]
            return told, await exchange(address, request(stranger, 1))

    told, answer = asyncio.run(story())
    assert told == [1, 1, 2, 1]
    assert answer is not None
    assert is_hint(answer)
    assert BY_NUMBER[decode_hint(answer).code] is Code.VENDOR_MISMATCH


def test_a_clock_that_was_turned_back_two_days_signs_nothing(tmp_path: Path) -> None:
    clock = HandClock()
    vendor = certified_home(tmp_path, clock=clock)

    async def story() -> bytes | None:
        clock.move(days=3)
        running = await host.RunningHost.start(tmp_path, listen=["127.0.0.1:0"], environment={}, clock=clock)
        assert await ask(running.address, vendor, 1) == 1
        clock.move(days=-2)
        answer = await exchange(running.address, request(vendor, 2))
        await running.stop()
        return answer

    answer = asyncio.run(story())
    assert answer is not None
    assert BY_NUMBER[decode_hint(answer).code] is Code.CLOCK_SUSPECT

"""R7: peers that send a byte now and then are dropped at their deadline, and honest machines do not notice them."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from muster.host.service.guests import CONNECTION_SECONDS, MAX_CONNECTIONS
from muster.host.service.server import SWEEP_SECONDS
from muster.trust.chain import verify_answer
from muster.wire.activation import ReplyClaims
from reliability.figure import Figure, below, none_of, percentile
from reliability.sources import source_address
from tests.programs.host_process import serving
from tests.worlds.host_world import SmallVendor, certified_home, exchange, request

HONEST = 4
PER_SOURCE = 10
BYTE_SECONDS = 1.0
OPENING = 100
"""How many connections are being opened at a time: the listening queue is not what is tried here."""

P99_MILLISECONDS = 200
LATE_SECONDS = 0.75
"""How much later than deadline and sweep a drop may be seen by a peer that is one of thousands in one process."""

EARLY_SECONDS = 1.0
"""The host's deadline begins when it takes a connection in, which may be before the peer hears of it."""


def slow_peers(folder: Path, number: int) -> list[Figure]:
    """`number` slow peers, ten to an address; honest machines ask all the while."""
    home, vendor = folder / "home", SmallVendor()
    certified_home(home, vendor)
    with serving(home) as host:
        return asyncio.run(_siege(host.address, vendor, number))


async def _siege(address: str, vendor: SmallVendor, number: int) -> list[Figure]:
    gate = asyncio.Semaphore(OPENING)
    peers = [asyncio.create_task(_slow(address, index, gate)) for index in range(number)]
    siege = asyncio.gather(*peers)
    taken: list[float] = []
    failed = 0

    async def asks(first: int) -> None:
        nonlocal failed
        machine = first
        while not siege.done():
            body, begun = request(vendor, machine), time.monotonic()
            try:
                answer = await exchange(address, body)
            except OSError:
                answer = None
            taken.append((time.monotonic() - begun) * 1000)
            failed += answer is None or not isinstance(verify_answer(body, answer, vendor.trusted).claims, ReplyClaims)
            machine += 1

    await asyncio.gather(*(asks(index * 1_000_000) for index in range(HONEST)))
    lives = await siege
    limit = CONNECTION_SECONDS + SWEEP_SECONDS + LATE_SECONDS
    # In a full house the oldest make room before their time. In any other, whoever left early was never a siege.
    early = 0 if number > MAX_CONNECTIONS - HONEST else sum(life < CONNECTION_SECONDS - EARLY_SECONDS for life in lives)
    return [
        Figure("slow peers, honest requests", f"{number}, {len(taken)}", "both", bool(number and taken)),
        none_of("honest requests that failed", failed),
        below("honest p99", percentile(taken, 0.99), P99_MILLISECONDS, "ms"),
        none_of("slow peers that were dropped before their deadline", early),
        below("longest life of a slow peer", max(lives), limit, "s"),
    ]


async def _slow(address: str, index: int, gate: asyncio.Semaphore) -> float:
    """Seconds until the host closed a connection that gets one byte of a long frame a second."""
    name, _, port = address.partition(":")
    async with gate:
        local = source_address(index // PER_SOURCE), 0
        reader, writer = await asyncio.open_connection(name, int(port), local_addr=local)
    begun = time.monotonic()
    with suppress(OSError):
        writer.write(b"\x60")
        while True:
            try:
                async with asyncio.timeout(BYTE_SECONDS):
                    await reader.read(1)
                break
            except TimeoutError:
                writer.write(b"\x00")
    writer.close()
    return time.monotonic() - begun

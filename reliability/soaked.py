"""R6: a host that is asked at one pace for a long time. Nobody is turned away, and memory and descriptors stay what they were."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from muster.trust.chain import verify_answer
from muster.wire.activation import ReplyClaims
from muster.wire.frame import frame
from reliability.curves import Curve, draw
from reliability.figure import Figure, below, none_of, percentile
from tests.programs.host_process import HostProcess, serving
from tests.worlds.host_world import SmallVendor, certified_home, request

IDS = 1_000_000
AT_ONCE = 256
PATIENCE_SECONDS = 10.0
TICK_SECONDS = 0.01
VERIFIED_EVERY = 50
SAMPLE_SECONDS = 1.0
SETTLED_AFTER = 300.0
"""Seconds after which memory is said to be what it will be."""

GROWTH_PERCENT = 2.0
RESIDENT_MEGABYTES = 120.0
P99_MILLISECONDS = 50.0
LATE_SECONDS = 0.25
SPARE_DESCRIPTORS = 8
CLOSED_SECONDS = 10.0

DRAWN_FROM = 60
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "soak.svg"


@dataclass
class Soak:
    """What was seen. `samples`: seconds since the beginning, megabytes resident, descriptors without those of requests."""

    waits: list[float] = field(default_factory=list)
    errors: int = 0
    verified: int = 0
    late: float = 0.0
    left_open: int = 0
    samples: list[tuple[float, float, int]] = field(default_factory=list)


def soaked(folder: Path, seconds: int, pace: int) -> list[Figure]:
    """`pace` requests a second for so many seconds."""
    home, vendor = folder / "home", SmallVendor()
    certified_home(home, vendor)
    with serving(home) as host:
        soak = uvloop.run(_ask(host, vendor, seconds, pace))
    if seconds >= DRAWN_FROM:
        _draw(soak, seconds, pace)
    memory = [megabytes for _, megabytes, _ in soak.samples]
    descriptors = [number for _, _, number in soak.samples]
    most = max(descriptors)
    p99 = percentile(soak.waits, 0.99) * 1_000
    figures = [
        Figure("requests, of them verified", f"{len(soak.waits)}, {soak.verified}", "some", soak.verified > 0),
        none_of("requests without a count", soak.errors),
        below("resident at most", max(memory), RESIDENT_MEGABYTES, "MB"),
        below("descriptors beside those of requests, at most", most, min(descriptors) + SPARE_DESCRIPTORS, ""),
        none_of("descriptors more at the end than at the beginning", max(0, soak.left_open)),
        _waiting(p99, soak.late, seconds),
        Figure("asked later than meant, at most", f"{soak.late:.2f} s", "–", True),
    ]
    settled = [megabytes for at, megabytes, _ in soak.samples if at >= SETTLED_AFTER]
    if len(settled) > SETTLED_AFTER / SAMPLE_SECONDS:
        growth = 100 * (max(settled) / settled[0] - 1)
        figures.append(below("memory beyond that of minute 5", growth, GROWTH_PERCENT, "%"))
    else:
        figures.append(
            Figure("memory beyond that of minute 5", "not that long", f"< {GROWTH_PERCENT:g} %", True, is_judged=False)
        )
    return figures


def _waiting(p99: float, late: float, seconds: int) -> Figure:
    """The p99, judged where the machine had time for the asker: one that comes late itself waited for the processor."""
    if seconds >= DRAWN_FROM and late <= LATE_SECONDS:
        return below("p99", p99, P99_MILLISECONDS, "ms")
    wanted = f"< {P99_MILLISECONDS:g} ms; the asker came late itself, or was too short"
    return Figure("p99", f"{p99:.4g} ms", wanted, True, is_judged=False)


async def _ask(host: HostProcess, vendor: SmallVendor, seconds: int, pace: int) -> Soak:
    soak, asking = Soak(), set[asyncio.Task[None]]()

    name, _, port = host.address.rpartition(":")

    async def asks(number: int) -> None:
        body, begun = request(vendor, number % IDS), time.monotonic()
        answer = await exchange(name, int(port), body)
        soak.waits.append(time.monotonic() - begun)
        if answer is None or (number % VERIFIED_EVERY == 0 and not tells_a_count(vendor, body, answer)):
            soak.errors += 1
        elif number % VERIFIED_EVERY == 0:
            soak.verified += 1

    await asks(0)
    before = _descriptors(host.process.pid)
    begun = time.monotonic()
    asked = sampled = 0
    while (now := time.monotonic() - begun) < seconds:
        due = min(int(now * pace), seconds * pace)
        soak.late = max(soak.late, (due - asked) / pace)
        # An asker that cannot keep up asks later, and says so: it does not drown the host in what it owes.
        due = min(due, asked + AT_ONCE - len(asking))
        for number in range(asked, due):
            task = asyncio.create_task(asks(number))
            asking.add(task)
            task.add_done_callback(asking.discard)
        asked = due
        if now >= sampled * SAMPLE_SECONDS:
            sampled += 1
            soak.samples.append((now, *_look_at(host.process.pid)))
        await asyncio.sleep(TICK_SECONDS)
    await asyncio.gather(*asking)
    soak.left_open = await _left_open(host.process.pid, before)
    return soak


async def _left_open(process: int, before: int) -> int:
    """How many descriptors more than `before` are open, once the host had time to close those of the last requests."""
    end = time.monotonic() + CLOSED_SECONDS
    # Nothing tells from outside that a descriptor was closed.
    while (more := _descriptors(process) - before) > 0 and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(TICK_SECONDS)
    return more


def _descriptors(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


class _Peer(asyncio.Protocol):
    """Asks, and hears what comes until the host closes: cheaper than streams, for the asker must not be what is measured."""

    def __init__(self, asked: bytes, answer: asyncio.Future[bytes | None]) -> None:
        self._asked, self._answer, self._heard = asked, answer, b""

    def connection_made(self, transport: Any) -> None:
        transport.write(frame(self._asked))

    def data_received(self, data: bytes) -> None:
        self._heard += data

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._answer.done():
            is_whole = bool(self._heard) and len(self._heard) == self._heard[0] + 1
            self._answer.set_result(self._heard[1:] if is_whole else None)


async def exchange(name: str, port: int, body: bytes) -> bytes | None:
    """One request of a host, and its answer; None when there is none in time."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes | None] = loop.create_future()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            transport, _ = await loop.create_connection(lambda: _Peer(body, answer), name, port)
            try:
                return await answer
            finally:
                transport.close()
    except (OSError, TimeoutError):
        return None


def tells_a_count(vendor: SmallVendor, body: bytes, answer: bytes) -> bool:
    """Whether an answer is signed, to this request, and holds a count."""
    return isinstance(verify_answer(body, answer, vendor.trusted).claims, ReplyClaims)


def _look_at(process: int) -> tuple[float, int]:
    """Megabytes resident, and descriptors that are no connection of a peer."""
    status = Path(f"/proc/{process}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    names = 0
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            names += not str(descriptor.readlink()).startswith("socket:")
        except OSError:
            continue  # closed since
    return int(resident.split()[1]) / 1024, names


def _draw(soak: Soak, seconds: int, pace: int) -> None:
    memory = Curve("resident memory", "MB", [(at, megabytes) for at, megabytes, _ in soak.samples])
    descriptors = Curve("open descriptors", "", [(at, float(number)) for at, _, number in soak.samples])
    PICTURE.write_text(draw(f"A host asked {pace} times a second for {seconds} seconds", [memory, descriptors]))

"""R13: a host that is told to stop answers who has asked, or closes and does not count."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

from reliability.figure import Figure, below, none_of
from reliability.killed import look_into
from reliability.sources import source_address
from tests.programs.host_process import HostProcess, serving
from tests.worlds.host_world import SmallVendor, ask, certified_home

LATEST = 0.002
"""Seconds for each request: the signal comes at the latest when about all were answered."""

EXIT_SECONDS = 5.0
SEED = 13


def stopped(folder: Path, times: int, many: int) -> list[Figure]:
    """Stop `times` times, with `many` requests on their way."""
    home, vendor = folder / "home", SmallVendor()
    certified_home(home, vendor)
    instants = random.Random(SEED)
    answered: set[int] = set()
    ends, codes = [], set()
    for turn in range(times):
        with serving(home) as host:
            machines = range(turn * many, (turn + 1) * many)
            told, instant = asyncio.run(_stop_among(host, vendor, machines, instants.uniform(0, LATEST * many)))
            answered |= told
            codes.add(host.process.wait())
            ends.append(time.monotonic() - instant)
    stored, integrity = look_into(home / "counts.db")
    closed = times * many - len(answered)
    return [
        Figure("stops, answered, closed", f"{times}, {len(answered)}, {closed}", "some answers", len(answered) > 0),
        none_of("answered and not in the store", len(answered - stored)),
        none_of("closed without an answer and counted", len(stored - answered)),
        Figure(
            "exit codes, integrity check", f"{sorted(codes)}, {integrity}", "[0], ok", (codes, integrity) == ({0}, "ok")
        ),
        below("slowest exit", max(ends), EXIT_SECONDS, "s"),
    ]


async def _stop_among(host: HostProcess, vendor: SmallVendor, machines: range, after: float) -> tuple[set[int], float]:
    """Who was answered, and when the signal was sent."""
    answered: set[int] = set()
    loop = asyncio.get_running_loop()
    sent: asyncio.Future[float] = loop.create_future()

    def stop() -> None:
        host.process.send_signal(signal.SIGTERM)
        sent.set_result(time.monotonic())

    async def asks(machine: int) -> None:
        with suppress(OSError, AssertionError):
            await ask(host.address, vendor, machine, source=source_address(machine))
            answered.add(machine)

    loop.call_later(after, stop)
    await asyncio.gather(*map(asks, machines))
    return answered, await sent

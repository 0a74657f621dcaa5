"""R18: machines of a whole site start in the same minute, and all are served."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from reliability.figure import Figure, below, none_of, percentile
from reliability.sources import source_address
from tests.programs.host_process import serving
from tests.worlds.host_world import SmallVendor, ask, certified_home

SERVED_SECONDS = 300.0
SEED = 18


def together(folder: Path, machines: int, window: int) -> list[Figure]:
    """`machines` ask once, each at a random instant of `window` seconds, each from an address of its own."""
    home, vendor = folder / "home", SmallVendor()
    certified_home(home, vendor)
    with serving(home) as host:
        begun = time.monotonic()
        taken = asyncio.run(_crowd(host.address, vendor, machines, window))
        seconds = time.monotonic() - begun
    return [
        none_of(f"of {machines} machines in {window} s, not served at their first attempt", machines - len(taken)),
        below("all served after", seconds, SERVED_SECONDS, "s"),
        Figure("p50, p99 of an attempt", f"{percentile(taken, 0.5):.3f} s, {percentile(taken, 0.99):.3f} s", "–", True),
    ]


async def _crowd(address: str, vendor: SmallVendor, machines: int, window: int) -> list[float]:
    taken: list[float] = []
    instants = random.Random(SEED)

    async def starts(machine: int, after: float) -> None:
        await asyncio.sleep(after)
        begun = time.monotonic()
        try:
            await ask(address, vendor, machine, source=source_address(machine))
        except (OSError, AssertionError):
            return
        taken.append(time.monotonic() - begun)

    await asyncio.gather(*(starts(machine, instants.uniform(0, window)) for machine in range(machines)))
    return taken

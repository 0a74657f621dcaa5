"""R1: a host killed with SIGKILL at random instants under load has every reply that it sent in its store."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from itertools import count
from pathlib import Path

from muster.host.adapters.sqlite_view import SqliteView
from muster.wire.calendar import MAX_SECONDS
from reliability.figure import NOTHING, Figure, below, none_of, percentile
from tests.programs.host_process import HostProcess, serving
from tests.worlds.host_world import SmallVendor, ask, certified_home

ASKERS = 32
LONGEST_LIFE = 0.4
"""Seconds of load before a kill, at most: several group commits, and no checkpoint in step with the kills."""

RESTART_SECONDS = 2.0
SEED = 1


def killed(folder: Path, kills: int) -> list[Figure]:
    """Kill `kills` times; the store is looked into only in the end, so that each recovery is the host's own."""
    home, vendor = folder / "home", SmallVendor()
    certified_home(home, vendor)
    instants = random.Random(SEED)
    machines = count(1)
    answered: set[int] = set()
    starts = []
    for _ in range(kills):
        begun = time.monotonic()
        with serving(home) as host:
            starts.append(time.monotonic() - begun)
            answered |= asyncio.run(_under_load(host, vendor, machines, instants.uniform(0, LONGEST_LIFE)))
            host.process.wait()
    stored, integrity = look_into(home / "counts.db")
    return [
        Figure("kills, verified replies", f"{kills}, {len(answered)}", "some replies", len(answered) > kills),
        none_of("verified replies that the store does not hold", len(answered - stored)),
        Figure("integrity check", integrity, "ok", integrity == "ok"),
        Figure("start of the process until it listens, median", f"{percentile(starts, 0.5):.3g} s", NOTHING, True),
        below("slowest start of the process until it listens", max(starts), RESTART_SECONDS, "s"),
    ]


async def _under_load(host: HostProcess, vendor: SmallVendor, machines: count[int], life: float) -> set[int]:
    answered: set[int] = set()

    async def asks() -> None:
        while True:
            machine = next(machines)
            try:
                await ask(host.address, vendor, machine)
            except (OSError, AssertionError):
                return
            answered.add(machine)

    asyncio.get_running_loop().call_later(life, host.process.kill)
    async with asyncio.TaskGroup() as group:
        for _ in range(ASKERS):
            group.create_task(asks())
    return answered


def look_into(path: Path) -> tuple[set[int], str]:
    """The numbers of the machines in a store, and what its integrity check says."""
    database = sqlite3.connect(path)
    stored = {int.from_bytes(seen.client_id, "big") for seen in SqliteView(path).machines(0, MAX_SECONDS)}
    (integrity,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    return stored, str(integrity)

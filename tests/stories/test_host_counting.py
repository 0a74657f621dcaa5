"""An activation host counts the machines that ask it, in whole sentences."""

from __future__ import annotations

import asyncio
from pathlib import Path

from muster.host import app as host
from tests.worlds.host_world import (
    CLIENT_EDITION,
    SERVER_EDITION,
    HandClock,
    ask,
    certified_home,
)

LOOPBACK = ["127.0.0.1:0"]


def test_the_worked_example_counts_clients_and_servers_together(tmp_path: Path) -> None:
    vendor, clock = certified_home(tmp_path), HandClock()

    async def story() -> list[int]:
        running = await host.RunningHost.start(tmp_path, listen=LOOPBACK, clock=clock, environment={})
        try:
            editions = [CLIENT_EDITION, CLIENT_EDITION, CLIENT_EDITION, SERVER_EDITION, SERVER_EDITION]
            return [await ask(running.address, vendor, n, edition) for n, edition in enumerate(editions, 1)]
        finally:
            await running.stop()

    assert asyncio.run(story()) == [1, 2, 3, 4, 5]


def test_counts_survive_a_restart_and_end_after_thirty_days(tmp_path: Path) -> None:
    vendor, clock = certified_home(tmp_path), HandClock()

    async def story() -> list[int]:
        told = []
        for machines in ((1, 2, 3), (4,), (4,)):
            running = await host.RunningHost.start(tmp_path, listen=LOOPBACK, clock=clock, environment={})
            told += [await ask(running.address, vendor, n) for n in machines]
            await running.stop()
        clock.move(days=30)
        running = await host.RunningHost.start(tmp_path, listen=LOOPBACK, clock=clock, environment={})
        told.append(await ask(running.address, vendor, 5))
        await running.stop()
        return told

    assert asyncio.run(story()) == [1, 2, 3, 4, 4, 1]

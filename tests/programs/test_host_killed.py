"""A host that is killed or stopped under load: what it has answered is on disk, what it has not is not counted twice."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from pathlib import Path

import pytest

from muster.host.adapters.sqlite_view import SqliteView
from muster.wire.calendar import MAX_SECONDS
from tests.programs.host_process import HostProcess, serving
from tests.worlds.host_world import SmallVendor, ask, certified_home

VENDOR = SmallVendor()
ASKERS = 32


async def until_silence(address: str, first: int, host: HostProcess, after: int, number: int) -> set[int]:
    """Ask from many sides; send signal `number` after so many answers; the machines that were answered."""
    answered: set[int] = set()

    async def asks(machines: range) -> None:
        for machine in machines:
            try:
                await ask(address, VENDOR, machine)
            except (OSError, AssertionError):
                return
            answered.add(machine)
            if len(answered) == after:
                host.process.send_signal(number)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for asker in range(ASKERS):
            group.create_task(asks(range(first + asker * 1_000, first + (asker + 1) * 1_000)))
    return answered


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_every_answer_is_in_the_store_and_the_database_is_whole(tmp_path: Path, number: int) -> None:
    home = tmp_path / "home"
    certified_home(home, VENDOR)
    answered: set[int] = set()
    for turn, after in enumerate((1, 60, 137)):
        with serving(home) as host:
            answered |= asyncio.run(until_silence(host.address, turn * 1_000_000, host, after, number))
            assert host.process.wait(10) == (0 if number == signal.SIGTERM else -number)
    database = sqlite3.connect(home / "counts.db")
    stored = {int.from_bytes(seen.client_id, "big") for seen in SqliteView(home / "counts.db").machines(0, MAX_SECONDS)}
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert len(answered) >= 198
    assert answered - stored == set()
    if number == signal.SIGTERM:
        assert stored == answered, "nobody is counted who was not told"
    with serving(home) as host:
        assert asyncio.run(ask(host.address, VENDOR, 999_999_999)) == 50

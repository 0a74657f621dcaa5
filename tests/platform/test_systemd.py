"""What a service manager hands over and hears; strangers' variables hand over nothing."""

from __future__ import annotations

import asyncio
import os
import queue
import socket
from pathlib import Path

import pytest

from muster.platform.systemd import ALIVE, inherited_sockets, notify, reloading, stay_alive, watchdog_pause
from tests.worlds.service_manager import WATCHDOG_SECONDS, service_manager


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"},
    ],
)
def test_what_is_meant_for_another_process_is_not_taken(given: dict[str, str]) -> None:
    environment = {**given, "PATH": "/bin"}
    assert inherited_sockets(environment) == ()
    assert environment == {"PATH": "/bin"}, "no child takes it either"


@pytest.mark.parametrize("is_abstract", [False, True])
def test_readiness_is_told_to_who_asked_for_it(tmp_path: Path, is_abstract: bool) -> None:
    path = f"@muster-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + path[1:] if is_abstract else path)
        notify({"NOTIFY_SOCKET": path}, "READY=1")
        assert manager.recv(100) == b"READY=1"


def test_a_manager_that_takes_nothing_holds_nobody_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        # Far more than the system keeps for a reader.
        for _ in range(2_000):
            notify({"NOTIFY_SOCKET": str(tmp_path / "notify")}, ALIVE)
        assert manager.recv(100) == ALIVE.encode()


def test_nobody_who_listens_is_no_failure(tmp_path: Path) -> None:
    notify({}, "READY=1")
    notify({"NOTIFY_SOCKET": "relative"}, "READY=1")
    notify({"NOTIFY_SOCKET": str(tmp_path / "nowhere")}, "READY=1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "pause"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "١"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
    ],
)
def test_signs_of_life_come_twice_as_often_as_they_are_waited_for(given: dict[str, str], pause: float | None) -> None:
    assert watchdog_pause(given) == pause


def test_a_loop_that_hangs_gives_no_sign_of_life(tmp_path: Path) -> None:
    async def hang() -> None:
        life = asyncio.create_task(stay_alive(manager.environment))
        await asyncio.get_running_loop().run_in_executor(None, manager.hear, ALIVE, 3)
        with pytest.raises(queue.Empty):
            # The loop itself waits here, so nothing can be told, but what may have been on its way.
            manager.hear(ALIVE, times=2, patience=3 * WATCHDOG_SECONDS)
        life.cancel()

    with service_manager(tmp_path) as manager:
        asyncio.run(hang())


def test_a_reload_is_told_with_its_instant(tmp_path: Path) -> None:
    with service_manager(tmp_path) as manager:
        reloading(manager.environment, 12.5)
        assert manager.hear("RELOADING=1") == ["RELOADING=1\nMONOTONIC_USEC=12500000"]

"""A licensing service that runs: lock, door, alarms and machine put together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from muster.base import log, terminal
from muster.base.clock import Clock, SystemClock
from muster.base.entropy import SystemEntropy
from muster.base.errors import MusterError
from muster.client.adapters.control_path import CONTROL
from muster.client.adapters.control_socket import ControlSocket
from muster.client.adapters.inspection import LookingOn
from muster.client.adapters.peer_credentials import ownership_of
from muster.client.adapters.state_folder import PRODUCTS, SETTINGS, check_own, locked, narrow
from muster.client.adapters.system_journal import SystemJournal
from muster.client.adapters.vendor_process import VendorProcess
from muster.client.app import open_machine
from muster.client.ports import Wakes
from muster.client.service.operations import Desk
from muster.client.service.reception import Reception
from muster.client.service.serving import Door, Footing, Service
from muster.platform.systemd import READY, STOPPING, inherited_sockets, notify, stay_alive

UMASK = 0o022
ITSELF = "muster.client.app.running"
_NOTICED = frozenset({SETTINGS, PRODUCTS, CONTROL})


class Lookups(ThreadPoolExecutor):
    """Threads for the system's resolver. One that hangs there cannot be stopped, so nobody waits for it in the end."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - see above
        """Take nothing more, and do not wait."""
        super().shutdown(wait=False, cancel_futures=True)


def become(home: Path, idle: timedelta | None) -> None:
    """Go on as the service and nothing else: what read the command line would sleep along for weeks, a fifth of all memory.

    The process keeps its id and what it inherited. Where a process cannot be replaced, it serves as it is.
    """
    sys.stdout.flush()
    if sys.platform == "win32" or getattr(sys, "frozen", False):
        serve(home, idle=idle)
        return
    seconds = "" if idle is None else str(int(idle.total_seconds()))
    # -P: nothing is imported from the folder that somebody happens to stand in.
    words = [sys.executable, "-P", "-m", ITSELF, str(home), seconds]
    os.execv(sys.executable, words)  # noqa: S606 - this very interpreter


def main(arguments: Sequence[str]) -> int:
    """The process that `become` goes on as: home, and seconds of idleness or nothing; the exit code."""
    log.configure()
    home, seconds = arguments
    try:
        serve(Path(home), idle=timedelta(seconds=int(seconds)) if seconds else None)
    except MusterError as error:
        return terminal.report(error)
    return 0


def serve(home: Path, *, idle: timedelta | None) -> None:
    """Serve `home` until SIGTERM or SIGINT, or until nobody asked for `idle`; SIGHUP reads settings anew.

    Says where it serves once callers are heard. `Misconfigured` with HOME_IN_USE when another service has the home.
    """
    os.umask(UMASK)
    with locked(home):
        check_own(home)
        narrow(home)
        asyncio.run(_serve(home, idle))


async def _serve(home: Path, idle: timedelta | None) -> None:
    asyncio.get_running_loop().set_default_executor(Lookups())
    clock = SystemClock()
    wakes = _wakes(home, clock)
    service = Service(Footing(lambda: _open_desk(home), wakes, clock, idle))
    reception = Reception(service, lambda: ownership_of(home, home / SETTINGS), SystemEntropy())
    door = _door(home, reception)
    await door.listen()
    loop, running = asyncio.get_running_loop(), asyncio.create_task(service.run(door))
    # Windows has no signals for a loop; there the service manager ends the process.
    with suppress(NotImplementedError):
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, running)
        loop.add_signal_handler(signal.SIGHUP, service.look_again)
    notify(os.environ, READY)
    life = asyncio.create_task(stay_alive(os.environ))
    terminal.result(f"serving {home}")
    sys.stdout.flush()
    await running
    life.cancel()


def _stop(running: asyncio.Task[None]) -> None:
    notify(os.environ, STOPPING)
    running.cancel()


def _open_desk(home: Path) -> Desk:
    machine = open_machine(home)
    if sys.platform == "linux":
        machine.journal = SystemJournal(machine.journal)
    if not getattr(sys, "frozen", False):  # a program that was packed is no interpreter to start again
        machine.vendor = VendorProcess()
    return Desk(machine, LookingOn(home))


def _door(home: Path, reception: Reception) -> Door:
    if sys.platform == "win32":
        from muster.client.adapters.control_pipe import ControlPipe

        return ControlPipe(home, reception.answer, reception.limit)
    else:  # noqa: RET505 - mypy looks at one system at a time
        inherited = next(iter(inherited_sockets(os.environ)), None)
        return ControlSocket(home, reception.answer, reception.limit, inherited=inherited)


def _wakes(home: Path, clock: Clock) -> Wakes:
    if sys.platform == "linux":
        from muster.client.adapters.wakes_linux import LinuxWakes

        return LinuxWakes(home, PRODUCTS, _NOTICED, clock)
    else:  # noqa: RET505 - mypy looks at one system at a time
        from muster.client.adapters.wakes_polling import PollingWakes

        return PollingWakes(home, PRODUCTS, _NOTICED, clock)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # Everything is saved and let go of; an interpreter that ends would wait for lookups that hang.
    os._exit(code)

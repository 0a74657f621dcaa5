"""Running a host as a process: uvloop, signals, descriptors, events on standard error, a service manager that listens."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvloop

from muster.base import log, terminal
from muster.base.clock import SystemClock
from muster.base.errors import Code, Misconfigured
from muster.host.app import RunningHost
from muster.platform.systemd import READY, STOPPING, notify, reloading, stay_alive

YOUNG_OBJECTS = 50_000
LEVELS = ("debug", "info", "warning", "error")


def serve_until_told(home: Path, *, listen: Sequence[str] | None, recount: bool, level: str) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the home again. Prints every address once it listens there."""
    if level not in LEVELS:
        raise Misconfigured(Code.USAGE, f"there is no log level {level!r}", f"Choose one of {', '.join(LEVELS)}.")
    log.configure(level)
    _raise_descriptor_limit()
    uvloop.run(_serve(home, listen, recount=recount))


async def _serve(home: Path, listen: Sequence[str] | None, *, recount: bool) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    host = await RunningHost.start(home, listen=listen, recount=recount)
    loop.add_signal_handler(signal.SIGHUP, _look_again, host)
    notify(os.environ, READY)
    life = asyncio.create_task(stay_alive(os.environ))
    for address in host.addresses:
        terminal.result(f"listening on {address}")
    sys.stdout.flush()
    # What stands now stays: a collector that looks through it again and again takes 3 % of a storm.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    await told.wait()
    notify(os.environ, STOPPING)
    await host.stop()
    life.cancel()


def _look_again(host: RunningHost) -> None:
    reloading(os.environ, SystemClock().monotonic())
    host.look_again()
    notify(os.environ, READY)


def _raise_descriptor_limit() -> None:
    """A connection is a descriptor: take what the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

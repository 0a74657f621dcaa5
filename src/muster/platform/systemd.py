"""What a service manager hands over, and hears: sockets that it opened, readiness, life (sd_listen_fds(3), sd_notify(3)).

Works without any: where the variables are not set, nothing is handed over and nothing is told.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress

FIRST = 3
MICROSECONDS = 1_000_000
READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
PATIENCE_SECONDS = 1.0
"""How long a manager may take to hear what is told once. A sign of life comes again: it waits for nothing."""

_NAMES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def inherited_sockets(environment: MutableMapping[str, str]) -> tuple[socket.socket, ...]:
    """The listening sockets meant for this process, in order; the variables are removed, so that no child takes them."""
    given = {name: environment.pop(name, "") for name in _NAMES}
    if given["LISTEN_PID"] != str(os.getpid()) or not given["LISTEN_FDS"].isdigit():
        return ()
    found = []
    for number in range(FIRST, FIRST + int(given["LISTEN_FDS"])):
        with suppress(OSError):
            os.set_inheritable(number, False)
            own = socket.socket(fileno=number)
            own.setblocking(False)
            found.append(own)
    return tuple(found)


def notify(environment: Mapping[str, str], state: str) -> None:
    """Tell the service manager, as in ``READY=1``; nobody listening is no failure, and who does not take it holds nobody up."""
    path = environment.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
        own.settimeout(0 if state == ALIVE else PATIENCE_SECONDS)
        own.sendto(state.encode(), "\0" + path[1:] if path[0] == "@" else path)


def reloading(environment: Mapping[str, str], monotonic: float) -> None:
    """Tell that settings are being read anew; `READY` has to follow. `monotonic` is the clock's, in seconds."""
    notify(environment, f"RELOADING=1\nMONOTONIC_USEC={int(monotonic * MICROSECONDS)}")


def watchdog_pause(environment: Mapping[str, str]) -> float | None:
    """Seconds between two signs of life, half of what is waited for one (sd_watchdog_enabled(3)); None: none is expected."""
    asked, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not (asked.isascii() and asked.isdigit() and int(asked)) or process not in ("", str(os.getpid())):
        return None
    return int(asked) / MICROSECONDS / 2


async def stay_alive(environment: Mapping[str, str]) -> None:
    """Give signs of life until cancelled. They come from the loop that works: one that hangs gives none, and is started anew."""
    pause = watchdog_pause(environment)
    while pause is not None:
        notify(environment, ALIVE)
        await asyncio.sleep(pause)

"""What a service manager hands over, and hears: sockets that it opened, readiness (sd_listen_fds(3), sd_notify(3)).

Works without any: where the variables are not set, nothing is handed over and nothing is told.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress

FIRST = 3
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
    """Tell the service manager, as in ``READY=1``; nobody listening is no failure."""
    path = environment.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
        own.sendto(state.encode(), "\0" + path[1:] if path[0] == "@" else path)

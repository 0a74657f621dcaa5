"""A service manager's ear: the datagram socket of sd_notify(3), real, and the environment that names it."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 30.0
WATCHDOG_SECONDS = 0.2
DATAGRAM_BYTES = 4096


@dataclass(frozen=True)
class ServiceManager:
    """Hears at once what it is told, as a real one does."""

    told: queue.SimpleQueue[str]
    environment: Mapping[str, str]

    def hear(self, wanted: str, times: int = 1, patience: float = PATIENCE_SECONDS) -> list[str]:
        """What was told, until this was told so often from now on; `queue.Empty` when nothing is for so many seconds."""
        heard: list[str] = []
        while sum(wanted in state.split("\n") for state in heard) < times:
            heard.append(self.told.get(timeout=patience))
        return heard


@contextmanager
def service_manager(folder: Path) -> Iterator[ServiceManager]:
    """One that expects signs of life every fifth of a second."""
    path, told = str(folder / "notify"), queue.SimpleQueue[str]()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(path)
        thread = threading.Thread(target=_listen, args=(ear, told))
        thread.start()
        try:
            microseconds = str(int(WATCHDOG_SECONDS * 1_000_000))
            yield ServiceManager(told, {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": microseconds})
        finally:
            with suppress(OSError):
                ear.shutdown(socket.SHUT_RD)
            thread.join()


def _listen(ear: socket.socket, told: queue.SimpleQueue[str]) -> None:
    while state := ear.recv(DATAGRAM_BYTES):
        told.put(state.decode())

"""What wakes the service where the system tells nothing by itself: a look around every half minute.

Notices what `wakes_linux` notices, later: a passed deadline, a clock that was set, changed files, another way into the network.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from muster.base.clock import Clock
from muster.client.ports import Wake
from muster.license.folder import Stamp, stamp

LOOK_SECONDS = 30.0
JUMP = timedelta(seconds=5)
# RFC 5737 and RFC 3849: addresses of nobody. Connecting a datagram socket sends nothing; it names the way out.
_NOBODY = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


class PollingWakes:
    """`Wakes` by looking. `noticed` are names in `home` that matter, `folder` is a folder below it."""

    def __init__(
        self, home: Path, folder: str, noticed: frozenset[str], clock: Clock, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._paths = [home / name for name in sorted(noticed)]
        self._folder = home / folder
        self._clock = clock
        self._look_seconds = look_seconds
        self._told = asyncio.Event()
        self._files = self._stamps()
        self._ways = ways_out()
        self._before = (clock.now(), clock.boot_seconds())

    async def next(self, until: datetime | None, *, network: bool = False) -> frozenset[Wake]:
        """See `Wakes`."""
        while True:
            causes = self._look(until, network=network)
            if causes:
                return causes
            left = self._look_seconds
            if until is not None:
                left = min(left, max(0.0, (until - self._clock.now()).total_seconds()))
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._told.wait()

    def tell(self) -> None:
        """See `Wakes`."""
        self._told.set()

    def close(self) -> None:
        """See `Wakes`."""

    def _look(self, until: datetime | None, *, network: bool) -> frozenset[Wake]:
        causes = set()
        if self._told.is_set():
            self._told.clear()
            causes.add(Wake.TOLD)
        now, running = self._clock.now(), self._clock.boot_seconds()
        passed = timedelta(seconds=running - self._before[1])
        if abs(now - self._before[0] - passed) > JUMP:
            causes.add(Wake.CLOCK)
        self._before = (now, running)
        if until is not None and until <= now:
            causes.add(Wake.DEADLINE)
        files = self._stamps()
        if files != self._files:
            self._files = files
            causes.add(Wake.FILES)
        ways = ways_out() if network else self._ways
        if ways != self._ways:
            self._ways = ways
            causes.add(Wake.NETWORK)
        return frozenset(causes)

    def _stamps(self) -> tuple[tuple[str, Stamp], ...]:
        below: list[Path] = []
        with suppress(OSError):
            below = sorted(self._folder.iterdir())
        return tuple((str(path), stamp(path)) for path in (*self._paths, *below))


def ways_out() -> tuple[str, ...]:
    """The own address that each family of the network would be left by; empty text where there is no way."""
    found = []
    for family, nobody in _NOBODY:
        address = ""
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as own:
            own.connect((nobody, 9))
            address = str(own.getsockname()[0])
        found.append(address)
    return tuple(found)

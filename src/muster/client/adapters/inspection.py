"""Looking without touching: may this user write the state folder, does a host accept a connection."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from muster.base.errors import Code, Unreachable
from muster.client.adapters.tcp_host import CONNECT_SECONDS
from muster.client.core.diagnosis import HomeAccess
from muster.client.core.discovery import Address


class LookingOn:
    """`Inspection` of the state folder `home` and of the network."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def home(self) -> HomeAccess:
        """See `Inspection`. Asks the system for the rights instead of trying them: nothing is made or touched."""
        place = self._home
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            is_own = not hasattr(os, "geteuid") or os.geteuid() in {0, place.stat().st_uid}
        except OSError:
            is_own = False
        for path in (place, *sorted(place.glob("vendors/*"))) if place == self._home else (place,):
            if not _may_write(path):
                return HomeAccess(str(self._home), is_writable=False, is_own=is_own, problem=_why(path, self._home))
        return HomeAccess(str(self._home), is_writable=True, is_own=is_own)

    async def reach(self, address: Address, number: str) -> None:
        """See `Inspection`."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(number, address.port)
        except TimeoutError as error:
            raise _unreached(address, number, "no answer") from error
        except OSError as error:
            # asyncio puts its own words into `strerror`.
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise _unreached(address, number, reason.lower()) from error
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _unreached(address: Address, number: str, reason: str) -> Unreachable:
    return Unreachable(Code.HOST_UNREACHABLE, f"{address} ({number}) does not accept connections: {reason}")


def _may_write(path: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(path, os.W_OK | os.X_OK, effective_ids=effective)


def _why(path: Path, home: Path) -> str:
    where = "" if path == home else f" ({path})"
    try:
        found = path.stat()
    except OSError as error:
        return f"{(error.strerror or type(error).__name__).lower()}{where}"
    return f"it belongs to user {found.st_uid} and has mode {found.st_mode & 0o7777:04o}{where}"

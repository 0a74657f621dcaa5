"""The numeric address at which each host answered last: what is left when no name server answers (spec/discovery.md §Order).

A host proves itself by its signature, so a number that is old or wrong costs a connection and nothing else.
"""

from __future__ import annotations

import ipaddress
import json
from contextlib import suppress
from pathlib import Path

from muster.base.errors import Malformed, MusterError
from muster.license.folder import read
from muster.platform.durable_file import PUBLIC, replace_file

NUMBERS = "numbers.json"
MAX_HOSTS = 16
MAX_NUMBERS_BYTES = 16_384


class KnownNumbers:
    """Kept in the state folder. Nothing here ever fails: what cannot be read or saved is not known."""

    def __init__(self, home: Path) -> None:
        self._path = home / NUMBERS

    def of(self, host: str) -> tuple[str, ...]:
        """The number that is known of a host's name, if there is one."""
        number = self._all().get(host)
        return () if number is None else (number,)

    def keep(self, host: str, number: str) -> None:
        """Remember it as the newest."""
        known = self._all()
        if host == number or known.get(host) == number:
            return
        known.pop(host, None)
        newest = dict(list({**known, host: number}.items())[-MAX_HOSTS:])
        with suppress(MusterError):
            replace_file(self._path, json.dumps(newest, indent=2).encode(), PUBLIC)

    def forget(self) -> None:
        """Know nothing any more."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _all(self) -> dict[str, str]:
        found: dict[str, str] = {}
        with suppress(Malformed, ValueError, RecursionError):
            plain = json.loads(read(self._path, MAX_NUMBERS_BYTES) or b"{}")
            for host, number in plain.items() if isinstance(plain, dict) else ():
                with suppress(ValueError):
                    found[host] = str(ipaddress.ip_address(number)) if isinstance(number, str) else ""
        return {host: number for host, number in found.items() if number}

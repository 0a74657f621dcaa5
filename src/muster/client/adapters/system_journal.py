"""The system's journal beside the machine's own: every event in journald's own protocol (systemd.journal-fields(7)).

Never fails and never waits: where no journal listens, or it is full, the own log has the event all the same.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from muster.client.ports import Journal

SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "muster-client"
NOTICE, INFO = 5, 6
_ROUTINE = frozenset({"service.started", "service.stopped", "activation.done"})


class SystemJournal:
    """`Journal` that keeps events in `own` and tells them to the journal that listens at `path`."""

    def __init__(self, own: Journal, path: Path = SOCKET) -> None:
        self._own = own
        self._path = path

    def note(self, now: datetime, name: str, **fields: object) -> None:
        """See `Journal`."""
        self._own.note(now, name, **fields)
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.sendto(b"".join(_entry(name, fields)), str(self._path))

    def last(self, number: int) -> tuple[dict[str, object], ...]:
        """See `Journal`."""
        return self._own.last(number)


def _entry(name: str, fields: dict[str, object]) -> Iterator[bytes]:
    told = {field: str(value) for field, value in fields.items() if value is not None}
    words = " ".join(f"{field}={value}" for field, value in told.items())
    yield _field("MESSAGE", f"{name} {words}".rstrip())
    yield _field("PRIORITY", str(INFO if name in _ROUTINE else NOTICE))
    yield _field("SYSLOG_IDENTIFIER", IDENTIFIER)
    yield _field("MUSTER_EVENT", name)
    for field, value in told.items():
        yield _field(f"MUSTER_{field.upper()}", value)


def _field(name: str, value: str) -> bytes:
    data = value.encode(errors="replace")
    if b"\n" not in data:
        return name.encode() + b"=" + data + b"\n"
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"

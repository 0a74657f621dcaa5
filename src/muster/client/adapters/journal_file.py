"""The journal as JSON lines in the state folder; the file is rolled over once it is full."""

from __future__ import annotations

import json
import os
from collections import deque
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from muster.platform.file_system import set_rights

MAX_JOURNAL_BYTES = 1_048_576
JOURNAL = "events.jsonl"
MODE = 0o644


class JournalFile:
    """`Journal` in a folder. The newest file and the one before it are kept."""

    def __init__(self, home: Path) -> None:
        self._path = home / JOURNAL
        self._older = home / f"{JOURNAL}.1"

    def note(self, now: datetime, name: str, **fields: object) -> None:
        """See `Journal`."""
        row = {"time": f"{now:%Y-%m-%dT%H:%M:%SZ}", "event": name, **fields}
        with suppress(OSError):
            if self._path.exists() and self._path.stat().st_size > MAX_JOURNAL_BYTES:
                self._path.replace(self._older)
            with open(self._path, "a", encoding="utf-8", opener=_readable) as file:
                file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")

    def last(self, number: int) -> tuple[dict[str, object], ...]:
        """See `Journal`. Lines that are damaged are left out."""
        rows: deque[dict[str, object]] = deque()
        for path in (self._path, self._older):
            with suppress(OSError):
                for line in reversed(path.read_text(encoding="utf-8", errors="replace").splitlines()):
                    if len(rows) >= number:
                        return tuple(rows)
                    with suppress(ValueError, RecursionError):
                        row = json.loads(line)
                        if isinstance(row, dict):
                            rows.appendleft(row)
        return tuple(rows)


def _readable(path: str, flags: int) -> int:
    """Every user may read what happened, whatever mask the process has; nobody else may write it."""
    descriptor = os.open(path, flags, MODE)
    if os.fstat(descriptor).st_size == 0:
        with suppress(OSError):
            set_rights(Path(path), descriptor, MODE)
    return descriptor

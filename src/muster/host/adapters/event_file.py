"""Every event of a host as one JSON line in ``events.jsonl``, bounded in size; a full disk loses lines, never answers.

Requests have a way of their own that is as cheap as a line can be: there are thousands of them in a second.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from muster.base.errors import Code, StoreFailed
from muster.base.log import ROOT, JsonFormatter
from muster.host.core.answering import Verdict
from muster.wire.activation import State
from muster.wire.calendar import moment

MAX_FILE_BYTES = 16 * 1024 * 1024
OLDER_FILES = 4
LINES_HELD = 64
MAX_LINE_BYTES = 16_384


class EventFile(logging.Handler):
    """`Journal` and the handler of all other events. `events.1.jsonl` is the file before, up to four of them."""

    def __init__(self, path: Path, limit: int = MAX_FILE_BYTES) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self._path = path
        self._limit = limit
        self._second, self._second_text = -1, ""
        self._file = path.open("a", encoding="utf-8")
        self._size = path.stat().st_size
        self._lines: list[str] = []
        self._held = min(LINES_HELD, max(1, limit // MAX_LINE_BYTES))

    def attach(self) -> None:
        """Receive the events of the whole program, from INFO on."""
        logger = logging.getLogger(ROOT)
        logger.addHandler(self)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event."""
        with suppress(ValueError, TypeError):
            self._hand_over()
            self._write(self.format(record) + "\n")
        self.flush()

    def answered(self, at: int, address: str, verdict: Verdict) -> None:
        """See `Journal`."""
        if at != self._second:
            self._second, self._second_text = at, f'{{"time": "{moment(at):%Y-%m-%dT%H:%M:%SZ}'
        name = _NAMES[verdict.outcome]
        code = "" if verdict.code is None else f'"code": "{verdict.code}", '
        if (request := verdict.request) is None:
            told = code
        else:
            told = (
                f'{code}"vendor": "{request.vendor_id.hex()}", "group": {request.group}, "edition": {request.edition}, '
                f'"client_id": "{request.client_id.hex()}", "state": "{_STATES[request.state]}", "count": {verdict.told}, '
            )
        self._lines.append(
            f'{self._second_text}", "level": "info", "event": "request.{name}", {told}"address": "{address}"}}\n'
        )
        if len(self._lines) >= self._held:
            self._hand_over()

    def flush(self) -> None:
        """Hand lines to the system."""
        self._hand_over()
        with suppress(OSError, ValueError):
            self._file.flush()

    def close(self) -> None:
        """Stop receiving."""
        logging.getLogger(ROOT).removeHandler(self)
        self._hand_over()
        with suppress(OSError):
            self._file.close()
        super().close()

    def _hand_over(self) -> None:
        text, self._lines = "".join(self._lines), []
        if text:
            self._write(text)

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._size += self._file.write(text)
            if self._size > self._limit:
                self._turn_over()

    def _turn_over(self) -> None:
        self._file.close()
        for number in range(OLDER_FILES - 1, -1, -1):
            older = _numbered(self._path, number)
            if older.exists():
                older.replace(_numbered(self._path, number + 1))
        self._file = self._path.open("w", encoding="utf-8")
        self._size = 0


_STATES = tuple(state.name for state in State)
_NAMES = {
    "counted": "counted",
    "not counted": "not_counted",
    "refused": "refused",
    "hinted": "hinted",
    "keyset": "keyset",
}


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}") if number else path


def read_events(path: Path, last: int, *, name: str = "", client_id: str = "") -> list[dict[str, Any]]:
    """The `last` events, the oldest first, that fit; lines that are damaged are passed over."""
    found: deque[dict[str, Any]] = deque(maxlen=last)
    for number in range(OLDER_FILES, -1, -1):
        for event in _lines(_numbered(path, number)):
            fits = str(event.get("event", "")).startswith(name) and str(event.get("client_id", "")).startswith(
                client_id
            )
            if fits:
                found.append(event)
    return list(found)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            while line := file.readline(MAX_LINE_BYTES):
                with suppress(ValueError, RecursionError):
                    event = json.loads(line)
                    if isinstance(event, dict):
                        yield event
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreFailed(Code.STORE_FAILED, f"{path} cannot be read: {error.strerror}") from error

"""The only place that reads clocks. Shells take a `Clock`; cores take `now` as a value."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

BOOT_ID_BYTES = 8
_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What a shell may ask about time."""

    def now(self) -> datetime:
        """Wall clock, UTC-aware."""

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""

    def boot_seconds(self) -> float:
        """Seconds since the machine started, sleep included."""

    def boot_id(self) -> bytes:
        """8 bytes that change at every start of the machine (zero where the system tells none)."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Wall clock, UTC-aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def boot_seconds(self) -> float:
        """CLOCK_BOOTTIME, or what the system has that counts sleep: CLOCK_MONOTONIC of macOS, the counter of Windows."""
        clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
        return time.monotonic() if clock is None else time.clock_gettime(clock)

    def boot_id(self) -> bytes:
        """Of Linux' random boot id."""
        try:
            text = _BOOT_ID_FILE.read_bytes().strip()
        except OSError:
            return bytes(BOOT_ID_BYTES)
        return hashlib.sha256(text).digest()[:BOOT_ID_BYTES]

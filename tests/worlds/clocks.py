"""A clock that only the test moves: by time passing, by somebody setting it, by a restart of the machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from muster.base.clock import BOOT_ID_BYTES

MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass
class HandClock:
    """`move` lets time pass on every clock; `set` changes the wall clock alone, as people and bad batteries do."""

    wall: datetime = MORNING
    since_boot: float = 3600.0
    passed: float = 0.0
    boots: int = 1

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed

    def boot_seconds(self) -> float:
        return self.since_boot

    def boot_id(self) -> bytes:
        return hashlib.sha256(self.boots.to_bytes(8, "big")).digest()[:BOOT_ID_BYTES]

    def move(self, by: timedelta | None = None, **parts: float) -> None:
        """Let time pass: `move(days=3)` or `move(timedelta(...))`."""
        step = (by or timedelta()) + timedelta(**parts)
        self.wall += step
        self.since_boot += step.total_seconds()
        self.passed += step.total_seconds()

    def set(self, wall: datetime) -> None:
        """Set the wall clock; no time passes."""
        self.wall = wall

    def restart(self, **off: float) -> None:
        """Restart the machine after it was switched off for a while: `restart(hours=8)`."""
        pause = timedelta(**off)
        self.wall += pause
        self.passed += pause.total_seconds()
        self.since_boot = 0.0
        self.boots += 1

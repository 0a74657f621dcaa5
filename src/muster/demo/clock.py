"""The demonstration's own time: it begins now, and weeks pass in a moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from muster.base.clock import SystemClock


class DemoClock:
    """The system's clock and what has been skipped; a `Clock`."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._skipped = timedelta()

    def skip(self, time: timedelta) -> None:
        """Let time pass for everybody who holds this clock."""
        self._skipped += time

    def now(self) -> datetime:
        """Wall clock, UTC-aware."""
        return self._real.now() + self._skipped

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._real.monotonic() + self._skipped.total_seconds()

    def boot_seconds(self) -> float:
        """Seconds since the machines started."""
        return self._real.boot_seconds() + self._skipped.total_seconds()

    def boot_id(self) -> bytes:
        """That of this machine."""
        return self._real.boot_id()

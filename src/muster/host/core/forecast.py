"""How many machines a host carries that answers so many requests a second. Pure arithmetic; figures are for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

BUSY_SHARE = 0.5
"""A host that is planned for is busy half of its time."""

STORM = timedelta(minutes=5)
"""After a power cut everybody asks at once, and is patient for so long."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was measured, and what it means. Times of requests are in milliseconds."""

    answered: int
    failed: int
    verified: int
    per_second: float
    p50_ms: float
    p99_ms: float
    machines_calm: int
    machines_storm: int


def forecast(seconds: float, waits: Sequence[float], failed: int, verified: int, renewal: timedelta) -> Forecast:
    """`waits`: how long each answered request took, in seconds. `renewal`: how often a machine asks in calm weather."""
    ordered = sorted(waits)
    rate = len(ordered) / seconds if seconds else 0.0
    carried = rate * BUSY_SHARE
    return Forecast(
        answered=len(ordered),
        failed=failed,
        verified=verified,
        per_second=round(rate, 1),
        p50_ms=round(_percentile(ordered, 50) * 1000, 1),
        p99_ms=round(_percentile(ordered, 99) * 1000, 1),
        machines_calm=int(carried * renewal.total_seconds()),
        machines_storm=int(carried * STORM.total_seconds()),
    )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0

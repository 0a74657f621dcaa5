"""From what was measured to how many machines a host carries."""

from __future__ import annotations

from datetime import timedelta

from muster.host.core.forecast import forecast


def test_a_host_that_is_half_busy_carries_its_rate_times_the_interval() -> None:
    waits = [0.001 * n for n in range(1, 1001)]
    found = forecast(10.0, waits, 0, 20, timedelta(days=7))
    assert (found.answered, found.per_second, found.verified) == (1000, 100.0, 20)
    assert (found.machines_calm, found.machines_storm) == (50 * 7 * 86_400, 50 * 300)
    assert (found.p50_ms, found.p99_ms) == (501.0, 991.0)


def test_nothing_answered_is_nothing_carried() -> None:
    found = forecast(10.0, [], 7, 0, timedelta(days=7))
    assert (found.answered, found.failed, found.per_second, found.p99_ms, found.machines_calm) == (0, 7, 0.0, 0.0, 0)

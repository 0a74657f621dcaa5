"""The row of the simulation: a year of ten thousand machines with the real cores, one machine in a hundred signed and verified."""

from __future__ import annotations

import statistics
import time

from muster.simulate.scenario import plain_scenario
from muster.simulate.world import World

MACHINES, DAYS, TARGET_SECONDS = 10_000, 365, 60


def rows(rounds: int = 1) -> list[str]:
    """Seconds for a year, and how many attempts differed when they were signed."""
    seconds, series = [], None
    for seed in range(1, rounds + 1):
        begun = time.perf_counter()
        series = World(plain_scenario(MACHINES, DAYS, seed)).run()
        seconds.append(time.perf_counter() - begun)
        print(f"simulation: {seconds[-1]:.0f} s for {series.attempts} attempts", flush=True)
    assert series is not None
    each = statistics.median(seconds) / series.attempts * 1e6
    median = f"{statistics.median(seconds):.0f} ({each:.0f} µs an attempt)"
    return [
        f"| simulation of {MACHINES:,} machines over {DAYS} days, s | {median} | < {TARGET_SECONDS} | – |",
        f"| attempts that went the whole way, and differed | {series.checks:,}, {series.disagreements} | 0 differ | |",
    ]

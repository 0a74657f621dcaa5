"""The rows of the simulation: a year of machines with the real cores, one in a hundred signed and verified; the command itself.

python bench/simulation.py [--many]     with 100,000 machines too, some ten minutes
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

DAYS = 365
MACHINES, TARGET_SECONDS = 10_000, 60
MANY_MACHINES, MANY_TARGET_SECONDS = 100_000, 600
MUSTER = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]


def rows(*, many: bool = False) -> list[str]:
    """Seconds for a year, and how many attempts differed when they were signed."""
    found = _row(MACHINES, TARGET_SECONDS)
    return [*found, *_row(MANY_MACHINES, MANY_TARGET_SECONDS)] if many else found


def _row(machines: int, target: int) -> list[str]:
    begun = time.perf_counter()
    command = [*MUSTER, "simulate", "--machines", str(machines), "--days", str(DAYS), "--json"]
    told = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    passed = time.perf_counter() - begun
    print(f"simulation: {passed:.0f} s for {told['attempts']} attempts", flush=True)
    each = passed / told["attempts"] * 1e6
    return [
        f"| simulation of {machines:,} machines over {DAYS} days, s | {passed:.0f} ({each:.0f} µs an attempt) | < {target} | – |",
        f"| attempts of it that went the whole way, and differed | {told['checked']:,}, {told['disagreements']} | 0 differ | |",
    ]


if __name__ == "__main__":
    print("\n".join(rows(many="--many" in sys.argv)))

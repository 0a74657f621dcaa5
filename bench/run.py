"""Measures everything that has a target, and writes the table.

python bench/run.py [--rounds 5] [--requests 20000] [--known 1000000] [--out docs/develop/bench.md]
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import console, console_page, host, program, service, shared_host, simulation, vendor


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(description="measure, as ratios against limits of the same run")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--requests", type=int, default=20_000)
    options.add_argument("--known", type=int, default=0, help="machines known before the second half; 0 leaves it out")
    options.add_argument("--activations", type=int, default=5_000, help="of a round of the vendor's service")
    options.add_argument("--many-keys", type=int, default=0, help="keys issued before its last row; 0 leaves it out")
    options.add_argument("--many-machines", action="store_true", help="simulate 100,000 machines too")
    options.add_argument("--out", type=Path)
    chosen = options.parse_args()
    rows = [
        *host.rows(chosen),
        *shared_host.rows(chosen),
        *program.rows(),
        *service.rows(),
        *console.rows(),
        *console_page.rows(),
    ]
    rows += [*vendor.rows(chosen), *simulation.rows(many=chosen.many_machines)]
    table = "\n".join(["| what | measured | target | limit |", "|---|---|---|---|", *rows])
    print(table)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        before = chosen.out.read_text() if chosen.out.exists() else ""
        chosen.out.write_text(_page(table) + _said_by_people(before))


def _page(table: str) -> str:
    model = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return (
        "# Benchmarks\n\n"
        "`make bench` measures and writes the table of this page; what stands below it is written by people, and stays. "
        "Every speed is a ratio against a limit measured in the same run, interleaved: median (least … most).\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {model[0] if model else platform.processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, Linux {platform.release()}.\n\n{table}\n"
    )


def _said_by_people(page: str) -> str:
    """What stands below the table of a page that is there."""
    return page.rpartition("\n|")[2].partition("\n")[2] if "\n|" in page else ""


if __name__ == "__main__":
    main()

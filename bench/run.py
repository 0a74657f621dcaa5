"""Measures everything that has a target, and writes the table.

python bench/run.py [PART...] [--rounds 5] [--requests 20000] [--known 1000000] [--out docs/develop/bench.md]
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import console, console_page, host, program, service, shared_host, simulation, sizes, vendor

PARTS: dict[str, Callable[[argparse.Namespace], list[str]]] = {
    "sizes": lambda _: sizes.rows(),
    "host": host.rows,
    "shared_host": shared_host.rows,
    "program": lambda _: program.rows(),
    "service": lambda _: service.rows(),
    "console": lambda _: console.rows(),
    "console_page": lambda _: console_page.rows(),
    "vendor": vendor.rows,
    "simulation": lambda chosen: simulation.rows(many=chosen.many_machines),
}
_END = re.compile(r"\| \*(\w+)\* \|")


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(description="measure, as ratios against limits of the same run")
    options.add_argument("parts", nargs="*", metavar="PART", help=f"of {' '.join(PARTS)}; all when none is named")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--requests", type=int, default=20_000)
    options.add_argument("--known", type=int, default=0, help="machines known before the second half; 0 leaves it out")
    options.add_argument("--activations", type=int, default=5_000, help="of a round of the vendor's service")
    options.add_argument("--many-keys", type=int, default=0, help="keys issued before its last row; 0 leaves it out")
    options.add_argument("--many-machines", action="store_true", help="simulate 100,000 machines too")
    options.add_argument("--out", type=Path)
    chosen = options.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        options.error(f"no such part: {' '.join(sorted(unknown))}")
    for name in chosen.parts or PARTS:
        rows = PARTS[name](chosen)
        rows.append(f"| *{name}* | | | measured {datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[2]:.1f} |")
        print("\n".join(rows), flush=True)
        # Part by part: what was measured in an hour is not lost with the part after it. Parts that were not run stay.
        if chosen.out:
            chosen.out.parent.mkdir(parents=True, exist_ok=True)
            before = chosen.out.read_text() if chosen.out.exists() else ""
            chosen.out.write_text(_page(_measured(before) | {name: rows}) + _said_by_people(before))


def _measured(page: str) -> dict[str, list[str]]:
    """The rows of each part that stands in the page."""
    found: dict[str, list[str]] = {}
    waiting: list[str] = []
    for line in page.splitlines():
        if line.startswith("| ") and not line.startswith("| what |"):
            waiting.append(line)
            if end := _END.match(line):
                found[end[1]], waiting = waiting, []
    return found


def _page(parts: dict[str, list[str]]) -> str:
    model = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    rows = [row for name in PARTS for row in parts.get(name, ())]
    table = "\n".join(["| what | measured | target | limit |", "|---|---|---|---|", *rows])
    return (
        "# Benchmarks\n\n"
        '`make bench [PARTS="host simulation"]` measures and writes the table of this page; what stands below it is written '
        "by people, and stays. Every speed is a ratio against a limit measured in the same run, interleaved: median "
        "(least … most). The last line of a part says when it was measured, and how busy the machine was: with a load above "
        "2 times are worse than they need be.\n\n"
        f"{model[0] if model else platform.processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, Linux {platform.release()}.\n\n{table}\n"
    )


def _said_by_people(page: str) -> str:
    """What stands below the table of a page that is there."""
    return page.rpartition("\n|")[2].partition("\n")[2] if "\n|" in page else ""


if __name__ == "__main__":
    main()

"""Runs rows of the reliability table, and writes the page.

python reliability/run.py [ROW...] [--short | --long] [--out docs/develop/reliability.md]
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reliability.figure import Figure
from reliability.rows import ROWS


def main() -> int:
    """Run, print, write; 1 when something does not hold."""
    options = argparse.ArgumentParser(description="faults that a host survives")
    options.add_argument("rows", nargs="*", metavar="ROW", help=f"of {' '.join(ROWS)}; all when none is named")
    sizes = options.add_mutually_exclusive_group()
    sizes.add_argument("--short", action="store_const", dest="size", const="short", help="as the tests do")
    sizes.add_argument("--long", action="store_const", dest="size", const="long", help="hours, before a release")
    options.add_argument("--out", type=Path)
    chosen = options.parse_args()
    if unknown := set(chosen.rows) - set(ROWS):
        options.error(f"no such row: {' '.join(sorted(unknown))}")
    # A peer is a descriptor, and so is what answers it.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    size = chosen.size or "usual"
    holds = True
    for name in chosen.rows or ROWS:
        found, seconds = _run(name, size)
        holds &= all(figure.holds for figure in found)
        lines = [f"| {name} | {figure} |" for figure in found]
        when = f"{datetime.now(UTC):%Y-%m-%d}, {size} form, load {os.getloadavg()[2]:.1f}"
        lines.append(f"| {name} | {ROWS[name].title}: duration | {seconds:.0f} s | – | {when} |")
        print("\n".join(lines), flush=True)
        # Row by row: what was measured in an hour is not lost with the row after it. Rows that were not run stay.
        if chosen.out:
            chosen.out.parent.mkdir(parents=True, exist_ok=True)
            chosen.out.write_text(_page(_measured(chosen.out) | {name: lines}))
    return 0 if holds else 1


def _measured(page: Path) -> dict[str, list[str]]:
    """The lines of each row that stands in the page."""
    rows: dict[str, list[str]] = {}
    for line in page.read_text().splitlines() if page.exists() else ():
        if match := re.match(r"\| (R\d+) \|", line):
            rows.setdefault(match[1], []).append(line)
    return rows


def _run(name: str, size: str) -> tuple[list[Figure], float]:
    row = ROWS[name]
    with tempfile.TemporaryDirectory(prefix="muster-reliability-") as folder:
        begun = time.monotonic()
        return row.run(Path(folder), *getattr(row, size)), time.monotonic() - begun


PICTURE = (
    "R6, memory and descriptors over time:\n\n![Memory and descriptors of a host over time](../pictures/soak.svg)\n\n"
)


def _smaller(rows: dict[str, list[str]]) -> str:
    """Which rows stand in the page in another form than that before a release."""
    found = []
    for name in sorted(rows, key=lambda name: int(name[1:])):
        form = re.search(r", (short|usual|long) form, load", rows[name][-1])
        if form and (smaller := ROWS[name].smaller(form[1])):
            found.append(f"{name} {smaller}")
    return f"* Run in a form that is smaller than the one before a release: {', '.join(found)}.\n" if found else ""


def _page(rows: dict[str, list[str]]) -> str:
    model = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    lines = [line for name in sorted(rows, key=lambda name: int(name[1:])) for line in rows[name]]
    table = "\n".join(["| row | what | measured | wanted | verdict |", "|---|---|---|---|---|", *lines])
    return (
        "# Reliability\n\n"
        '`make reliability [ROWS="R1 R7"]` does these things to a host process and writes this page; '
        "the short form of each row is a test, `SIZE=--long` is the form before a release. "
        "A row's figures are those of one run; its last line says when, in which form, and how busy the machine was: "
        "with a load above 1 times are worse than they need be.\n\n"
        f"{model[0] if model else platform.processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, Linux {platform.release()}.\n\n{table}\n\n"
        f"{PICTURE if 'R6' in rows else ''}"
        "What the table does not show:\n\n"
        "* Rows that do not stand in it were not run for this page.\n"
        f"{_smaller(rows)}"
        "* SIGKILL (R1) leaves what the kernel has taken. A loss of power (R2) is rebuilt from what was written and flushed: "
        "no disk was switched off, and one that says it flushed and did not is not thought of.\n"
        "* An old client with a new host, and the reverse (R15): there is one version of the protocol so far. What is said to "
        "another one (VERSION_NOT_SUPPORTED) stands in the vectors.\n"
        "* Attacks on clocks, floods, name servers and directories are not those of R17: they have rows of their own.\n"
        "* Askers and host share a machine, often with other work: times are upper bounds, not what a host can do.\n"
        "* Limits of new ids are tried on the core: loopback, where the process is asked, is exempt from them.\n"
    )


if __name__ == "__main__":
    sys.exit(main())

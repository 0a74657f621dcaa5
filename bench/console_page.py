"""The console's page with 100,000 machines in a browser: first rows, filter, sort, the last page, the overview.

Each figure is the time from the click until the answer is drawn, in Debian's Chromium, the page served by uvicorn in another
process. The limit beside it is the same browser with a page of the console that reads no machine (the log-in's) in the same run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from muster.base.clock import SystemClock
from muster.console import app as console
from muster.console.adapters.sql_books import MIGRATIONS
from muster.platform.sql import Database, sqlite_url
from tests.worlds.console_inventory import fill
from tests.worlds.pages_in_chromium import chromium, page_of

MACHINES = 100_000
TARGET_SECONDS = 1.0
PATIENCE_MS = 120_000
PASSWORD = "a password of some length"  # noqa: S105 - of a home that is thrown away


def rows(rounds: int = 5) -> list[str]:
    """The rows of the table: what, measured, target, limit."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _served(Path(folder)) as address,
        chromium() as browser,
        page_of(browser) as page,
    ):
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/overview")
        machines = f"{address}/machines"
        plain = _seconds(page, rounds, lambda: page.goto(f"{address}/password"))
        measured = {
            "first rows": _seconds(page, rounds, lambda: page.goto(machines)),
            "filter of three conditions": _seconds(
                page, rounds, lambda: page.goto(f"{machines}?where=name~*9*&where=expires<60d&where=state=LICENSED")
            ),
            "sort by expiry": _seconds(page, rounds, lambda: page.goto(f"{machines}?sort=-expires")),
            "sort by host, filtered": _seconds(
                page, rounds, lambda: page.goto(f"{machines}?sort=host&where=state=NOTIFICATION")
            ),
            "a page far behind": _seconds(page, rounds, _far(page, machines)),
            "count by edition": _seconds(page, rounds, lambda: page.goto(f"{machines}?group_by=edition")),
            "report of what expires": _seconds(page, rounds, lambda: page.goto(f"{address}/reports/expiring")),
            "report of the silent": _seconds(page, rounds, lambda: page.goto(f"{address}/reports/not-seen")),
            "overview with its charts": _seconds(page, rounds, lambda: page.goto(f"{address}/overview")),
        }
    limit = f"{statistics.median(plain):.2f} s, a page without machines"
    return [
        f"| console, {MACHINES:,} machines, {what} in the browser | {_told(times)} | < {TARGET_SECONDS:.0f} s | {limit} |"
        for what, times in measured.items()
    ]


def _far(page: Page, machines: str) -> Callable[[], object]:
    """Go to a page in the midst of the list by its address."""
    page.goto(f"{machines}?where=name~pc-05*")
    mark = page.get_by_role("link", name="after →").get_attribute("href") or ""
    after = mark.partition("after=")[2]
    return lambda: page.goto(f"{machines}?after={after}")


def _seconds(page: Page, rounds: int, go: Callable[[], object]) -> list[float]:
    go()
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        go()
        page.get_by_role("heading", level=1).wait_for()
        found.append(time.perf_counter() - begin)
    return found


def _told(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} s ({min(times):.2f} … {max(times):.2f})"


@contextmanager
def _served(home: Path) -> Iterator[str]:
    """`muster console serve` as a process, with the machines and anna."""
    console.open_console(home).store.close()  # type: ignore[attr-defined] # the real one
    database = Database(sqlite_url(home / console.DATABASE), MIGRATIONS, "the bench")
    database.run(lambda connection: fill(connection, MACHINES, SystemClock().now()))
    database.close()
    console.open_accounts(home).add("bench", "anna", "viewer", password=PASSWORD)
    command = [str(Path(sys.executable).with_name("muster")), "console", "serve", "--home", str(home)]
    process = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(20)

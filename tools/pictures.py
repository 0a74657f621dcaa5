"""``python -m tools.pictures``: pictures of pages for the documentation, of what `muster demo --stay` shows.

Written by hand when pages have changed, and looked at: no test compares pixels. Needs Debian's Chromium.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
WIDTH, PHONE = 1280, 390
LOW, TALL = 480, 800
COLOURS = 128
_PASSWORD = re.compile(r"as (\w+) with (\w+):")
_ADDRESS = re.compile(r"  (the vendor's portal|the vendor's pages|the administrator's console) +(http://\S+)")
_DIGITS = re.compile(r"^(?:\d{7}-){9}\d{7}$")


class Shown(NamedTuple):
    """Where the demo's pages are, and who may log in."""

    name: str
    password: str
    addresses: dict[str, str]
    digits: str


@contextmanager
def staying_demo() -> Iterator[Shown]:
    """A demo that goes on until the pictures are taken."""
    command = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]
    words = ["demo", "--stay", "--no-wait", "--plain"]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            name = password = digits = ""
            addresses: dict[str, str] = {}
            for line in process.stdout or ():
                if who := _PASSWORD.search(line):
                    name, password = who.groups()
                if where := _ADDRESS.match(line):
                    addresses[where[1]] = where[2]
                digits = line.strip() if _DIGITS.match(line.strip()) else digits
                if line.startswith("Ctrl-C"):
                    break
            yield Shown(name, password, addresses, digits)
        finally:
            process.send_signal(signal.SIGINT)


def log_in(page: Page, address: str, shown: Shown) -> None:
    """Through the form, as people do."""
    page.goto(address)
    page.locator("input[name=name]").fill(shown.name)
    page.locator("input[name=password]").fill(shown.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_load_state()


def take(page: Page, address: str, name: str, height: int) -> None:
    """One picture, as wide as the window, in few colours."""
    page.goto(address)
    width = page.viewport_size["width"] if page.viewport_size else WIDTH
    page.set_viewport_size({"width": width, "height": height})
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS)
    small.save(path, optimize=True)


def vendor(browser: Browser, shown: Shown) -> None:
    """The vendor's pages: keys, keysets, and the operator's page on a telephone."""
    root = shown.addresses["the vendor's portal"].rstrip("/")
    page = browser.new_page(viewport={"width": WIDTH, "height": TALL})
    log_in(page, shown.addresses["the vendor's pages"], shown)
    take(page, f"{root}/keys", "vendor-keys", LOW)
    take(page, f"{root}/keysets", "vendor-keysets", TALL)
    page.set_viewport_size({"width": PHONE, "height": TALL})
    take(page, f"{root}/operator", "operator-phone", TALL)


def console(browser: Browser, shown: Shown) -> None:
    """The console's pages: where machines are found, the directory, a report."""
    root = shown.addresses["the administrator's console"].rstrip("/")
    page = browser.new_page(viewport={"width": WIDTH, "height": TALL})
    log_in(page, root, shown)
    take(page, f"{root}/find", "console-find", TALL)
    take(page, f"{root}/reports/hosts", "console-report-hosts", LOW)
    dark = browser.new_page(viewport={"width": WIDTH, "height": TALL}, color_scheme="dark")
    log_in(dark, root, shown)
    take(dark, f"{root}/reports/overview", "console-report-overview", LOW)


def main() -> int:
    """Take them all."""
    with staying_demo() as shown, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        vendor(browser, shown)
        console(browser, shown)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tools.pictures [NAME …]``: takes all pictures of pages, or those; ``--page`` only writes the page of pages.

Taken by hand when pages have changed, and looked at: no test compares pixels. Those that confirm something change what
later ones count, so what is committed comes of a run that took all. Needs Debian's Chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.worlds.clocks import HandClock
from tests.worlds.pages_in_chromium import chromium, page_of, served
from tests.worlds.vendor_site import PASSWORD
from tools.pictures.business import Business
from tools.pictures.camera import MAX_BYTES, PICTURES, is_dark, take, window
from tools.pictures.listed import PROGRAMS
from tools.pictures.office import BEGIN, run_office
from tools.pictures.page import write
from tools.pictures.sales import run_business
from tools.pictures.shot import Shot
from tools.pictures.steps import STEPS


class Photographer:
    """Takes pictures of one program that is served at `address`."""

    def __init__(self, browser: Browser, address: str, clock: HandClock, business: Business) -> None:
        self._browser = browser
        self._address = address
        self._clock = clock
        self._business = business
        self._sessions: dict[str, object] = {}

    def take(self, shot: Shot) -> None:
        """One picture, in a browser that nobody used before."""
        state = self._session(shot.who) if shot.who else None
        with page_of(self._browser, dark=is_dark(shot), size=window(shot), storage_state=state) as page:
            page.goto(self._address + shot.path)
            if shot.steps:
                STEPS[shot.steps](page, self._business)
                page.wait_for_load_state()
            size = take(page, shot)
        print(f"{shot.name:30} {size:>8,}{' too large' if size > MAX_BYTES else ''}")

    def _session(self, name: str) -> object:
        """What a browser keeps of somebody who logged in."""
        if name not in self._sessions:
            self._clock.move(minutes=2)  # or it would be too many log-ins from one place
            with page_of(self._browser) as page:
                page.goto(self._address + "/login")
                page.get_by_label("Name").fill(name)
                page.get_by_label("Password").fill(PASSWORD)
                page.get_by_role("button", name="Log in").click()
                self._sessions[name] = page.context.storage_state()
        return self._sessions[name]


def take_demo() -> None:
    """The demonstration in a terminal, as it saves a picture of itself."""
    command = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]
    words = ["demo", "--no-wait", "--picture", str(PICTURES / "demo.svg")]
    subprocess.run([*command, *words], check=True, stdout=subprocess.DEVNULL)


def main(wanted: list[str]) -> int:
    """Take them."""
    if wanted == ["--page"]:
        write()
        return 0
    shots = {
        program: [
            shot for _, _, by, group in PROGRAMS for shot in group if by == program if shot.name in wanted or not wanted
        ]
        for program in ("vendor", "console")
    }
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        business = run_business(Path(folder) / "acme", BEGIN)
        with run_office(Path(folder) / "office", business) as office:
            for program, app, clock in (
                ("vendor", business.app, business.acme.clock),
                ("console", office.site.app, office.site.clock),
            ):
                with served(app) as address:
                    photographer = Photographer(browser, address, clock, business)
                    for shot in shots[program]:
                        photographer.take(shot)
        business.acme.close()
    if not wanted:
        take_demo()
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The site, built as `make docs` builds it: without a warning, without the Internet, and fit for screen readers and keyboards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds.pages_in_chromium import DESKTOP, PHONE, chromium, judged, page_of
from tests.worlds.parts import part
from tools.site.staging import place

ROOT = Path(__file__).resolve().parents[2]
BUILD_SECONDS = 120
PAGES = ("index.html", "operate/host.html", "operate/vendor-pages.html", "develop/embedding.html")
"""With a section's own page, with code and tables that are wide on a telephone, with pictures, with a table that has a corner."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("docs") / "site"
    # Where we may, in a network that has nothing, not even loopback.
    alone = ("unshare", "--net") if os.geteuid() == 0 and sys.platform == "linux" else ()
    command = [*alone, sys.executable, "-m", "tools.site", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "warning" not in told.lower(), told
    assert f"pages; open {target}" in told
    return target


def test_it_is_built_without_the_internet_and_has_every_page(site: Path) -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "spec").glob("*.md")]
    built = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    # A folder's README is its index.
    wanted = {place(page.relative_to(ROOT).as_posix()).removesuffix(".md").replace("README", "index") for page in pages}
    assert wanted - built == set()


def test_its_pages_meet_the_rules_of_accessibility_in_both_looks(site: Path) -> None:
    part("chromium")
    with chromium() as browser:
        for dark, size in ((False, DESKTOP), (True, PHONE)):
            with page_of(browser, dark=dark, size=size) as page:
                for name in PAGES:
                    page.goto((site / name).as_uri())
                    assert (name, judged(page)) == (name, [])

"""``docs/reference/pages.md``: every page by program, each with one sentence and its picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.pictures.listed import PROGRAMS
from tools.pictures.shot import NIGHT, PHONE, Shot

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("docs/reference/pages.md")
_LOOK = {PHONE: ", on a telephone", NIGHT: ", dark"}
_BEGIN = (
    "<!-- Written by python -m tools.pictures from tools/pictures/listed.py; do not edit. -->\n"
    "# Pages\n\n"
    "Every page that people meet, by program, as a system with a light look shows it; pages follow a dark one, too, "
    "and fit a telephone. Long pages are cut. All of it is invented: Acme Software has been selling since February "
    "2026, Globex Corporation is a customer, and it is the morning of 24 November 2026.\n\n"
    "How they are used stands in [the vendor's pages](../operate/vendor-pages.md) and "
    "[the console](../operate/console.md).\n"
)


def page() -> str:
    """The text of the page."""
    return _BEGIN + "".join(_lines())


def _lines() -> Iterator[str]:
    for heading, whom, _, shots in PROGRAMS:
        yield f"\n## {heading}\n\n{whom[0].upper()}{whom[1:]}.\n"
        for shot in shots:
            told = f"The page {_address(shot)}{_LOOK.get(shot.look, '')}"
            yield f"\n`{_address(shot)}` {shot.says}\n\n![{told}](../pictures/{shot.name}.png)\n"


def _address(shot: Shot) -> str:
    return shot.path.partition("?")[0]


def write() -> None:
    """Write it."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")

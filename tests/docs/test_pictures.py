"""Every page has a picture, every picture is shown, and each says what it shows; `python -m tools.pictures` takes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tools.pictures.listed import PROGRAMS, SHARED
from tools.pictures.page import PAGE, page
from tools.pictures.shot import Shot

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
TEMPLATES = {
    "vendor": ROOT / "src/muster/vendor/web/templates",
    "console": ROOT / "src/muster/console/web/templates",
}
PARTS = {"base.html", "parts.html", "lists.html", "console.html"}
"""Templates that are no page: what others extend, and what they take."""
DRAWN = {"simulation.png"}
"""What is no page of a program."""
MAX_BYTES, MAX_ALL = 90_000, 3_000_000
_SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


def shots(program: str) -> list[Shot]:
    return [shot for _, _, by, group in PROGRAMS for shot in group if by == program]


def named() -> list[str]:
    return [shot.name for _, _, _, group in PROGRAMS for shot in group]


@pytest.mark.parametrize("program", TEMPLATES)
def test_every_template_of_a_page_has_a_picture(program: str) -> None:
    pages = {path.name for path in TEMPLATES[program].glob("*.html")} - PARTS
    pictured = {shot.template for shot in shots(program)}
    assert pages - pictured == set(), "add them to tools/pictures/listed.py, and take them"
    assert pictured - pages <= set(SHARED)


def test_every_template_of_the_platform_has_a_picture() -> None:
    pages = {path.name for path in (ROOT / "src/muster/platform/pages/templates").glob("*.html")} - PARTS
    assert pages == set(SHARED)
    assert pages <= {shot.template for shot in [*shots("vendor"), *shots("console")]}


def test_the_pictures_that_are_there_are_those_that_are_listed() -> None:
    assert len(set(named())) == len(named())
    there = {path.name for path in PICTURES.glob("*.png")} - DRAWN
    assert there == {f"{name}.png" for name in named()}


def test_pictures_are_small() -> None:
    sizes = {name: (PICTURES / f"{name}.png").stat().st_size for name in named()}
    assert {name: size for name, size in sizes.items() if size > MAX_BYTES} == {}
    assert sum(sizes.values()) < MAX_ALL
    modes = set()
    for name in named():
        with Image.open(PICTURES / f"{name}.png") as picture:
            modes.add(picture.mode)
    assert modes == {"P"}


def test_the_page_of_pages_is_what_the_list_says() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "python -m tools.pictures --page"


def test_every_picture_that_a_page_shows_is_there_and_says_what_it_shows() -> None:
    wrong = [
        f"{path.name}: {address}"
        for path in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
        for says, address in _SHOWN.findall(path.read_text(encoding="utf-8"))
        if not says.strip() or not (path.parent / address).is_file()
    ]
    assert wrong == []

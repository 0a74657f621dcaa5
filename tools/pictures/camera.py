"""Takes one picture of a page: one look, cut to what is on it, in few colours."""

from __future__ import annotations

import io
import math
from collections import Counter
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tools.pictures.shot import NIGHT, PHONE, Shot

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
WIDTH, PHONE_WIDTH = 1280, 390
LOW = 300
"""Of the window, so that a page is as tall as what is on it."""
PHONE_TALLEST = 844
NARROW = 800
"""As wide as pages of strangers, whose text is narrow, are cut."""
BELOW = 28
"""Left under the last thing on a page."""
COLOURS = 96
"""The most frequent ones of a picture, exactly; all others become the nearest of these."""
MAX_BYTES = 60_000
_END = """() => { const all = [...document.querySelectorAll('main > *')];
return Math.max(...all.map(e => e.getBoundingClientRect().bottom)) + window.scrollY }"""


def window(shot: Shot) -> tuple[int, int]:
    """Width and height of the browser for it."""
    return (PHONE_WIDTH, PHONE_TALLEST) if shot.look == PHONE else (WIDTH, LOW)


def is_dark(shot: Shot) -> bool:
    """Whether the system wishes for dark pages."""
    return shot.look == NIGHT


def take(page: Page, shot: Shot) -> int:
    """Take what the page shows now; how many bytes the picture has."""
    width, _ = window(shot)
    page.evaluate("document.activeElement && document.activeElement.blur()")
    page.evaluate("window.scrollTo(0, 0)")
    tallest = PHONE_TALLEST if shot.look == PHONE else shot.height
    height = min(int(page.evaluate(_END)) + BELOW, tallest)
    left = 0
    if shot.look != PHONE and page.evaluate("document.body.className.trim() === 'narrow'"):
        left, width = (width - NARROW) // 2, NARROW
    data = page.screenshot(full_page=True, clip={"x": left, "y": 0, "width": width, "height": height})
    path = PICTURES / f"{shot.name}.png"
    with Image.open(io.BytesIO(data)) as picture:
        _in_few_colours(picture.convert("RGB")).save(path, optimize=True)
    return path.stat().st_size


def _in_few_colours(picture: Image.Image) -> Image.Image:
    data = picture.tobytes()
    pixels = list(zip(data[::3], data[1::3], data[2::3], strict=True))
    counted = Counter(pixels)
    kept = [colour for colour, _ in counted.most_common(COLOURS)]
    nearest = {colour: min((math.dist(colour, one), n) for n, one in enumerate(kept))[1] for colour in counted}
    small = Image.frombytes("P", picture.size, bytes(map(nearest.__getitem__, pixels)))
    small.putpalette(bytes(part for colour in kept for part in colour))
    return small

"""Charts as SVG, drawn here: they need no script, follow the colours of the page, and print.

Each has a name that tells what it shows in words; pages put the numbers beside it as a table.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from muster.platform.pages.pages import markup

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 200, 44, 24, 10
ROW, NAMES, NUMBERS = 30, 200, 210
_GAP = 0.25
_LABELS = 6
LABEL_ROOM = 44
_MAX_NAME = 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart: a name, a value, a mark across the bar where there is one, and the style of the bar."""

    name: str
    value: int
    mark: int | None = None
    style: str = "bar-value"
    told: str = ""


def bars(values: Mapping[date, int], first: date, last: date, noun: str) -> Markup:
    """One bar a day from `first` to `last`; its title names day and value. Days without a value are zero."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    top = _round_up(max([values.get(day, 0) for day in days] + [1]))
    step = (WIDTH - LEFT) / len(days)
    floor = HEIGHT - BOTTOM
    scale = (floor - TOP) / top
    parts = []
    for share in (0, top // 2, top) if top > 1 else (0, 1):
        y = floor - share * scale
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share:,}</text>')
    for place, day in enumerate(days):
        value, x = values.get(day, 0), LEFT + place * step
        if value:
            size = f'x="{x + step * _GAP / 2:.1f}" y="{floor - value * scale:.1f}" width="{step * (1 - _GAP):.1f}"'
            title = f"<title>{day}: {value:,}</title>"
            parts.append(f'<rect class="bar-value" {size} height="{value * scale:.1f}">{title}</rect>')
        if place % (len(days) // _LABELS or 1) == 0 and x < WIDTH - LABEL_ROOM:
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 6}">{day:%d %b}</text>')
    total = sum(values.get(day, 0) for day in days)
    name = f"{noun} per day from {first} to {last}: {total:,} in all, at most {max(values.values(), default=0):,}"
    return _svg(name, HEIGHT, parts)


def rows(chart: Sequence[Bar], name: str) -> Markup:
    """A row for each bar, with its name before and its numbers behind it."""
    top = max([bar.value for bar in chart] + [bar.mark or 0 for bar in chart] + [1])
    scale = (WIDTH - NAMES - NUMBERS) / top
    parts = []
    for place, bar in enumerate(chart):
        y = TOP + place * ROW
        shown = bar.name if len(bar.name) <= _MAX_NAME else bar.name[: _MAX_NAME - 1] + "…"
        told = html.escape(bar.told or f"{bar.value:,}")
        title = f"<title>{html.escape(bar.name)}: {told}</title>"
        width = max(bar.value * scale, 2 if bar.value else 0)
        parts += [
            f'<text class="name" x="{NAMES - 12}" y="{y + 16}" text-anchor="end">{html.escape(shown)}</text>',
            f'<rect class="{bar.style}" x="{NAMES}" y="{y}" width="{width:.1f}" height="{ROW - 12}" rx="3">{title}</rect>',
        ]
        end = max(bar.value, bar.mark or 0) * scale
        if bar.mark is not None:
            x = NAMES + bar.mark * scale
            parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 4}" y2="{y + ROW - 8}"/>')
        parts.append(f'<text class="value" x="{NAMES + end + 10:.1f}" y="{y + 16}">{told}</text>')
    return _svg(name, TOP + max(len(chart), 1) * ROW, parts, "chart rows")


def _svg(name: str, height: int, parts: Sequence[str], style: str = "chart") -> Markup:
    label = html.escape(name)
    return markup(
        f'<svg class="{style}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )


def _round_up(value: int) -> int:
    """The next of 1, 2, 4, 10, 20, 40, 100 …, so that the middle line is a whole number."""
    unit = 1
    while True:
        for factor in (1, 2, 4):
            if value <= factor * unit:
                return factor * unit
        unit *= 10

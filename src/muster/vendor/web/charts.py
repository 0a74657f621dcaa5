"""Charts as SVG, drawn here: they need no script, follow the colours of the page, and print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from markupsafe import Markup

from muster.platform.pages.pages import markup

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 200, 44, 24, 10
_GAP = 0.25
_LABELS = 6


def bars(values: Mapping[date, int], first: date, last: date) -> Markup:
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
        if place % (len(days) // _LABELS or 1) == 0 and x < WIDTH - LEFT:
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 6}">{day:%d %b}</text>')
    total = sum(values.get(day, 0) for day in days)
    name = f"Activations per day from {first} to {last}: {total:,} in all, at most {max(values.values(), default=0):,}"
    return markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{"".join(parts)}</svg>'
    )


def _round_up(value: int) -> int:
    """The next of 1, 2, 4, 10, 20, 40, 100 …, so that the middle line is a whole number."""
    unit = 1
    while True:
        for factor in (1, 2, 4):
            if value <= factor * unit:
                return factor * unit
        unit *= 10

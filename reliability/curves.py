"""Curves over time as a picture (SVG) that reads on a light and on a dark page."""

from __future__ import annotations

from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 720, 180, 56
_STYLE = "text{font:12px sans-serif;fill:#777}path{fill:none;stroke:#3b7dd8;stroke-width:1.5}line{stroke:#9999}"


class Curve(NamedTuple):
    """Points are pairs of seconds and value."""

    name: str
    unit: str
    points: list[tuple[float, float]]


def draw(title: str, curves: list[Curve]) -> str:
    """One panel for each curve, each from 0 to above its largest value."""
    height = HEIGHT * len(curves) + 30
    told = "; ".join(
        f"{c.name} {c.points[0][1]:.0f} to {c.points[-1][1]:.0f} {c.unit}".strip() for c in curves if c.points
    )
    panels = "".join(_panel(curve, 30 + HEIGHT * number) for number, curve in enumerate(curves))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>{title}: {told}</title><style>{_STYLE}</style>"
        f'<text x="{MARGIN}" y="18">{title}</text>{panels}</svg>\n'
    )


def _panel(curve: Curve, top: int) -> str:
    last = max((at for at, _ in curve.points), default=1.0) or 1.0
    most = 1.25 * max((value for _, value in curve.points), default=1.0) or 1.0
    bottom, right = top + HEIGHT - 36, WIDTH - 16

    def x(at: float) -> float:
        return MARGIN + (right - MARGIN) * at / last

    def y(value: float) -> float:
        return bottom - (bottom - top - 16) * value / most

    path = " ".join(f"{'L' if number else 'M'}{x(at):.1f} {y(v):.1f}" for number, (at, v) in enumerate(curve.points))
    marks = "".join(
        f'<line x1="{MARGIN}" x2="{right}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>'
        f'<text x="{MARGIN - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{v:.0f}</text>'
        for v in (0.0, most / 2, most)
    )
    name = f"{curve.name} ({curve.unit})" if curve.unit else curve.name
    return (
        f'<g>{marks}<path d="{path}"/><text x="{MARGIN}" y="{top + 8}">{name}</text>'
        f'<text x="{right}" y="{bottom + 18}" text-anchor="end">{last:.0f} s</text></g>'
    )

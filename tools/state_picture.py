"""``docs/pictures/states.svg``: the table of states as a drawing, for readers whose page runs no script.

Where a state stands is by hand; which arrows there are, and what stands beside them, comes from the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from muster.trust.standing import TABLE
from muster.wire.activation import State

PICTURE = Path("docs/pictures/states.svg")
WIDTH, HEIGHT = 980, 610
BOX_WIDTH, BOX_HEIGHT = 170, 46
LINE = 17


class Spot(NamedTuple):
    """A place on the paper."""

    x: float
    y: float


CENTRES = {
    State.UNLICENSED: Spot(115, 290),
    State.INITIAL_GRACE: Spot(490, 70),
    State.LICENSED: Spot(490, 290),
    State.RENEWAL_GRACE: Spot(490, 500),
    State.NOTIFICATION: Spot(865, 290),
}


class Course(NamedTuple):
    """How an arrow goes: from and to in offsets from the centres, a bend, and where its words stand."""

    start: Spot
    bend: Spot
    end: Spot
    words: Spot
    anchor: str = "middle"


COURSES = {
    (State.UNLICENSED, State.INITIAL_GRACE): Course(
        Spot(115, 267), Spot(130, 90), Spot(405, 62), Spot(175, 110), "start"
    ),
    (State.INITIAL_GRACE, State.UNLICENSED): Course(
        Spot(405, 84), Spot(240, 120), Spot(165, 267), Spot(262, 168), "start"
    ),
    (State.INITIAL_GRACE, State.LICENSED): Course(Spot(470, 93), Spot(470, 180), Spot(470, 267), Spot(462, 205), "end"),
    (State.LICENSED, State.INITIAL_GRACE): Course(
        Spot(510, 267), Spot(510, 180), Spot(510, 93), Spot(518, 165), "start"
    ),
    (State.INITIAL_GRACE, State.NOTIFICATION): Course(
        Spot(575, 62), Spot(850, 90), Spot(875, 267), Spot(815, 110), "start"
    ),
    (State.NOTIFICATION, State.INITIAL_GRACE): Course(
        Spot(825, 267), Spot(740, 120), Spot(575, 84), Spot(708, 190), "end"
    ),
    (State.LICENSED, State.UNLICENSED): Course(Spot(405, 290), Spot(300, 290), Spot(200, 290), Spot(302, 282)),
    (State.LICENSED, State.RENEWAL_GRACE): Course(
        Spot(470, 313), Spot(470, 400), Spot(470, 477), Spot(462, 345), "end"
    ),
    (State.RENEWAL_GRACE, State.LICENSED): Course(
        Spot(510, 477), Spot(510, 400), Spot(510, 313), Spot(518, 400), "start"
    ),
    (State.RENEWAL_GRACE, State.NOTIFICATION): Course(
        Spot(575, 508), Spot(850, 490), Spot(875, 313), Spot(815, 480), "start"
    ),
    (State.NOTIFICATION, State.LICENSED): Course(Spot(780, 290), Spot(680, 290), Spot(575, 290), Spot(710, 265)),
    (State.RENEWAL_GRACE, State.UNLICENSED): Course(
        Spot(405, 508), Spot(130, 490), Spot(115, 313), Spot(150, 480), "end"
    ),
    (State.RENEWAL_GRACE, State.INITIAL_GRACE): Course(
        Spot(565, 477), Spot(715, 285), Spot(565, 93), Spot(645, 375), "start"
    ),
    (State.NOTIFICATION, State.UNLICENSED): Course(Spot(905, 313), Spot(495, 840), Spot(85, 313), Spot(490, 597)),
}


def arrows() -> dict[tuple[State, State], list[str]]:
    """What leads from one state to another."""
    found: dict[tuple[State, State], list[str]] = {}
    for (before, event), after in TABLE.items():
        found.setdefault((before, after), []).append(event.value)
    return found


def picture() -> str:
    """The drawing; KeyError for an arrow that nobody gave a course."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        f"<defs>{_HEAD}</defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"/>',
    ]
    for (before, after), events in arrows().items():
        if before is not after:
            lines += _arrow(COURSES[before, after], events)
    again = arrows()
    for state, centre in CENTRES.items():
        lines += _box(state, centre, again.get((state, state), []))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _arrow(course: Course, events: list[str]) -> Iterator[str]:
    start, bend, end, words, anchor = course
    yield (
        f'<path d="M{start.x} {start.y}Q{bend.x} {bend.y} {end.x} {end.y}" fill="none" stroke="#57606a" '
        'stroke-width="1.4" marker-end="url(#head)"/>'
    )
    for number, event in enumerate(events):
        yield (
            f'<text x="{words.x}" y="{words.y + number * LINE}" text-anchor="{anchor}" fill="#1f2328" '
            f'paint-order="stroke" stroke="#ffffff" stroke-width="4">{escape(event)}</text>'
        )


def _box(state: State, centre: Spot, again: list[str]) -> Iterator[str]:
    x, y = centre.x - BOX_WIDTH / 2, centre.y - BOX_HEIGHT / 2
    yield f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8" fill="{_COLOURS[state]}" stroke="#57606a"/>'
    up = 4 if again else 0
    yield f'<text x="{centre.x}" y="{centre.y + 5 - up}" text-anchor="middle" font-weight="bold" fill="#1f2328">{state}</text>'
    if again:
        yield (
            f'<text x="{centre.x}" y="{centre.y + 17}" text-anchor="middle" font-size="11" fill="#57606a">'
            f"↻ {escape(', '.join(again))}</text>"
        )


_HEAD = (
    '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0L10 5L0 10z" fill="#57606a"/></marker>'
)
_COLOURS = {
    State.UNLICENSED: "#eaeef2",
    State.INITIAL_GRACE: "#fff8c5",
    State.LICENSED: "#dafbe1",
    State.RENEWAL_GRACE: "#fff8c5",
    State.NOTIFICATION: "#ffebe9",
}

"""One picture: of which template, on which address, in which look, and what it says."""

from __future__ import annotations

from typing import Any, NamedTuple

DESK, NIGHT, PHONE = "desk", "night", "phone"

TALL = 1100
"""More of a page is cut off, where nothing else is said."""


class Shot(NamedTuple):
    """One picture. `says` is its sentence in the documentation; `who` logs in, or nobody does.

    `steps` names what is done on the page before it is taken (``steps.py``).
    """

    name: str
    template: str
    path: str
    says: str
    who: str = "anna"
    look: str = DESK
    steps: str = ""
    height: int = TALL


def stranger(name: str, template: str, path: str, says: str, **more: Any) -> Shot:
    """A picture of what everybody sees."""
    return Shot(name, template, path, says, who="", **more)

"""Saved views: what a list shows, under a name, for every person and for the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from muster.base.errors import Code, Misconfigured
from muster.console.core.conditions import FIELDS, parse_conditions

MAX_NAME = 60
MAX_VIEWS = 500


@dataclass(frozen=True, slots=True)
class View:
    """`where` are conditions as they are written; `group_by` a field whose values are counted, or an empty text."""

    name: str
    where: tuple[str, ...] = ()
    sort: str = "name"
    group_by: str = ""
    owner: str = ""
    saved_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= MAX_NAME or not self.name.isprintable() or self.name != self.name.strip():
            raise Misconfigured(Code.USAGE, f"{self.name[:MAX_NAME]!r} is no name of a view", f"up to {MAX_NAME} signs")
        parse_conditions(self.where)
        for field in (self.sort.removeprefix("-"), *([self.group_by] if self.group_by else ())):
            if field not in FIELDS:
                raise Misconfigured(Code.USAGE, f"there is no field {field[:40]!r}", f"fields are {', '.join(FIELDS)}")


def encode_view(view: View) -> str:
    """What is kept beside name and owner."""
    return json.dumps({"where": list(view.where), "sort": view.sort, "group_by": view.group_by})


def decode_view(name: str, text: str, owner: str, saved_at: datetime) -> View:
    """A view that was kept."""
    value = json.loads(text)
    return View(name, tuple(value["where"]), value["sort"], value["group_by"], owner, saved_at)

"""What a list shows stands in its address, so that it can be kept, sent and gone back to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from starlette.requests import Request

from muster.console.core.conditions import FIELDS, Condition, Kind, parse_conditions
from muster.console.core.paging import Mark, Place, decode_mark, encode_mark
from muster.console.core.views import View

PATH = "/machines"
MAX_TEXT = 400
NONE = "–"
"""What a choice sends that means: not there."""
_DAYS = {"expires": "expires<{}d", "contact": "contact>{}d"}


@dataclass(frozen=True)
class Listing:
    """A list as it was asked for: conditions as they are written, order, grouping, place."""

    where: tuple[str, ...] = ()
    sort: str = "name"
    group_by: str = ""
    after: str = ""
    before: str = ""
    conditions: tuple[Condition, ...] = field(default=())

    @property
    def place(self) -> Place:
        """Which page; `Malformed` for an address that names none."""
        return Place(self.sort, decode_mark(self.after, self.sort), decode_mark(self.before, self.sort))

    def address(self, path: str = PATH, **changes: str) -> str:
        """The address of this list from its beginning, with `changes`."""
        asked = {"sort": self.sort if self.sort != "name" else "", "group_by": self.group_by, **changes}
        pairs = [*(("where", text) for text in self.where), *((n, v) for n, v in asked.items() if v)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def at(self, *, after: Mark | None = None, before: Mark | None = None) -> str:
        """The address of a neighbouring page."""
        if after:
            return self.address(after=encode_mark(after))
        return self.address(before=encode_mark(before) if before else "")

    def sorted_by(self, name: str) -> str:
        """The address with this order; turned round where it has it already."""
        return self.address(sort=f"-{name}" if self.sort == name else name)

    def without(self, text: str) -> str:
        """The address with one condition less."""
        return replace(self, where=tuple(each for each in self.where if each != text)).address()

    def only(self, name: str, value: str) -> str:
        """The address of the lines with this value, no longer grouped."""
        return replace(self, where=(*self.where, exactly(name, value)), group_by="").address()


def exactly(name: str, value: str) -> str:
    """The condition for one value of a text field; a comma in it would begin another value."""
    return f"{name}~{value.replace(',', '?')}" if "," in value else f"{name}={value}"


def listing_of(request: Request) -> Listing:
    """The list in an address; `Misconfigured` names a condition that is not understood."""
    asked = request.query_params
    where = [text for text in asked.getlist("where") if text.strip()]
    for name, kind in FIELDS.items():
        value = asked.get(f"f-{name}", "").strip()[:MAX_TEXT]
        if value:
            where.append(_condition(name, kind, value))
    kept = tuple(dict.fromkeys(where))
    listing = Listing(kept, asked.get("sort") or "name", asked.get("group_by", ""), conditions=parse_conditions(kept))
    View("-", listing.where, listing.sort, listing.group_by)
    return replace(listing, after=asked.get("after", ""), before=asked.get("before", ""))


def _condition(name: str, kind: Kind, value: str) -> str:
    if name in _DAYS:
        return _DAYS[name].format(value)
    if value == NONE:
        return f"{name}="
    if kind is Kind.NUMBER:
        return f"{name}={value}" if value.isdigit() else f"{name}{value}"
    if name == "name" and not set(value) & set("*?,"):
        return f"name~*{value}*"
    return f"{name}~{value}" if set(value) & set("*?") else f"{name}={value}"


def listing_of_view(view: View) -> Listing:
    """The list that a saved view shows."""
    return Listing(view.where, view.sort, view.group_by)

"""Pages of a sorted list by the line that they begin after, so that page 2,000 costs what page 1 does.

A mark names the last line of a page by what the list is sorted by, machine and edition; it travels in addresses. Pure.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from muster.base.errors import Code, Malformed
from muster.console.core.conditions import FIELDS, Kind

SIZE = 50
MAX_MARK = 2_000
Value = str | int | datetime | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the list: its value of the sorted field (None: it has none), the machine's name in lower case, the edition."""

    value: Value
    name: str
    edition: str


@dataclass(frozen=True, slots=True)
class Place:
    """Which page: `sort` is a field, turned round by ``-`` before it; after a mark, before one, or from the beginning."""

    sort: str = "name"
    after: Mark | None = None
    before: Mark | None = None
    size: int = SIZE

    @property
    def field(self) -> str:
        """What it is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def is_turned(self) -> bool:
        """Whether the greatest comes first."""
        return self.sort.startswith("-")


def encode_mark(mark: Mark) -> str:
    """A mark for an address."""
    value = mark.value.isoformat() if isinstance(mark.value, datetime) else mark.value
    text = json.dumps([value, mark.name, mark.edition], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_mark(text: str, sort: str) -> Mark | None:
    """The mark of an address, None for an empty text; `Malformed` unless it is one of a list that is sorted so."""
    if not text:
        return None
    try:
        if len(text) > MAX_MARK:
            raise _wrong()
        value, name, edition = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        kind = FIELDS[sort.removeprefix("-")]
        if not isinstance(name, str) or not isinstance(edition, str):
            raise _wrong()
        return Mark(None if value is None else _value(value, kind), name, edition)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _wrong() from error


def _value(value: object, kind: Kind) -> Value:
    if kind is Kind.NUMBER and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return value
    if kind is Kind.TEXT and isinstance(value, str):
        return value
    if kind in {Kind.AHEAD, Kind.AGO} and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    raise _wrong()


def _wrong() -> Malformed:
    return Malformed(Code.USAGE, "the address names no place in this list", "Open the list from its beginning.")

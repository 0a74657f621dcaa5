"""Lists on pages: what was searched for stands in the address, so that a list can be kept, sent and gone back to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from muster.base.errors import Code, Misconfigured
from muster.platform.pages import Form
from muster.vendor.ports import Listed, Search

SIZE = 50
MAX_TEXT = 100
MAX_PAGE = 1_000_000
MAX_NUMBER = 2**31


@dataclass(frozen=True)
class Shown:
    """A page of a list for a template. `address` is that of another page of the same list."""

    rows: tuple[Any, ...]
    total: int
    page: int
    path: str
    text: str
    state: str
    is_more: bool = False
    is_counted: bool = True

    @property
    def pages(self) -> int:
        """How many pages the list has, at least one; as far as it was counted."""
        return max(1, -(-self.total // SIZE))

    def address(self, page: int) -> str:
        """The address of a page of this list."""
        kept = {"q": self.text, "state": self.state, "page": page if page > 1 else ""}
        asked = urlencode({name: value for name, value in kept.items() if value})
        return f"{self.path}?{asked}" if asked else self.path


def search_of(request: Request, **narrowed: Any) -> Search:
    """The search in an address; what makes no sense in it is left out."""
    asked = request.query_params
    return Search(
        text=asked.get("q", "").replace("\0", "").strip()[:MAX_TEXT],
        state=asked.get("state", "")[:MAX_TEXT],
        page=min(max(1, number(asked.get("page", "")) or 1), MAX_PAGE),
        size=SIZE,
        **narrowed,
    )


def shown(request: Request, search: Search, found: Listed[Any]) -> Shown:
    """What was found, for a template."""
    return Shown(
        found.rows,
        found.total,
        search.page,
        request.url.path,
        search.text,
        search.state,
        found.is_more,
        found.is_counted,
    )


def number(text: str) -> int | None:
    """A number in an address, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(MAX_NUMBER)) else None


def day_in(form: Form, name: str) -> date | None:
    """A day that was entered, None for none; `Misconfigured` for anything else."""
    text = form.text(name, 10)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Misconfigured(Code.USAGE, f"{text!r} is no day", "Write it as 2027-12-31.") from error

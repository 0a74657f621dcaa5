"""Lists, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows of a list: `text` is found anywhere in its words, `state` and the ids narrow it; `page` counts from 1.

    What is found is counted up to `counted`: the rest of a million costs more than anybody reads.
    """

    text: str = ""
    state: str = ""
    organisation: int | None = None
    key: int | None = None
    page: int = 1
    size: int = 50
    counted: int = 1_000


@dataclass(frozen=True, slots=True)
class Listed(Generic[Result]):
    """One page of a list, how many rows the whole list has, and whether some come after this page.

    Where so many were found that nobody counted them, `is_counted` is False, and there are more than `total`.
    """

    rows: tuple[Result, ...]
    total: int
    is_more: bool = False
    is_counted: bool = True

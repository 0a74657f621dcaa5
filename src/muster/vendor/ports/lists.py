"""Lists, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows of a list: `text` is found anywhere in its words, `state` and the ids narrow it; `page` counts from 1."""

    text: str = ""
    state: str = ""
    organisation: int | None = None
    key: int | None = None
    page: int = 1
    size: int = 50


@dataclass(frozen=True, slots=True)
class Listed(Generic[Result]):
    """One page of a list, and how many rows the whole list has."""

    rows: tuple[Result, ...]
    total: int

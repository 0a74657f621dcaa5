"""One page of a list, and what was searched for in it: counted and paged by the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa

from muster.vendor.ports import Listed, Search

Row = TypeVar("Row")


def listed(
    do: Callable[..., sa.CursorResult[Any]],
    query: sa.Select[Any],
    search: Search,
    order: sa.ColumnElement[Any],
    read: Callable[[Any], Row],
) -> Listed[Row]:
    """The page that was asked for, and the number of all rows."""
    total = do(sa.select(sa.func.count()).select_from(query.order_by(None).subquery())).scalar_one()
    page = query.order_by(order).limit(search.size).offset(search.size * (search.page - 1))
    return Listed(tuple(map(read, do(page))), total)


def where(query: sa.Select[Any], states: Mapping[str, sa.ColumnElement[bool]], search: Search) -> sa.Select[Any]:
    """Only rows in the state that was asked for, if it is one."""
    return query.where(states[search.state]) if search.state in states else query


def found(text: str, *columns: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Anywhere in one of the columns, whatever the case; % and _ mean themselves."""
    return sa.or_(*(column.icontains(text, autoescape=True) for column in columns))


def is_number(text: str, column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether the text is this number."""
    return column == int(text) if text.isascii() and text.isdigit() and len(text) < 10 else sa.false()  # noqa: PLR2004 - fits 32 bits

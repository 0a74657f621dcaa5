"""One page of a list, and what was searched for in it: paged by the database, counted as far as somebody looks."""

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
    *,
    whole: Callable[[], int] | None = None,
) -> Listed[Row]:
    """The page that was asked for, and the number of all rows; `whole` knows it where nothing was searched for."""
    offset = search.size * (search.page - 1)
    page = do(query.order_by(order).limit(search.size + 1).offset(offset)).all()
    rows, is_more = tuple(map(read, page[: search.size])), len(page) > search.size
    if whole is not None:
        return Listed(rows, whole(), is_more)
    if not is_more and (rows or not offset):
        return Listed(rows, offset + len(rows))
    some = (
        query.with_only_columns(sa.literal(1).label("one"), maintain_column_froms=True)
        .order_by(None)
        .limit(search.counted + 1)
        .subquery()
    )
    total = do(sa.select(sa.func.count()).select_from(some)).scalar_one()
    if total > search.counted:
        return Listed(rows, max(search.counted, offset + len(rows)), is_more, is_counted=False)
    return Listed(rows, total, is_more)


def where(
    query: sa.Select[Any], states: Mapping[str, sa.ColumnElement[bool] | sa.TextClause], search: Search
) -> sa.Select[Any]:
    """Only rows in the state that was asked for, if it is one."""
    return query.where(states[search.state]) if search.state in states else query


def found(text: str, *columns: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Anywhere in one of the columns, whatever the case; % and _ mean themselves."""
    return sa.or_(*(column.icontains(text, autoescape=True) for column in columns))


def is_number(text: str, column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether the text is this number."""
    return column == int(text) if text.isascii() and text.isdigit() and len(text) < 10 else sa.false()  # noqa: PLR2004 - fits 32 bits


def distinct(do: Callable[..., sa.CursorResult[Any]], column: sa.Column[str]) -> tuple[str, ...]:
    """Every value of an indexed column that has few, from one to the next by its index."""
    first = sa.select(sa.func.min(column).label("value")).cte("value", recursive=True)
    after = sa.select(sa.func.min(column)).where(column > first.c.value).scalar_subquery()
    values = first.union_all(sa.select(after).where(first.c.value.is_not(None)))
    return tuple(do(sa.select(values.c.value).where(values.c.value.is_not(None))).scalars())

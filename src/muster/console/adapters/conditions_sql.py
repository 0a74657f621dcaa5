"""Conditions of `muster.console.core.conditions` as SQL over machines and their editions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from muster.base.errors import Code, Misconfigured
from muster.console.adapters import tables as t
from muster.console.core.conditions import Condition, Kind

COLUMNS: dict[str, sa.ColumnElement[Any]] = {
    "name": t.machine.c.name_key,
    "address": t.machine.c.address,
    "group": t.machine.c.group,
    "source": t.machine.c.source,
    "product": t.edition.c.product,
    "edition": t.edition.c.edition,
    "state": t.edition.c.state,
    "method": t.edition.c.method,
    "key": t.edition.c.partial_key,
    "kind": t.edition.c.key_kind,
    "host": t.edition.c.host,
    "client": t.edition.c.client_id,
    "error": t.edition.c.error,
    "action": t.machine.c.action,
    "result": t.machine.c.result,
    "count": t.edition.c.count,
    "expires": t.edition.c.expires_at,
    "contact": t.machine.c.contact_at,
}
LINES = t.machine.outerjoin(t.edition, t.edition.c.machine_id == t.machine.c.id)
_ESCAPE = "\\"


def where(conditions: Sequence[Condition], now: datetime) -> sa.ColumnElement[bool]:
    """All of them."""
    return sa.and_(sa.true(), *(_one(condition, now) for condition in conditions))


def order(sort: str) -> tuple[sa.ColumnElement[Any], ...]:
    """The order of lines; a machine's lines stay in one order for ever, so that pages do not overlap."""
    field, is_turned = sort.removeprefix("-"), sort.startswith("-")
    if field not in COLUMNS:
        raise Misconfigured(
            Code.USAGE, f"there is no field {field[:40]!r} to sort by", f"fields are {', '.join(COLUMNS)}"
        )
    column = COLUMNS[field]
    first = sa.nulls_last(column.desc() if is_turned else column.asc())
    return first, t.machine.c.name_key.asc(), t.edition.c.edition.asc()


def _one(condition: Condition, now: datetime) -> sa.ColumnElement[bool]:
    column, values = COLUMNS[condition.field], condition.values
    if condition.kind is Kind.TEXT:
        return _text(sa.func.coalesce(column, ""), condition, tuple(map(str, values)))
    (value,) = values
    if isinstance(value, timedelta):
        if condition.kind is Kind.AHEAD:
            return column < now + value if condition.operator == "<" else column > now + value
        # "more than 30 days ago" is true of a machine that was never spoken with
        return sa.or_(column.is_(None), column < now - value) if condition.operator == ">" else column > now - value
    comparisons: dict[str, sa.ColumnElement[bool]] = {
        "=": column == value,
        "!=": sa.func.coalesce(column, -1) != value,
        "<": column < value,
        "<=": column <= value,
        ">": column > value,
        ">=": column >= value,
    }
    return comparisons[condition.operator]


def _text(column: sa.ColumnElement[Any], condition: Condition, values: tuple[str, ...]) -> sa.ColumnElement[bool]:
    if condition.field == "name":
        values = tuple(value.lower() for value in values)
    if condition.operator == "~":
        # lower(): LIKE minds case on PostgreSQL and not on SQLite
        return sa.or_(*(sa.func.lower(column).like(_pattern(value.lower()), escape=_ESCAPE) for value in values))
    fits = column.in_(values)
    return ~fits if condition.operator == "!=" else fits


def _pattern(glob: str) -> str:
    """``*`` and ``?`` as in file names, everything else as it is."""
    for special in (_ESCAPE, "%", "_"):
        glob = glob.replace(special, _ESCAPE + special)
    return glob.replace("*", "%").replace("?", "_")

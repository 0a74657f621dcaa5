"""Selections of machines: ``state=NOTIFICATION,RENEWAL_GRACE``, ``name~pc-*``, ``expires<30d``; all of them must hold.

Pure data; an adapter makes queries of it. Times are counted from `now`: ``expires<30d`` ends within 30 days,
``contact>30d`` was last spoken with more than 30 days ago.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from muster.base.errors import Code, Misconfigured

MAX_CONDITIONS = 32
MAX_VALUES = 1_000
MAX_CONDITION = 4_096


class Kind(StrEnum):
    """How a field is compared."""

    TEXT = "text"
    NUMBER = "number"
    AHEAD = "ahead"
    """A moment, as a duration from now on."""
    AGO = "ago"
    """A moment, as a duration up to now."""


FIELDS: dict[str, Kind] = {
    "name": Kind.TEXT,
    "address": Kind.TEXT,
    "group": Kind.TEXT,
    "source": Kind.TEXT,
    "product": Kind.TEXT,
    "edition": Kind.TEXT,
    "state": Kind.TEXT,
    "method": Kind.TEXT,
    "key": Kind.TEXT,
    "kind": Kind.TEXT,
    "host": Kind.TEXT,
    "client": Kind.TEXT,
    "error": Kind.TEXT,
    "action": Kind.TEXT,
    "result": Kind.TEXT,
    "count": Kind.NUMBER,
    "expires": Kind.AHEAD,
    "contact": Kind.AGO,
}
_CONDITION = re.compile(r"\s*([a-z]+)\s*(!=|<=|>=|=|~|<|>)\s*(.*?)\s*", re.DOTALL)
_DURATION = re.compile(r"(\d{1,5})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is one of = != ~ (glob) for text, = != < <= > >= for numbers, < > for times; any of `values` may fit."""

    field: str
    operator: str
    values: tuple[str | int | timedelta, ...]

    @property
    def kind(self) -> Kind:
        """How its field is compared."""
        return FIELDS[self.field]


def parse_conditions(texts: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions of a command line or page; `Misconfigured` (USAGE) names the one that is not understood."""
    conditions = tuple(parse_condition(text) for text in texts)
    if len(conditions) > MAX_CONDITIONS:
        raise Misconfigured(Code.USAGE, f"more than {MAX_CONDITIONS} conditions", "use fewer")
    return conditions


def parse_condition(text: str) -> Condition:
    """One condition. An empty value means "not there": ``method=``."""
    found = _CONDITION.fullmatch(text) if len(text) <= MAX_CONDITION else None
    if found is None:
        raise _wrong(text, "it is no condition")
    field, operator, value = found.groups()
    if field not in FIELDS:
        raise _wrong(text, f"there is no field {field!r}; fields are {', '.join(FIELDS)}")
    kind = FIELDS[field]
    allowed = {Kind.TEXT: ("=", "!=", "~"), Kind.NUMBER: ("=", "!=", "<", "<=", ">", ">=")}.get(kind, ("<", ">"))
    if operator not in allowed:
        raise _wrong(text, f"{field} is compared by {' '.join(allowed)}")
    if kind is Kind.TEXT:
        values = tuple(each.strip() for each in value.split(","))
        if len(values) > MAX_VALUES:
            raise _wrong(text[:80], f"more than {MAX_VALUES} values")
        return Condition(field, operator, values)
    if kind is Kind.NUMBER:
        if not value.isascii() or not value.isdigit():
            raise _wrong(text, f"{value!r} is no number")
        return Condition(field, operator, (int(value),))
    duration = _DURATION.fullmatch(value)
    if duration is None:
        raise _wrong(text, "write the time like 12h, 30d or 4w")
    return Condition(field, operator, (timedelta(**{_UNITS[duration[2]]: int(duration[1])}),))


def _wrong(text: str, problem: str) -> Misconfigured:
    hint = "write conditions like state=LICENSED, name~pc-*, expires<30d, contact>30d"
    return Misconfigured(Code.USAGE, f"condition {text[:80]!r}: {problem}", hint)

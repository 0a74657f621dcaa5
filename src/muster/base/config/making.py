"""Settings classes made from tables: every key known, every value of its type, every check of the class passed."""

from __future__ import annotations

import dataclasses
import difflib
import keyword
import re
import typing
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, TypeVar

from muster.base.config.durations import parse_duration
from muster.base.config.mistakes import Origin
from muster.base.errors import SettingMistake

Settings = TypeVar("Settings")
_EXPECTED = {str: "text", int: "a whole number", bool: "true or false", float: "a number", date: "a day"}
_EXAMPLES = {bool: "true or false, without quotes", int: "a whole number, without quotes", str: 'text, like "…"'}
_FIRST_STEP = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")
_NOTHING: Final = object()
"""In place of a value that was a mistake, where mistakes are gathered."""


def make(settings: type[Settings], table: Mapping[str, Any], origin: Origin, at: str = "") -> Settings | None:
    """`settings` from a table of the file that stands at `at`; mistakes go to `origin`.

    Where it gathers them, what is wrong is left out and the rest is looked at, too; None when nothing can be made of it.
    """
    kind: Any = settings  # mypy takes no class for something with a hash
    hints = _hints(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        # A field cannot be called `class`; `class_` stands for it.
        field = f"{key}_" if keyword.iskeyword(key) else key
        if field not in hints:
            _unknown(origin, f"{at}{key}", key, [hint.rstrip("_") for hint in hints])
            continue
        made = _convert(hints[field], value, origin, f"{at}{key}")
        if made is not _NOTHING:
            values[field] = made
    # An element that is left out must not shift the numbers of those behind it.
    numbers = {name: list(range(len(value))) for name, value in values.items() if isinstance(value, tuple)}
    for name in [name for name in numbers if _NOTHING in values[name]]:
        numbers[name] = [i for i, part in enumerate(values[name]) if part is not _NOTHING]
        values[name] = tuple(part for part in values[name] if part is not _NOTHING)
        if not values[name]:
            del values[name]
    needed = _needed(kind)
    for name in needed:
        if name.rstrip("_") not in table:
            origin.tell(f"{at}{name.rstrip('_')}", "is missing", f"write {name.rstrip('_')} = …")
    while all(name in values for name in needed):
        try:
            return settings(**values)
        except SettingMistake as error:
            key, is_left_out = _leave_out(error.key, values, numbers)
            origin.tell(f"{at}{key}", str(error), error.remedy)
            if not is_left_out:
                return None
        except (TypeError, ValueError) as error:
            problem, _, remedy = str(error).partition("; ")
            origin.tell(at.rstrip(".") or settings.__name__.lower(), problem, remedy or "correct the setting")
            return None
    return None


@cache
def _hints(settings: type[Any]) -> Mapping[str, Any]:
    return typing.get_type_hints(settings)


@cache
def _needed(settings: type[Any]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(settings)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )


def _leave_out(key: str, values: dict[str, Any], numbers: dict[str, list[int]]) -> tuple[str, bool]:
    """Take what a class refused out of `values`, to try without it. The key as the file numbers it; whether it was there."""
    name, dot, rest = key.partition(".")
    step = _FIRST_STEP.match(name)
    field, index = (step[1], int(step[2] or -1)) if step else (name, -1)
    kept = numbers.get(field, [])
    if not 0 <= index < len(kept):
        return key, values.pop(field, _NOTHING) is not _NOTHING
    told = f"{field}[{kept.pop(index)}]{dot}{rest}"
    values[field] = values[field][:index] + values[field][index + 1 :]
    if not kept:
        # None is left: the default holds, rather than a list that may not be empty.
        del values[field]
    return told, True


def _unknown(origin: Origin, name: str, key: str, known: list[str]) -> None:
    near = difflib.get_close_matches(key, known, 1)
    remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
    origin.tell(name, "there is no such setting", remedy)


def present(hint: Any) -> Any:
    """The type itself of a setting that may also be absent (`X | None`)."""
    arguments = typing.get_args(hint)
    return next(a for a in arguments if a is not type(None)) if type(None) in arguments else hint


def _convert(hint: Any, value: Any, origin: Origin, name: str) -> Any:
    hint = present(hint)
    if hint is timedelta:
        return _duration(value, origin, name)
    if dataclasses.is_dataclass(hint):
        if isinstance(value, Mapping):
            made = make(typing.cast("type[Any]", hint), value, origin, f"{name}.")
            return _NOTHING if made is None else made
        first = dataclasses.fields(hint)[0].name
        remedy = f"write {{ {first} = … }} in its place" if name.endswith("]") else f"write [{name}]"
        origin.tell(name, "is a table", remedy)
        return _NOTHING
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            origin.tell(name, "is a list", f"write {name.rpartition('.')[2]} = [ … ]")
            return _NOTHING
        return tuple(_convert(typing.get_args(hint)[0], v, origin, f"{name}[{i}]") for i, v in enumerate(value))
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        expected = _EXPECTED.get(hint, str(hint))
        origin.tell(name, f"{shown(value)} is not {expected}", f"write {_EXAMPLES.get(hint, expected)}")
        return _NOTHING
    return value


def shown(value: Any) -> str:
    """A value as the file writes it, cut short; tables and lists by their kind alone."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a table"
    return repr(value)[:80] if not isinstance(value, list | tuple) else "a list"


def _duration(value: Any, origin: Origin, name: str) -> Any:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_duration(value)
    except ValueError as error:
        problem = str(error).partition("; ")[0]
    except TypeError:
        problem = f"{shown(value)} is not a duration"
    origin.tell(name, problem, 'write a duration like "7d" or "15min"')
    return _NOTHING

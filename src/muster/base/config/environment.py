"""Settings in the environment: ``MUSTER_HOST_LISTEN`` for ``listen``, ``MUSTER_HOST_DNS_SERVER`` for ``server`` of ``[dns]``.

A list is separated by commas. Lists of tables have no form of one line: they stand in the file.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from muster.base.config.making import present
from muster.base.config.mistakes import Mistake

_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
# What container engines set for a service that is called muster-host: its addresses, no settings.
_LINKS = re.compile(r"(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_\w+)?)")


def variables(settings: Any, prefix: str) -> dict[str, tuple[str, Any]]:
    """Every variable that sets one of `settings`: the key in the file, and its type."""
    return {f"{prefix}{key.upper().replace('.', '_')}": (key, hint) for key, hint in _leaves(settings, "")}


def _leaves(settings: Any, at: str) -> Iterator[tuple[str, Any]]:
    for name, kind in typing.get_type_hints(settings).items():
        key, hint = f"{at}{name.rstrip('_')}", present(kind)
        if dataclasses.is_dataclass(hint):
            yield from _leaves(hint, f"{key}.")
        elif not dataclasses.is_dataclass(next(iter(typing.get_args(hint)), None)):
            yield key, hint


def put(
    settings: Any, table: dict[str, Any], environment: Mapping[str, str], prefix: str
) -> Iterator[tuple[str, str] | Mistake]:
    """Put what the environment sets into `table`, over what stands there; gives key and variable, or the mistake in it."""
    for variable, (key, hint) in variables(settings, prefix).items():
        if variable not in environment:
            continue
        try:
            value = _value(hint, environment[variable])
        except ValueError as error:
            problem, _, remedy = str(error).partition("; ")
            yield Mistake(variable, None, key, problem, remedy)
            continue
        inner = table
        *tables, last = key.split(".")
        for name in tables:
            found = inner.setdefault(name, {})
            if not isinstance(found, dict):
                break  # told when the file is looked at: what stands there should be a table
            inner = found
        else:
            inner[last] = value
            yield key, variable


def strangers(settings: Any, environment: Mapping[str, str], prefix: str) -> Iterator[Mistake]:
    """Variables that begin like settings and are none: most often one is misspelt."""
    known = list(variables(settings, prefix))
    for variable in sorted(environment):
        rest = variable.removeprefix(prefix)
        if rest == variable or variable in known or _LINKS.fullmatch(rest):
            continue
        near = difflib.get_close_matches(variable, known, 1)
        remedy = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        yield Mistake(variable, None, rest.lower(), "there is no such setting", remedy)


def _value(hint: Any, text: str) -> Any:
    if hint is bool:
        word = text.strip().lower() or "off"
        if word not in _WORDS:
            raise ValueError(f"{text!r} is neither true nor false; write true or false")
        return _WORDS[word]
    if hint is int:
        if not re.fullmatch(r"\s*[0-9]{1,18}\s*", text):
            raise ValueError(f"{text!r} is not a whole number; write a whole number")
        return int(text)
    if hint is float:
        try:
            return float(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a number; write a number") from error
    if typing.get_origin(hint) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text

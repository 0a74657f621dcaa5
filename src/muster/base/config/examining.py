"""All that is wrong with settings at once, and what is in effect from where: for ``config check``."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic

from muster.base.config.describing import written
from muster.base.config.environment import put, strangers
from muster.base.config.making import Settings, make
from muster.base.config.mistakes import Mistake, Origin
from muster.base.config.toml_file import open_toml
from muster.base.errors import SettingMistake

DEFAULT = "default"
_SECRETS = frozenset({"passphrase", "password"})
_PASSWORD = re.compile(r"(?<=://)([^:@/\s]*):[^@/\s]*@")


@dataclasses.dataclass(frozen=True, slots=True)
class InEffect:
    """One setting that holds: its key, its value as TOML without secrets, and what set it: file and line, variable or default."""

    key: str
    value: str
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class Examined(Generic[Settings]):
    """What an examination found. `settings`: what holds, as far as it could be made; None when nothing could."""

    settings: Settings | None
    mistakes: tuple[Mistake, ...]
    in_effect: tuple[InEffect, ...]


def examine(
    settings: type[Settings],
    path: Path,
    *,
    environment: Mapping[str, str],
    prefix: str,
    further: Callable[[Settings], Iterable[SettingMistake]] | None = None,
) -> Examined[Settings]:
    """Look at the file, the environment, and, by `further`, at what the settings name: files, addresses, other variables.

    A mistake that `further` gives with a variable as its key is one of that variable.
    """
    table = open_toml(path)
    mistakes = [table] if isinstance(table, Mistake) else []
    tables: dict[str, Any] = {} if isinstance(table, Mistake) else table
    others: dict[str, str] = {}
    for found in put(settings, tables, environment, prefix):
        if isinstance(found, Mistake):
            mistakes.append(found)
        else:
            others.update([found])
    mistakes += strangers(settings, environment, prefix)
    lines = path.read_text(errors="replace").splitlines() if not isinstance(table, Mistake) and path.is_file() else []
    origin = Origin(path, lines, others, gathers=True)
    made = make(settings, tables, origin)
    if made is not None and further is not None:
        for wrong in further(made):
            if wrong.key in environment:
                mistakes.append(Mistake(wrong.key, None, "", str(wrong), wrong.remedy))
            else:
                origin.tell(wrong.key, str(wrong), wrong.remedy)
    found_all = sorted([*mistakes, *origin.mistakes], key=lambda m: (m.line is None, m.line or 0))
    return Examined(made, tuple(found_all), tuple(_in_effect(made, tables, origin, "")) if made is not None else ())


def _in_effect(value: Any, table: Mapping[str, Any], origin: Origin, at: str) -> Iterator[InEffect]:
    below: list[InEffect] = []
    for field in dataclasses.fields(value):
        name, part = field.name.rstrip("_"), getattr(value, field.name)
        key = f"{at}{name}"
        if dataclasses.is_dataclass(part):
            inner = table.get(name)
            below += _in_effect(part, inner if isinstance(inner, Mapping) else {}, origin, f"{key}.")
            continue
        source = origin.other(key) or (f"{origin.path}:{origin.line(key)}" if name in table else DEFAULT)
        yield InEffect(key, _without_secrets(name, part), source)
    yield from below


def _without_secrets(name: str, value: Any) -> str:
    if name in _SECRETS and value:
        return '"…"'
    return _PASSWORD.sub(r"\1:…@", written(value))

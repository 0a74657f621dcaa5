"""What there is to set: every key with its default and its meaning, and the settings file that shows them all.

A settings class says what a key means beside its type: ``Annotated[str, "where metrics are served", '"127.0.0.1:9688"']``, the
last word an example as it is written in the file. Everything that tells of settings is made from that one place.
"""

from __future__ import annotations

import dataclasses
import textwrap
import typing
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from muster.base.config.durations import format_duration
from muster.base.config.making import present

WIDTH = 110


@dataclasses.dataclass(frozen=True, slots=True)
class Described:
    """One setting. `table` is empty at the top; `default` and `example` are TOML; `inside`: what an element of a list is."""

    table: str
    name: str
    kind: str
    default: str
    meaning: str
    example: str = ""
    inside: tuple[Described, ...] = ()

    @property
    def key(self) -> str:
        """As in ``dns.server``."""
        return f"{self.table}.{self.name}" if self.table else self.name


_KINDS = {str: "text", int: "number", bool: "true or false", float: "number", date: "day", timedelta: "duration"}


def described(settings: type[Any], table: str = "") -> tuple[Described, ...]:
    """Every setting of a class in the order of its file: first what stands at the top, then table by table."""
    return tuple(_described(settings, table))


def _described(settings: type[Any], table: str) -> Iterator[Described]:
    hints = typing.get_type_hints(settings, include_extras=True)
    below: list[Described] = []
    for field in dataclasses.fields(settings):
        words = getattr(hints[field.name], "__metadata__", ())
        hint = present(getattr(hints[field.name], "__origin__", hints[field.name]) if words else hints[field.name])
        name = field.name.rstrip("_")
        if dataclasses.is_dataclass(hint):
            below += described(typing.cast("type[Any]", hint), f"{table}.{name}" if table else name)
            continue
        meaning, example = (*words, "", "")[:2]
        element = next(iter(typing.get_args(hint)), None) if typing.get_origin(hint) is tuple else None
        inside = described(typing.cast("type[Any]", element)) if dataclasses.is_dataclass(element) else ()
        kind = f"list of {'tables' if inside else _KINDS.get(element, 'text')}" if element else _KINDS[hint]
        yield Described(table, name, kind, _default(field), meaning, example, inside)
    yield from below


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return written(field.default)
    return written(field.default_factory()) if field.default_factory is not dataclasses.MISSING else ""


def written(value: Any) -> str:
    """A value as TOML; empty for one that is absent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return f'"{format_duration(value)}"'
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    if dataclasses.is_dataclass(value):
        pairs = [(f.name.rstrip("_"), getattr(value, f.name)) for f in dataclasses.fields(value)]
        return f"{{ {', '.join(f'{name} = {written(part)}' for name, part in pairs if part is not None)} }}"
    return '"' + "".join(_character(c) for c in str(value)) + '"'


def _character(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    return character if character.isprintable() else f"\\u{ord(character):04X}"


def example(settings: type[Any], program: str, prefix: str) -> str:
    """The file ``PROGRAM.toml`` with every setting at its default and commented out: prose behind ``# ``, keys behind ``#``."""
    lines = [
        *_prose(
            f"Settings of muster {program}: {program}.toml in its home. Every line here is a default: remove the # in front of "
            f"what you change. The environment ({prefix} and the key in capitals, a table's name in front) and flags win over "
            f"this file. muster {program} config check tells every mistake, and what is in effect."
        )
    ]
    table = ""
    for setting in described(settings):
        if setting.table != table:
            table = setting.table
            lines += ["", "", f"[{table}]"]
        like = [f"# For example: {setting.name} = {setting.example}"] if setting.example else []
        lines += ["", *_prose(_sentence(setting)), *like, f"#{setting.name} = {setting.default}"]
    return "\n".join(lines) + "\n"


def _sentence(setting: Described) -> str:
    inside = "; ".join(
        f"{part.name} = {part.meaning}{f' ({part.default})' if part.default else ''}" for part in setting.inside
    )
    text = setting.meaning + (f"; {inside}" if inside else "")
    return f"{text[:1].upper()}{text[1:]}."


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)

"""Settings: a flag wins over the environment, the environment over the file, the file over the default.

A settings class is a frozen dataclass whose defaults are usable. Every mistake is told with file, line, key and remedy;
an unknown key is a mistake and the nearest known one is named. Reads files only; never writes.
"""

from __future__ import annotations

import dataclasses
import difflib
import keyword
import re
import tomllib
import typing
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from muster.base.errors import Code, Misconfigured, SettingMistake

MAX_SETTINGS_BYTES = 1_048_576
MAX_DURATION = timedelta(days=36_500)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_KEY_STEP = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")
_DURATION = re.compile(r"^\s*(\d{1,10})\s*(s|m|min|h|d)\s*$")

Settings = TypeVar("Settings")


def parse_duration(text: str) -> timedelta:
    """Read ``"180d"``, ``"2h"``, ``"15min"`` or ``"90s"``; `ValueError` with the remedy otherwise."""
    match = _DURATION.match(text)
    if match is None:
        message = f'{text!r} is not a duration; write a number and d, h, min or s, like "180d"'
        raise ValueError(message)
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > MAX_DURATION.total_seconds():
        message = f"{text!r} is longer than a hundred years"
        raise ValueError(message)
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """The shortest exact form: ``180d``, ``2h``, ``15min``, ``90s``."""
    seconds = int(duration.total_seconds())
    for unit in ("d", "h", "min"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, `{}` when there is none; `Misconfigured` with file and line otherwise."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _wrong(f"{path}: cannot be read: {error.strerror}", "check the file's permissions") from error
    if len(data) > MAX_SETTINGS_BYTES:
        raise _wrong(f"{path}: larger than {MAX_SETTINGS_BYTES} bytes", "settings files are short")
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(f"{path}: not TOML: {error}", "correct the line that is named") from error


def load(
    settings: type[Settings],
    path: Path,
    *,
    environment: Mapping[str, str] | None = None,
    prefix: str = "",
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Make `settings` from `flags`, environment variables ``PREFIX_KEY`` and the TOML file at `path`.

    Nested dataclasses are TOML tables; tuples of dataclasses are arrays of tables. In the environment a list is
    separated by commas and a nested key is joined by an underscore. `Misconfigured` names file, line, key, remedy.
    """
    table = read_toml(path)
    fields = {f.name for f in dataclasses.fields(settings)}  # type: ignore[arg-type]
    for name, text in (environment or {}).items():
        if prefix and name.startswith(prefix):
            _insert(settings, table, name.removeprefix(prefix).lower(), text, name)
    for name, value in (flags or {}).items():
        if value is not None and name in fields:
            table[name] = value
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return _build(settings, table, _Origin(path, lines))


def load_text(settings: type[Settings], text: str, source: str) -> Settings:
    """Make `settings` from TOML text; `source` names it in messages. `Misconfigured` as in `load`."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _wrong(f"{source}: not TOML: {error}", "correct the line that is named") from error
    return _build(settings, table, _Origin(Path(source), text.splitlines()))


def mistake_in(path: Path, key: str, problem: str, remedy: str) -> Misconfigured:
    """What is found wrong with a setting after it was loaded; `key` as in ``product[1].file`` of the whole file."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return _Origin(path, lines).mistake(key, problem, remedy)


class _Origin:
    """Where values came from, to tell the line of a mistake."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self.path = path
        self.lines = lines

    def mistake(self, key: str, problem: str, remedy: str) -> Misconfigured:
        number = self._line(key)
        where = f"{self.path}:{number}" if number else f"{self.path}"
        return _wrong(f"{where}: {key}: {problem}", remedy)

    def _line(self, key: str) -> int | None:
        """The line of ``table.list[1].name``: each name is looked for below the one before it; None: not in the file."""
        at, is_found = 0, False
        for name, index in _KEY_STEP.findall(key):
            sets = re.compile(rf"""(^|[{{,.\s\["']){re.escape(name)}["']?\s*[=\].]""")
            lines = [i for i in range(at, len(self.lines)) if sets.search(self.lines[i].partition("#")[0])]
            headers = [i for i in lines if self.lines[i].lstrip().startswith("[[")]
            is_found = bool(lines)
            if is_found:
                at = headers[int(index)] if index and int(index) < len(headers) else lines[0]
        return at + 1 if is_found else None


def _wrong(message: str, hint: str) -> Misconfigured:
    return Misconfigured(Code.SETTINGS_INVALID, message, hint)


def _insert(settings: Any, table: dict[str, Any], name: str, text: str, variable: str) -> None:
    hints = typing.get_type_hints(settings)
    for key, hint in hints.items():
        if name == key:
            table[key] = _from_text(hint, text, variable)
            return
        if dataclasses.is_dataclass(hint) and name.startswith(f"{key}_"):
            _insert(hint, table.setdefault(key, {}), name.removeprefix(f"{key}_"), text, variable)
            return


def _present(hint: Any) -> Any:
    """The type itself of a setting that may also be absent (`X | None`)."""
    arguments = typing.get_args(hint)
    return next(a for a in arguments if a is not type(None)) if type(None) in arguments else hint


def _from_text(hint: Any, text: str, variable: str) -> Any:
    hint = _present(hint)
    origin = typing.get_origin(hint)
    if hint is bool:
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off", ""}:
            return False
        raise _wrong(f"{variable}: {text!r} is neither true nor false", "write true or false")
    if hint is int:
        if not re.fullmatch(r"\s*[0-9]{1,18}\s*", text):
            raise _wrong(f"{variable}: {text!r} is not a whole number", "write a whole number")
        return int(text)
    if hint is float:
        try:
            return float(text)
        except ValueError as error:
            raise _wrong(f"{variable}: {text!r} is not a number", "write a number") from error
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _build(settings: type[Settings], table: Mapping[str, Any], origin: _Origin, at: str = "") -> Settings:
    hints = typing.get_type_hints(settings)
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{at}{key}"
        # A field cannot be called `class`; `class_` stands for it.
        field = f"{key}_" if keyword.iskeyword(key) else key
        if field not in hints:
            known = [hint.rstrip("_") for hint in hints]
            near = difflib.get_close_matches(key, known, 1)
            remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
            raise origin.mistake(name, "there is no such setting", remedy)
        values[field] = _convert(hints[field], value, origin, name)
    try:
        return settings(**values)
    except SettingMistake as error:
        raise origin.mistake(f"{at}{error.key}", str(error), error.remedy) from error
    except (TypeError, ValueError) as error:
        raise origin.mistake(at.rstrip(".") or settings.__name__.lower(), str(error), "correct the setting") from error


def _convert(hint: Any, value: Any, origin: _Origin, name: str) -> Any:
    hint = _present(hint)
    if hint is timedelta:
        return _duration(value, origin, name)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            first = dataclasses.fields(hint)[0].name
            remedy = f"write {{ {first} = … }} in its place" if name.endswith("]") else f"write [{name}]"
            raise origin.mistake(name, "is a table", remedy)
        return _build(typing.cast("type[Any]", hint), value, origin, f"{name}.")
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise origin.mistake(name, "is a list", f"write {name} = [ … ]")
        return tuple(_convert(typing.get_args(hint)[0], v, origin, f"{name}[{i}]") for i, v in enumerate(value))
    expected = {str: "text", int: "a whole number", bool: "true or false", float: "a number", date: "a day"}
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise origin.mistake(name, f"{value!r} is not {expected.get(hint, hint)}", f"write {expected.get(hint, hint)}")
    return value


def _duration(value: Any, origin: _Origin, name: str) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_duration(value)
    except (ValueError, TypeError) as error:
        raise origin.mistake(name, str(error), 'write a duration like "7d" or "15min"') from error

"""Settings: a flag wins over the environment, the environment over the file, the file over the default.

A settings class is a frozen dataclass whose defaults are usable. Every mistake is told with file, line, key and remedy;
an unknown key is a mistake and the nearest known one is named. Reads files only; never writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from muster.base.config.describing import Described, described, example, written
from muster.base.config.durations import MAX_DURATION, format_duration, parse_duration
from muster.base.config.environment import put
from muster.base.config.examining import DEFAULT, Examined, InEffect, examine
from muster.base.config.making import Settings, make
from muster.base.config.mistakes import Mistake, Origin
from muster.base.config.toml_file import MAX_SETTINGS_BYTES, parse_toml, read_toml
from muster.base.errors import Misconfigured

__all__ = [
    "DEFAULT",
    "MAX_DURATION",
    "MAX_SETTINGS_BYTES",
    "Described",
    "Examined",
    "InEffect",
    "Mistake",
    "described",
    "examine",
    "example",
    "format_duration",
    "load",
    "load_text",
    "mistake_in",
    "parse_duration",
    "read_toml",
    "written",
]


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
    separated by commas and a nested key is joined by an underscore. `Misconfigured` names file, line, key, remedy of the
    first mistake; `examine` gives all of them.
    """
    table = read_toml(path)
    others: dict[str, str] = {}
    for found in put(settings, table, environment or {}, prefix) if prefix else ():
        if isinstance(found, Mistake):
            raise found.error()
        others.update([found])
    for name, value in (flags or {}).items():
        if value is not None and name in settings.__annotations__:
            table[name] = value
            others = {key: other for key, other in others.items() if key.partition(".")[0] != name}
            others[name] = f"--{name.replace('_', '-')}"
    return _made(settings, table, Origin(path, _lines(path), others))


def load_text(settings: type[Settings], text: str, source: str) -> Settings:
    """Make `settings` from TOML text; `source` names it in messages. `Misconfigured` as in `load`."""
    table = parse_toml(text.encode("utf-8", errors="surrogatepass"), source)
    if isinstance(table, Mistake):
        raise table.error()
    return _made(settings, table, Origin(Path(source), text.splitlines(), {}))


def mistake_in(path: Path, key: str, problem: str, remedy: str) -> Misconfigured:
    """What is found wrong with a setting after it was loaded; `key` as in ``product[1].file`` of the whole file."""
    return Origin(path, _lines(path), {}).mistake(key, problem, remedy).error()


def _made(settings: type[Settings], table: Mapping[str, Any], origin: Origin) -> Settings:
    made = make(settings, table, origin)
    if made is None:
        # Where mistakes are not gathered the first one is raised.
        raise AssertionError("settings could not be made, and nobody said why")
    return made


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []

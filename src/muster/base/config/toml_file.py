"""A TOML file, and in plain words what makes a file none: the standard library tells line and column, this the remedy."""

from __future__ import annotations

import codecs
import re
import tomllib
from pathlib import Path
from typing import Any

from muster.base.config.mistakes import Mistake

MAX_SETTINGS_BYTES = 1_048_576
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_KEY = re.compile(r"""^\s*\[{0,2}\s*("[^"]+"|'[^']+'|[A-Za-z0-9_.-]+)\s*(?:[=:\]]|$)""")
_REMEDY = "correct this line, or put a # in front of it"
_QUOTES = "“”„‘’«»"


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, `{}` when there is none; `Misconfigured` with file, line and remedy otherwise."""
    tables = open_toml(path)
    if isinstance(tables, Mistake):
        raise tables.error()
    return tables


def open_toml(path: Path) -> dict[str, Any] | Mistake:
    """The tables of a TOML file, `{}` when there is none, or why they cannot be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except IsADirectoryError:
        return _whole(path, "cannot be read: this is a folder", "name the file in it")
    except OSError as error:
        return _whole(path, f"cannot be read: {error.strerror}", "check the file's permissions")
    if len(data) > MAX_SETTINGS_BYTES:
        return _whole(path, f"larger than {MAX_SETTINGS_BYTES} bytes", "settings files are short; this is another file")
    return parse_toml(data, str(path))


def parse_toml(data: bytes, source: str) -> dict[str, Any] | Mistake:
    """The tables of TOML text, or its first mistake; `source` names it."""
    if data.startswith(codecs.BOM_UTF8):
        return Mistake(source, 1, "", "not TOML: it begins with a byte order mark", "save it as UTF-8 without BOM")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Mistake(source, 1, "", "not TOML: it is UTF-16", "save it as UTF-8")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Mistake(source, line, _key(data.decode("latin-1"), line), "not TOML: no UTF-8", "save it as UTF-8")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _mistake(text, source, str(error))
    except RecursionError:
        return Mistake(source, None, "", "not TOML: brackets in brackets without end", "settings need two of them")


def _mistake(text: str, source: str, told: str) -> Mistake:
    place = _PLACE.search(told)
    problem = _PLACE.sub("", told)
    # Text without its end is noticed one line, or all lines, too late: where it began is what helps.
    line = int(place[1]) if place and place[1] else len(text.rstrip().splitlines()) or 1
    row = text.splitlines()[line - 1] if text.splitlines() else ""
    return Mistake(
        source,
        line,
        _key(text, line),
        f"not TOML: {problem[:1].lower()}{problem[1:]}",
        _remedy(problem, row, is_cut_off=not (place and place[1])),
    )


def _remedy(problem: str, row: str, *, is_cut_off: bool) -> str:
    """What to do about a line that is no TOML."""
    value = row.partition("=")[2].strip()
    if any(quote in row for quote in _QUOTES):
        return """write plain quotes: " and not “ or ”"""
    if "overwrite a value" in problem:
        return "this key stands in the table already; keep one of both"
    if "declare" in problem or "namespace" in problem:
        return "this table stands in the file already; write both in one"
    if "Expected '='" in problem and ":" in row:
        return "write key = value, with = instead of a colon"
    if "\\" in value and '"' in value:
        return (
            "in double quotes a backslash begins a special character; write the text in single quotes, like 'C:\\keys'"
        )
    if problem == "Invalid value" and value[:1].isalpha():
        return f'put text in quotes: "{value.split("#")[0].strip()}"'
    if row.rstrip().endswith("="):
        return "write a value behind the =, or put a # in front of the line"
    if is_cut_off or any(word in problem for word in ("closing", "Unclosed", "Unterminated", "Illegal character")):
        return "close what is open: a quote, a bracket or a brace"
    return _REMEDY


def _key(text: str, line: int) -> str:
    rows = text.splitlines()
    found = _KEY.match(rows[line - 1]) if 0 < line <= len(rows) else None
    return found[1].strip("\"'") if found else ""


def _whole(path: Path, problem: str, remedy: str) -> Mistake:
    return Mistake(str(path), None, "", problem, remedy)

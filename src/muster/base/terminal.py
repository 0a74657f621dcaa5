"""How Muster speaks to people: results on stdout, everything else on stderr.

* Errors are ``muster: error: …`` followed by ``muster: hint: …``; no capital at the start of our own words, no full stop needed.
* With JSON, one object on stdout and nothing else.
* Text that came from elsewhere loses its control characters before it reaches a terminal.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from muster.base.errors import MusterError

MAX_FOREIGN_TEXT = 200


def clean(text: str, limit: int = MAX_FOREIGN_TEXT) -> str:
    """Foreign text made fit for a terminal: printable characters only, at most `limit` of them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:limit])


def result(text: str) -> None:
    """Print a result line to stdout."""
    sys.stdout.write(text + "\n")


def result_json(value: Any) -> None:
    """Print one JSON object to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def note(text: str) -> None:
    """Tell something that is not the result, on stderr."""
    sys.stderr.write(f"muster: {text}\n")


def warn(text: str) -> None:
    """Warn, on stderr."""
    sys.stderr.write(f"muster: warning: {text}\n")


def error_json(error: MusterError) -> dict[str, Any]:
    """The object that scripts read: code, short number, message, hint."""
    return {
        "code": str(error.code),
        "number": error.code.number,
        "message": error.message,
        "hint": error.hint,
    }


def report(error: MusterError, *, as_json: bool = False) -> int:
    """Tell a failure to the user or the script; returns the process exit code."""
    if as_json:
        result_json({"error": error_json(error)})
    else:
        sys.stderr.write(f"muster: error: {error.message} [{error.code}, {error.code.number}]\n")
        if error.hint:
            sys.stderr.write(f"muster: hint: {error.hint}\n")
    return error.exit_code

"""How an edition looks on a terminal. Text from elsewhere is cleaned first."""

from __future__ import annotations

from typing import Any

import typer

from muster.base import terminal
from muster.base.terminal import clean
from muster.client.app.asking import read_error

STATES = {
    "UNLICENSED": "no key is installed",
    "INITIAL_GRACE": "not activated yet, full function",
    "LICENSED": "activated",
    "RENEWAL_GRACE": "the activation does not hold any more, full function for a while",
    "NOTIFICATION": "not activated",
}


def show(row: dict[str, Any]) -> None:
    """One edition in a few lines."""
    terminal.result(f"{clean(row['edition'])} ({clean(row['product'])}): {row['state']}, {STATES[row['state']]}")
    for name, value in _lines(row):
        terminal.result(f"  {name:<13}{value}")


def show_attempt(found: dict[str, Any], *, as_json: bool) -> None:
    """An edition after an attempt; ends the command with the error's code when there was one."""
    row = found["edition"]
    if as_json:
        terminal.result_json(row)
    else:
        show(row)
    if found["error"] is not None:
        error = read_error(found["error"])
        raise typer.Exit(error.exit_code if as_json else terminal.report(error))


def _lines(row: dict[str, Any]) -> list[tuple[str, str]]:
    lines = []
    if row["method"]:
        where = f" {clean(row['host'])}" if row["host"] and row["method"] == "host" else ""
        lines.append(("by", f"{row['method']}{where}"))
    if row["permanent"]:
        lines.append(("until", "for good"))
    if row["expires_at"]:
        lines.append(("until", _day(row["expires_at"])))
    if row["grace_ends_at"]:
        lines.append(("grace until", _day(row["grace_ends_at"])))
    if row["count"]:
        lines.append(("count", f"{row['count']} of {row['threshold']}"))
    if row["next_attempt_at"]:
        lines.append(("asks again", _day(row["next_attempt_at"])))
    if row["partial_key"]:
        lines.append(("key", f"…{row['partial_key']}"))
    if row["binding"] == "weak":
        lines.append(("binding", "weak: hardware says too little, the machine-id stands in"))
    if row["features"]:
        lines.append(("features", ", ".join(clean(f) for f in row["features"])))
    error = row["last_error"]
    if error:
        lines.append(("last error", clean(f"{error['message']} [{error['code']}]", 300)))
        lines.append(("", clean(error["hint"], 300)))
    return lines


def _day(text: str) -> str:
    return f"{text[:10]} {text[11:16]} UTC"

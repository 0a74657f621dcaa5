"""``muster host machines`` and ``muster host log``."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.base.config import parse_duration
from muster.base.errors import Code, Misconfigured
from muster.base.terminal import clean
from muster.host import app as host
from muster.host.cli.options import Home, Json, home_of

_COLUMNS = (
    "client_id",
    "vendor",
    "group",
    "edition",
    "state",
    "virtual",
    "ephemeral",
    "first_seen",
    "last_seen",
    "address",
    "hardware_sets",
)
_SHOWN = ("client_id", "edition", "state", "last_seen", "address")


def machines(
    context: typer.Context,
    *,
    silent: Annotated[str, typer.Option("--silent", help="Only those not seen for so long, like 60d.")] = "",
    state: Annotated[str, typer.Option("--state", help="Only those in this state, like LICENSED.")] = "",
    edition: Annotated[str, typer.Option("--edition", help="Only those with this edition.")] = "",
    names: Annotated[bool, typer.Option("--names", help="Ask DNS for the names of addresses.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List the machines that asked: one line for each edition on each machine, the last seen first."""
    wanted = host.Wanted(_silent(silent), state, edition)
    rows = host.machines(home_of(context, home), wanted, environment=os.environ, with_names=names)
    columns = (*_COLUMNS, "name") if names else _COLUMNS
    if as_json:
        _write_json(rows)
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows([_cell(row[c]) for c in columns] for row in rows)
    else:
        _write_table(rows, (*_SHOWN, "name") if names else _SHOWN)


def _silent(text: str) -> timedelta | None:
    try:
        return parse_duration(text) if text else None
    except ValueError as error:
        raise Misconfigured(Code.USAGE, f"--silent: {error}", "Write it like 60d.") from error


def _cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula: names come from DNS, from whoever runs a zone."""
    text = clean(value) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text[:1] in {"=", "+", "-", "@"} else text


def _write_json(rows: Iterator[dict[str, Any]]) -> None:
    """One object, written as it comes: an inventory may have millions of rows."""
    separator = '{"machines": ['
    for row in rows:
        sys.stdout.write(separator + json.dumps(row, ensure_ascii=False))
        separator = ", "
    sys.stdout.write((separator if separator.startswith("{") else "") + "]}\n")


def _write_table(rows: Iterator[dict[str, Any]], columns: tuple[str, ...]) -> None:
    terminal.result(f"{'client id':32}  {'edition':24}  {'state':13}  {'last seen':20}  address")
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007 - counted
        cells = [clean(str(row[c])) for c in columns]
        doubt = f"  ({row['hardware_sets']} sets of hardware)" if row["hardware_sets"] > 1 else ""
        terminal.result(f"{cells[0]:32}  {cells[1]:24}  {cells[2]:13}  {cells[3]:20}  {' '.join(cells[4:])}{doubt}")
    terminal.note(f"{number} in all")


def log(
    context: typer.Context,
    *,
    last: Annotated[int, typer.Option("--last", min=1, max=1_000_000, help="How many events.")] = 50,
    event: Annotated[str, typer.Option("--event", help="Only events whose name begins so, like request or dns.")] = "",
    client: Annotated[str, typer.Option("--client", help="Only of the machine whose client id begins so.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what the host did, the newest last."""
    found = host.events(home_of(context, home), last, name=event, client_id=client.lower())
    if as_json:
        terminal.result_json({"events": found})
        return
    for row in found:
        terminal.result(_line(row))


def _line(row: Mapping[str, Any]) -> str:
    details = ", ".join(f"{key} {value}" for key, value in row.items() if key not in {"time", "level", "event"})
    return clean(f"{row.get('time', '')}  {row.get('event', ''):22}  {details}", 400)

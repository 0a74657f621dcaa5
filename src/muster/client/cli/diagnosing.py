"""``muster client diagnose``: a line a step, and one verdict. Words only; nothing is decided or changed here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.client.cli.options import Edition, Home, Json, ask, write_output

LINE = 400


def diagnose(
    context: typer.Context,
    edition: Edition = None,
    *,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="Also write what support needs, without personal data.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Walk the whole way of an activation and name the one fault; changes nothing. Ends with 1 when there is one."""
    answer = ask(context, home, "diagnose", edition=edition, bundle=bundle is not None)
    found = answer["diagnosis"]
    verdict = found["verdict"]
    if as_json:
        terminal.result_json(found)
    else:
        for step in found["steps"]:
            terminal.result(terminal.clean(_line(step), LINE))
        terminal.result(terminal.clean(f"verdict: {verdict['cause']}{_code(verdict)}", LINE))
        if verdict["remedy"]:
            terminal.result(terminal.clean(f"remedy:  {verdict['remedy']}", LINE))
    if bundle is not None:
        write_output(bundle, json.dumps(answer["bundle"], indent=2) + "\n")
    if verdict["code"] is not None:
        raise typer.Exit(1)


def _line(step: dict[str, Any]) -> str:
    host, detail = step["host"] or "", step["detail"] or ""
    about = f"{host}: " if host and detail and host not in detail else ""
    return f"{step['status']:<12}{step['step']:<15}{about}{detail}{_code(step)}".rstrip()


def _code(row: dict[str, Any]) -> str:
    return f" [{row['code']}]" if row["code"] else ""

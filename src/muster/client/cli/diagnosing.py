"""``muster client diagnose``: a line a step, and one verdict. Words only; nothing is decided or changed here."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.client import app as client
from muster.client.cli.options import Edition, Home, Json, home_of, write_output

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
    folder = home_of(context, home)
    machine = client.open_machine(folder)
    found = asyncio.run(client.diagnose(machine, client.LookingOn(folder), edition))
    if as_json:
        terminal.result_json(found.plain())
    else:
        for step in found.steps:
            about = f"{step.host}: " if step.host and step.detail and step.host not in step.detail else ""
            code = f" [{step.code}]" if step.code else ""
            line = f"{step.status:<12}{step.stage:<15}{about}{step.detail}{code}"
            terminal.result(terminal.clean(line.rstrip(), LINE))
        verdict = found.verdict
        code = f" [{verdict.code}]" if verdict.code else ""
        terminal.result(terminal.clean(f"verdict: {verdict.cause}{code}", LINE))
        if verdict.remedy:
            terminal.result(terminal.clean(f"remedy:  {verdict.remedy}", LINE))
    if bundle is not None:
        write_output(bundle, json.dumps(client.bundle(machine, found), indent=2) + "\n")
    if found.verdict.code is not None:
        raise typer.Exit(1)

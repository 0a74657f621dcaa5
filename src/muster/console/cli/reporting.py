"""``muster console report``: the reports of the pages, for a screen, a spreadsheet or a printer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.console import app as console
from muster.console.cli.options import Home, Json, home_of, read_input, write_output

NAMES = f"One of: {', '.join(console.REPORTS)}."
MAX_WIDTH = 40


def report(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=NAMES)],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Of signed: what muster host report wrote.", show_default=False)
    ] = None,
    *,
    days: Annotated[int, typer.Option("--days", help="Of expiring and not-seen.")] = console.REPORT_DAYS,
    as_html: Annotated[bool, typer.Option("--html", help="One page that stands alone.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Into this file.", show_default=False)] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Make a report: licences, expiry, keys, silence, duplicates, hosts, signed host reports merged."""
    if as_html + as_csv + as_json > 1:
        raise Misconfigured(Code.USAGE, "--html, --csv and --json do not go together", "choose one")
    work = console.open_console(home_of(context, home))
    given = [(str(path), read_input(path)) for path in files or ()]
    if given and name != console.SIGNED:
        raise Misconfigured(Code.USAGE, f"the report {name} reads no files", "only signed does")
    found = console.report(work, name, days=days, files=given)
    if as_json:
        terminal.result_json({"report": name, "made_at": console.instant(found.made_at), "rows": list(found.rows)})
        return
    if out is not None and not (as_html or as_csv):
        as_csv, as_html = out.suffix != ".html", out.suffix == ".html"
    if as_csv or as_html:
        text = console.as_csv(found) if as_csv else console.as_html(found)
        if out is not None:
            write_output(out, text)
        else:
            terminal.result(text.rstrip("\n"))
        return
    _table(found)


def _table(found: console.Report) -> None:
    keys = [column.key for column in found.columns]
    lines = [[column.heading for column in found.columns]]
    lines += [[terminal.clean(console.word(row[key]), MAX_WIDTH) for key in keys] for row in found.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numbers = [column.is_number for column in found.columns]
    for line in lines:
        cells = [
            word.rjust(width) if is_number else word.ljust(width)
            for word, width, is_number in zip(line, widths, numbers, strict=True)
        ]
        terminal.result("  ".join(cells).rstrip())
    terminal.note(f"{len(found.rows)} lines. {found.told}")

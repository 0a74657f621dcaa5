"""``muster vendor report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.vendor import app as vendor
from muster.vendor.cli.options import Home, Json, opened

MAX_REPORT_FILE_BYTES = 256 * 1024 * 1024

reports = typer.Typer(add_completion=False, no_args_is_help=True, help="Audit reports of customers' hosts.")


@reports.callback()
def _group() -> None:
    """Audit reports of customers' hosts."""


@reports.command("verify")
def verify(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What muster host report wrote.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Verify reports and merge them: distinct machines per customer, edition and month."""
    merged = vendor.merge_reports(opened(context, home), [(str(path), _read(path)) for path in files])
    if as_json:
        rows = [
            {
                "organisation": t.organisation,
                "organisation_name": t.organisation_name,
                "edition": t.edition,
                "month": t.month,
                "machines": t.machines,
            }
            for t in merged.tallies
        ]
        terminal.result_json({"reports": merged.reports, "tallies": rows})
        return
    for t in merged.tallies:
        name = terminal.clean(t.organisation_name or f"organisation {t.organisation}")
        terminal.result(f"{t.month}  {t.machines:>8}  {terminal.clean(t.edition):<24}  {name}")
    terminal.note(f"{merged.reports} reports, all of them proven")


@reports.command("take")
def take(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What muster host report wrote.")],
    home: Home = None,
) -> None:
    """Verify reports and keep them: the pages compare them with the seats that were sold."""
    taken = vendor.take_reports(opened(context, home), [(str(path), _read(path)) for path in files])
    for name in taken.customers:
        terminal.result(terminal.clean(name))
    terminal.note(f"{taken.reports} reports, all of them proven, {taken.new} of them new")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REPORT_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.NOT_FOUND, f"{path} cannot be read: {reason}", "Name a file that exists.") from error
    if len(data) > MAX_REPORT_FILE_BYTES:
        raise Misconfigured(Code.USAGE, f"{path} is larger than {MAX_REPORT_FILE_BYTES} bytes", "This is another file.")
    return data

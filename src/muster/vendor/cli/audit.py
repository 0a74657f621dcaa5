"""``muster vendor audit``: what was done, by whom; verified, exported, and freed of a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.platform.command_line import read_input
from muster.vendor import app as vendor
from muster.vendor.cli.options import Home, Json, PassphraseFd, home_of, opened, read_text, write_output

MAX_FILE_BYTES = 1024 * 1024 * 1024
FINGERPRINT_DIGITS = 64

audit = typer.Typer(add_completion=False, help="What was done, by whom: shown, verified, exported.")
Seal = Annotated[
    Path | None, typer.Option("--seal", metavar="FILE", help="A seal that was kept elsewhere: it must be in the chain.")
]


@audit.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    last: Annotated[int, typer.Option("--last", help="How many rows.")] = 50,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what was done, by whom."""
    if context.invoked_subcommand is not None:
        return
    if last < 1:
        raise Misconfigured(Code.USAGE, "--last is above 0", "name how many rows")
    rows = vendor.audit_rows(opened(context, home), last)
    if as_json:
        terminal.result_json({"audit": rows})
        return
    for row in rows:
        details = " ".join(f"{k}={v}" for k, v in row["details"].items() if v is not None)
        text = f"{row['at']}  {row['actor']}  {row['action']}  {row['subject']}  {details}"
        terminal.result(terminal.clean(text, 400))


@audit.command("verify")
def verify(
    context: typer.Context,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Verify an exported audit file instead of the books.")
    ] = None,
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", help="The vendor fingerprint that --file must be of.")
    ] = None,
    seal: Seal = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Verify every seal and every row under it."""
    if (file is None) != (fingerprint is None):
        raise Misconfigured(Code.USAGE, "--file and --fingerprint go together", "name both, or neither")
    known = vendor.read_known(read_text(seal)) if seal is not None else None
    if file is not None and fingerprint is not None:
        found = vendor.verify_file(read_input(file, MAX_FILE_BYTES), _fingerprint(fingerprint), known)
    else:
        found = vendor.verify_audit(opened(context, home), known)
    if as_json:
        facts = {"seal": found.head.number, "rows": found.head.total, "unsealed": found.unsealed}
        terminal.result_json({**facts, "digest": found.head.digest.hex()})
        return
    terminal.result(f"{found.head.number} seals over {found.head.total} rows hold")
    if found.unsealed:
        terminal.note(f"{found.unsealed} rows are not sealed yet: muster vendor serve seals, and so does audit export")


@audit.command("export")
def export(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The audit file to write.")],
    seal: Annotated[
        Path | None, typer.Option("--seal", metavar="FILE", help="Write the newest seal alone, as text, too.")
    ] = None,
    people: Annotated[bool, typer.Option("--people", help="With names and remarks; a file cannot be erased.")] = False,
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Seal what is not sealed yet, and write all seals with their rows into a file that proves itself."""
    folder = home_of(context, home)
    done = vendor.export_audit(folder, opened(context, home, passphrase_fd), with_people=people)
    try:
        out.write_bytes(done.file)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Misconfigured(Code.USAGE, f"{out} cannot be written: {reason}", "Choose another file.") from error
    if seal is not None:
        write_output(seal, done.seal)
    terminal.result(f"{done.head.number} seals over {done.head.total} rows are in {out}")
    terminal.note("keep the seal where nobody can change it who writes to the database")


@audit.command("erase")
def erase(
    context: typer.Context,
    *,
    person: Annotated[
        str | None, typer.Option("--person", metavar="NAME", help="A person's name, from all rows.")
    ] = None,
    remark: Annotated[int | None, typer.Option("--remark", metavar="ROW", help="What was written into a row.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; without the person's name. It is written down.")],
    home: Home = None,
) -> None:
    """Erase a person's name, or a remark, from the audit. It cannot be brought back; every seal still holds."""
    if (person is None) == (remark is None):
        raise Misconfigured(Code.USAGE, "--person or --remark", "name one of them")
    owner = opened(context, home)
    if person is not None:
        terminal.result(f"erased: person {vendor.erase_person(owner, person, reason)}")
    elif remark is not None:
        vendor.erase_remark(owner, remark, reason)
        terminal.result(f"erased: the remark of row {remark}")
    terminal.note("copies of the database that were made before still hold it")


def _fingerprint(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) * 2 != FINGERPRINT_DIGITS:
        raise Misconfigured(
            Code.USAGE, "--fingerprint has 64 hexadecimal digits", "muster vendor show tells it; so does the program."
        )
    return found

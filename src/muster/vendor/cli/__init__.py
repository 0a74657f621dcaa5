"""``muster vendor``: keys, confirmations, product files. Only words in and out; decides nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from muster.base import terminal
from muster.platform.settings_commands import config_commands
from muster.vendor import app as vendor
from muster.vendor.cli.accounts import accounts
from muster.vendor.cli.audit import audit
from muster.vendor.cli.copying import backup, restore
from muster.vendor.cli.keys import keys
from muster.vendor.cli.keysets import keysets
from muster.vendor.cli.options import (
    Home,
    Json,
    PassphraseFd,
    home_of,
    opened,
    passphrase,
    read_text,
    remember,
    write_output,
)
from muster.vendor.cli.organisations import organisations
from muster.vendor.cli.reports import reports
from muster.vendor.cli.serving import serve
from muster.wire.armour import REQUEST_BUNDLE

MAX_TYPED = 4096

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The vendor: product catalogue, keys, confirmations, keysets."
)
app.callback()(remember)
products = typer.Typer(add_completion=False, no_args_is_help=True, help="What is sold, and the file that says so.")
app.add_typer(products, name="product")
app.add_typer(organisations, name="organisation")
app.add_typer(keys, name="key")
app.add_typer(keysets, name="keyset")
app.add_typer(reports, name="report")
app.add_typer(accounts, name="account")
app.add_typer(audit, name="audit")
app.add_typer(config_commands(vendor.SETTINGS_FILE, home_of), name="config")
app.command()(serve)
app.command()(backup)
app.command()(restore)

Replaces = Annotated[int | None, typer.Option("--replaces", help="Serial of a certificate whose host is gone.")]


@app.command()
def init(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option("--name", help="The vendor's name, as in the product definition.")],
    roots: Annotated[int, typer.Option("--roots", help="How many root keys.")] = 1,
    threshold: Annotated[int, typer.Option("--threshold", help="How many of them sign a keyset.")] = 1,
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Make a vendor: root keys, keyset 1, issuing keys, database. Prints the vendor fingerprint."""
    folder = home_of(context, home)
    secret = passphrase(context, passphrase_fd, twice=True)()
    _, fingerprint = vendor.create(folder, name, secret, roots=roots, threshold=threshold)
    terminal.result(fingerprint)
    terminal.note(
        f"next: change {folder / vendor.EXAMPLE}, then muster vendor product import {folder / vendor.EXAMPLE}"
    )
    terminal.note(f"the root keys are in {folder / 'roots'}; carry them away, or keep a copy in a safe place")


@app.command()
def show(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """Show the vendor's name, fingerprint and newest keyset."""
    facts = vendor.facts(opened(context, home))
    if as_json:
        terminal.result_json(facts)
        return
    for name, value in facts.items():
        terminal.result(f"{name.replace('_', ' '):<20}{value}")


@products.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="The product definition, a TOML file; without it the one that init wrote.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--export", help="The product file to write, too.")] = None,
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Check a product definition and make it the one that holds."""
    own = opened(context, home, passphrase_fd)
    file = file or home_of(context, home) / vendor.EXAMPLE
    definition = vendor.import_product(own, read_text(file), str(file))
    names = ", ".join(edition.name for edition in definition.edition)
    terminal.result(f"imported {definition.vendor.name}: {names or 'no editions'}")
    if out is not None:
        write_output(out, vendor.export_product(own))
    else:
        terminal.note("next: muster vendor product export --out FILE")


@products.command("export")
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="The product file to write.")],
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Write the signed product file that machines and hosts install; its serial grows."""
    write_output(out, vendor.export_product(opened(context, home, passphrase_fd)))


@app.command()
def confirm(
    context: typer.Context,
    *,
    digits: Annotated[list[str] | None, typer.Argument(help="The installation id; - reads it from stdin.")] = None,
    replaces: Replaces = None,
    passphrase_fd: PassphraseFd = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Confirm an installation id of a host, a directory or a machine. Prints the confirmation id."""
    typed = " ".join(digits or ())
    if typed in {"", "-"}:
        typed = (
            typer.prompt("Installation id", err=True) if not typed and sys.stdin.isatty() else sys.stdin.read(MAX_TYPED)
        )
    done = vendor.confirm(opened(context, home, passphrase_fd), typed, replaces=replaces)
    if as_json:
        terminal.result_json(_confirmation(done))
        return
    terminal.result(done.digits)
    _tell(done)


@app.command("confirm-file")
def confirm_file(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="The installation id as a file, or a request bundle.")],
    out: Annotated[Path, typer.Option("--out", help="The confirmation file, or confirmation bundle, to write.")],
    replaces: Replaces = None,
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Confirm what came as a file: one installation id, or a request bundle."""
    seller, text = opened(context, home, passphrase_fd), read_text(file)
    if f"-----BEGIN MUSTER {REQUEST_BUNDLE}-----" in text:
        write_output(out, _confirm_bundle(seller, text))
        return
    done = vendor.confirm_file(seller, text, replaces=replaces)
    write_output(out, done.file)
    _tell(done)


def _confirm_bundle(seller: vendor.Vendor, text: str) -> str:
    """The confirmation bundle; tells each row that was refused, on standard error."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("confirming", total=None)
        done = vendor.confirm_bundle(seller, text, lambda rows, of: bar.update(task, completed=rows, total=of))
    for number, (name, refusal) in enumerate(zip(done.names, done.refusals, strict=True), 1):
        if refusal is not None:
            terminal.warn(f"row {number} {terminal.clean(name)}: {refusal.message} [{refusal.code}]")
    terminal.result(f"{done.confirmed} of {len(done.refusals)} confirmed")
    return done.file


def _confirmation(done: vendor.Confirmation) -> dict[str, object]:
    return {"confirmation_id": done.digits, "serial": done.serial, "key": done.key_id, "cost": str(done.cost)}


def _tell(done: vendor.Confirmation) -> None:
    what = f"certificate {done.serial}" if done.serial else "permanent activation"
    terminal.note(f"{what} under key {done.key_id}; it cost {done.cost}")

"""``muster console keys``, ``products`` and ``install-key``: product files and product keys, and keys on machines."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured
from muster.console import app as console
from muster.console.cli.acting import FAILED, Service, finish, progress, tell
from muster.console.cli.options import Home, Json, home_of, read_input, read_text
from muster.console.cli.reaching import Reach, reaching
from muster.console.cli.unlocking import PassphraseFd, vault_of, vault_when_needed
from muster.platform.passphrase import read_new_passphrase, read_passphrase

keys = typer.Typer(no_args_is_help=True, help="Product keys, sealed with a passphrase.")
products = typer.Typer(no_args_is_help=True, help="Vendors' product files: editions, keysets, services.")
Which = Annotated[list[str], typer.Argument(help="Numbers or last characters of keys: see keys list.")]


@keys.command("add")
def add(
    context: typer.Context,
    typed: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Keys; - reads lines from standard input.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", help="Lines, or a table with a column key.", show_default=False)
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What people shall read beside the keys.")] = "",
    passphrase_fd: PassphraseFd = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Keep product keys: one, many lines, or a table. Without any, asks for one."""
    lines = console.read_keys(_typed(typed, file))
    if note:
        lines = [console.KeyLine(line.line, line.key, line.note or note, line.problem) for line in lines]
    place = home_of(context, home)
    added = console.add_keys(console.open_console(place), vault_of(place, passphrase_fd), lines)
    if as_json:
        rows = [{"line": a.line, "key": a.key, "partial_key": a.partial or None, "code": a.verdict.code} for a in added]
        terminal.result_json({"keys": rows})
    else:
        tell([(f"line {a.line}", a.verdict) for a in added], "keys added")
    if not all(each.verdict.is_good for each in added):
        raise typer.Exit(FAILED)


def _typed(words: list[str] | None, file: Path | None) -> str:
    if words and file is not None:
        raise Misconfigured(Code.USAGE, "keys and --file exclude each other", "give one of them")
    if file is not None:
        return read_text(file)
    if words == ["-"]:
        return sys.stdin.read(console.MAX_KEY_TEXT + 1)
    if words:
        terminal.warn("a key on the command line can be read by others in the process list; use - or the prompt")
        return "\n".join(words)
    return str(typer.prompt("Product key", hide_input=True, err=True))


@keys.command("list")
def list_(context: typer.Context, *, as_json: Json = False, home: Home = None) -> None:
    """Show the keys by their last characters."""
    work = console.open_console(home_of(context, home))
    rows = console.key_rows(work)
    if as_json:
        terminal.result_json({"keys": rows})
        return
    for row in rows:
        left = "" if row["remaining"] is None else f"{row['remaining']} of {row['total']} left"
        told = (
            f"{row['key']:>6}  {row['kind']:8} …{row['partial_key']}  {', '.join(row['editions']) or '–':30}  {left:22}"
        )
        terminal.result(terminal.clean(f"{told}  {row['note'] or ''}".rstrip()))
    terminal.note(f"{len(rows)} in all")


@keys.command("remove")
def remove(
    context: typer.Context,
    which: Which,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: Home = None,
) -> None:
    """Take keys out of the console. Nothing changes on machines."""
    work = console.open_console(home_of(context, home))
    chosen = console.find_keys(work, which)
    if not yes:
        typer.confirm(f"Remove {', '.join(f'…{key.partial}' for key in chosen)}?", abort=True, err=True)
    console.remove_keys(work, chosen)
    terminal.result(f"{counted(len(chosen), 'key')} removed")


@keys.command("refresh")
def refresh(
    context: typer.Context,
    which: Annotated[list[str] | None, typer.Argument(help="Keys; without any, every MAK.")] = None,
    *,
    service: Service = "",
    passphrase_fd: PassphraseFd = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Ask the vendor's service how many activations multiple activation keys have left."""
    place = home_of(context, home)
    work = console.open_console(place)
    chosen = console.find_keys(work, which) if which else console.maks(work)
    with progress("asking the vendor", len(chosen)) as advance:
        told = asyncio.run(
            console.refresh_keys(
                work, vault_of(place, passphrase_fd), chosen, console.vendor_services(service), watch=advance
            )
        )
    if as_json:
        rows = [{"key": key.id, "code": verdict.code, "text": verdict.text} for key, verdict in told]
        terminal.result_json({"verdicts": rows, "keys": console.key_rows(work)})
    else:
        tell([(f"…{key.partial}", verdict) for key, verdict in told], "keys refreshed")
    if not all(verdict.is_good for _, verdict in told):
        raise typer.Exit(FAILED)


@keys.command("passphrase")
def passphrase(
    context: typer.Context,
    *,
    passphrase_fd: PassphraseFd = None,
    new_passphrase_fd: Annotated[
        int | None,
        typer.Option("--new-passphrase-fd", help="Read the new one from this descriptor.", show_default=False),
    ] = None,
    home: Home = None,
) -> None:
    """Change the passphrase in front of the keys. The keys stay; the old one opens them no more."""
    place = home_of(context, home)
    vault = console.open_vault(place, read_passphrase(passphrase_fd))
    console.change_passphrase(console.open_console(place), vault, read_new_passphrase(new_passphrase_fd))
    terminal.result("the passphrase is changed")


@reaching
def install_key(reach: Reach, which: Which) -> None:
    """Install keys of the console on machines, each where it fits; a misfit fails that machine alone."""
    work = console.open_console(reach.home)
    chosen = console.find_keys(work, which)
    # Opened before anything is written down: a wrong passphrase shall not leave a task.
    vault = vault_when_needed(reach.home, reach.passphrase_fd)
    vault()
    finish(reach, work, console.install_keys(work, chosen, reach.conditions), vault)


@products.command("add")
def add_product(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="The vendor's product file, as machines have it.")],
    *,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Let the console know a vendor's editions and keysets: keys find their machines, confirmations are verified."""
    work = console.open_console(home_of(context, home))
    added = [console.add_product(work, read_input(path)) for path in files]
    if as_json:
        terminal.result_json({"products": [console.product_row(product) for product in added]})
        return
    for product in added:
        terminal.result(terminal.clean(f"{product.claims.vendor}, product file {product.claims.serial}"))


@products.command("list")
def list_products(context: typer.Context, *, as_json: Json = False, home: Home = None) -> None:
    """Show the product files."""
    rows = [console.product_row(product) for product in console.products(console.open_console(home_of(context, home)))]
    if as_json:
        terminal.result_json({"products": rows})
        return
    for row in rows:
        told = f"{row['vendor']}  {row['vendor_id']}  file {row['serial']}  {', '.join(row['editions'])}"
        terminal.result(terminal.clean(told, 400))
    terminal.note(f"{len(rows)} in all")


@products.command("remove")
def remove_product(
    context: typer.Context,
    vendor: Annotated[str, typer.Argument(help="The vendor's name or id.")],
    *,
    home: Home = None,
) -> None:
    """Forget a vendor's product file; keys and confirmations stay."""
    work = console.open_console(home_of(context, home))
    product = console.vendor_named(work, vendor)
    console.remove_product(work, product)
    terminal.result(terminal.clean(f"{product.claims.vendor} removed"))

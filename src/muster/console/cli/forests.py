"""``muster console directory``: activation objects of a directory, with host keys and product files of the console."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.base.errors import Code, Refused
from muster.console import app as console
from muster.console.cli.acting import Service
from muster.console.cli.options import Home, Json, home_of, write_output
from muster.console.cli.unlocking import PassphraseFd, vault_when_needed
from muster.console.directory import app as directory
from muster.console.directory.cli import show_object
from muster.console.directory.cli.options import Place, base_options, log_in_options
from muster.platform.shared_options import shared_options
from muster.trust.productkey import ProductKey
from muster.wire.calendar import day_start


@dataclass
class There(Place):
    """A directory, and the console whose keys and product files are meant."""

    home: Path = field(kw_only=True)


def _home_options(*, home: Home = None) -> None:
    """Which console."""


def _there(context: typer.Context, given: Mapping[str, Any]) -> There:
    return There(**{**given, "home": home_of(context, given["home"])})


_located = shared_options(_there, log_in_options, base_options, _home_options)
forest = typer.Typer(no_args_is_help=True, help="Activate a domain's machines by its directory, with keys kept here.")


def _key(work: console.Console, which: str, vault: Callable[[], console.Vault]) -> ProductKey:
    (key,) = console.find_keys(work, [which])
    return vault().unseal(key)


@forest.command()
@_located
def activate(
    there: There,
    *,
    key: Annotated[str, typer.Option("--key", help="A host key of the console: its number or last characters.")],
    vendor: Annotated[str, typer.Option("--vendor", help="Whose product, where several would fit.")] = "",
    export: Annotated[
        Path | None, typer.Option("--export", help="Write a request bundle to be carried, instead.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Only by a confirmation that was imported.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Ask the vendor although a confirmation is kept.")] = False,
    service: Service = "",
    name: Annotated[str, typer.Option("--name", help="What administrators call it, up to 40 characters.")] = "",
    only_group: Annotated[str, typer.Option("--only-group", help="Only members of this group are activated.")] = "",
    passphrase_fd: PassphraseFd = None,
    as_json: Json = False,
) -> None:
    """Put the vendor's activation object into the directory: online, or by a bundle that is exported and imported."""
    work = console.open_console(there.home)
    secret = _key(work, key, vault_when_needed(there.home, passphrase_fd))
    product = console.vendor_named(work, vendor) if vendor else console.product_of_key(work, secret)
    fresh = console.fresh_database_id()
    if export is not None:
        made = asyncio.run(
            there.within(lambda d: console.forest_request(work, d, product, secret, fresh=fresh, base=there.base))
        )
        write_output(export, made.text)
        terminal.note("have it confirmed, then: muster console import, and this again with --offline")
        return
    asked = None if offline else console.vendor_services(service)(product)
    how: dict[str, Any] = {
        "service": asked,
        "fresh": fresh,
        "name": name,
        "base": there.base,
        "only_group": only_group,
        "again": again,
    }
    done = asyncio.run(there.within(lambda d: console.activate_forest(work, d, product, secret, **how)))
    ends = day_start(done.claims.end_day)
    if as_json:
        row = {"name": done.name, "dn": done.dn, "serial": done.claims.serial}
        terminal.result_json(row | {"expires_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}"})
        return
    terminal.result(terminal.clean(f"activated: {done.dn}", 400))
    terminal.note(f"activation object {done.claims.serial}, to {ends:%Y-%m-%d}")


@forest.command("list")
@_located
def list_(there: There, *, as_json: Json = False) -> None:
    """Show every activation object that is visible from here, checked against the console's product files."""
    known = {p.keysets.vendor_id: p for p in console.products(console.open_console(there.home))}
    rows = asyncio.run(there.within(lambda d: directory.visible(d, known, directory.now(), there.base)))
    if as_json:
        terminal.result_json({"objects": [row.plain() for row in rows]})
        return
    if not rows:
        terminal.result("no activation object is visible from here")
    for row in rows:
        show_object(row)


@forest.command()
@_located
def delete(
    there: There,
    *,
    name: Annotated[str, typer.Argument(help="The object's name, or its DN.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an activation object, after a question. Machines stay activated until their leases end."""
    work = console.open_console(there.home)
    kept = asyncio.run(there.within(lambda d: directory.find(d, name, there.base)))
    if not yes and not typer.confirm(terminal.clean(f"Remove {kept.dn}?", 400), err=True):
        raise Refused(Code.USAGE, "nothing was removed", "Answer y, or give --yes.")
    asyncio.run(there.within(lambda d: console.delete_object(work, d, kept)))
    terminal.result(terminal.clean(f"removed: {kept.dn}", 400))

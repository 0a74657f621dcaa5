"""``muster directory``: activation objects by words. Only words in and out; decides nothing."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured, Refused
from muster.console.directory import app as directory
from muster.console.directory.cli.granting import add_granting
from muster.console.directory.cli.options import (
    MAX_TYPED,
    Authority,
    Home,
    Json,
    Place,
    ProductFile,
    Server,
    User,
    looking,
    read_input,
    secret,
    write_output,
)
from muster.platform.ldap.port import Directory as DirectoryPort
from muster.trust.humanid import format_installation
from muster.trust.product import open_product
from muster.trust.productkey import parse_key
from muster.wire.calendar import day_start
from muster.wire.confirmation import encode_installation_file
from muster.wire.installation import pack_installation

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Activate the machines of a domain by its directory alone."
)


@app.command("installation-id")
@looking
def installation_id(
    place: Place,
    *,
    product: ProductFile,
    key: Annotated[str, typer.Option("--key", help="The host key; - reads it from standard input; else asks.")] = "",
    out: Annotated[Path | None, typer.Option("--file", help="Write it into a file for the vendor instead.")] = None,
    qr: Annotated[bool, typer.Option("--qr", help="Show it as a QR code.")] = False,
    as_json: Json = False,
) -> None:
    """Print the id that the vendor confirms: 18 groups of digits, of this directory under this host key."""
    opened = open_product(read_input(product), now=directory.now())
    parsed = parse_key(secret(key))
    found = asyncio.run(place.within(lambda d: directory.installation_id(d, opened, parsed, place.base)))
    digits = format_installation(found)
    if out is not None:
        write_output(out, encode_installation_file(pack_installation(found)))
    elif as_json:
        terminal.result_json({"installation_id": digits})
    elif qr:
        import segno

        segno.make(digits, micro=False).terminal(sys.stdout, compact=True)
    else:
        terminal.result(digits)


@app.command()
@looking
def activate(
    place: Place,
    *,
    digits: Annotated[
        list[str] | None, typer.Argument(help="The confirmation id; - reads it from standard input; nothing: asks.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The confirmation file from the vendor.")] = None,
    key: Annotated[
        str, typer.Option("--key", help="Ask the vendor's service with this host key; - reads it from standard input.")
    ] = "",
    service: Annotated[str, typer.Option("--service", metavar="URL", help="The vendor's service, if another.")] = "",
    product: ProductFile,
    name: Annotated[str, typer.Option("--name", help="What administrators call it, up to 40 characters.")] = "",
    only_group: Annotated[str, typer.Option("--only-group", help="Only members of this group are activated.")] = "",
    as_json: Json = False,
) -> None:
    """Put the vendor's activation object into the directory: online with --key, else by what the vendor confirmed."""
    typed = " ".join(digits or ())
    if sum((file is not None, bool(typed), bool(key or service))) > 1:
        raise Misconfigured(Code.USAGE, "a confirmation id, --file and --key exclude each other", "Give one of them.")
    opened = open_product(read_input(product), now=directory.now())
    online = directory.vendor_service(opened, service) if key or service else None
    parsed = parse_key(secret(key)) if online else None
    confirmation = b"" if online else directory.confirmation_in(_confirmation(typed, file))

    async def work(found: DirectoryPort) -> directory.Activated:
        said = confirmation
        if online is not None and parsed is not None:
            said = await directory.confirmed_online(found, opened, parsed, online, place.base)
        return await directory.activate(
            found, opened, said, directory.now(), name=name, base=place.base, only_group=only_group
        )

    done = asyncio.run(place.within(work))
    ends = day_start(done.claims.end_day)
    if as_json:
        row = {"name": done.name, "dn": done.dn, "serial": done.claims.serial, "expires_at": _instant(ends)}
        terminal.result_json(row | {"organisation": done.claims.organisation})
        return
    terminal.result(terminal.clean(f"activated: {done.dn}", 400))
    terminal.note(
        f"activation object {done.claims.serial}, organisation {done.claims.organisation}, to {ends:%Y-%m-%d}"
    )


def _confirmation(typed: str, file: Path | None) -> str:
    if file is not None:
        return read_input(file).decode("ascii", errors="replace")
    if typed not in {"", "-"}:
        return typed
    asks = not typed and sys.stdin.isatty()
    return str(typer.prompt("Confirmation id", err=True)) if asks else sys.stdin.read(MAX_TYPED)


@app.command("list")
@looking
def list_(
    place: Place,
    *,
    product: Annotated[
        list[Path] | None, typer.Option("--product", metavar="FILE", help="Check against this product file.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show every activation object that is visible from here, and whether it verifies."""
    products = directory.open_products([read_input(path) for path in product or ()], home)
    rows = asyncio.run(place.within(lambda d: directory.visible(d, products, directory.now(), place.base)))
    if as_json:
        terminal.result_json({"objects": [row.plain() for row in rows]})
        return
    if not rows:
        terminal.result("no activation object is visible from here")
    for row in rows:
        show_object(row)


def show_object(row: directory.Row) -> None:
    """An activation object in lines for people: whether it verifies, what it says, where it lies."""
    claims = row.claims
    verdict = "verifies" if row.error is None else "not checked" if not row.is_checked else str(row.error.code)
    about = f"serial {claims.serial}, to {day_start(claims.end_day):%Y-%m-%d}" if claims else ""
    line = f"{verdict:<22}{row.name:<42}{row.vendor} {row.group}  {about}"
    terminal.result(terminal.clean(line.rstrip(), 400))
    terminal.result(terminal.clean(f"{'':<22}{row.dn}", 400))
    if row.error is not None:
        terminal.result(terminal.clean(f"{'':<22}{row.error.message}", 400))


@app.command()
@looking
def delete(
    place: Place,
    *,
    name: Annotated[str, typer.Argument(help="The object's name, or its DN.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an activation object, after a question. Machines stay activated until their leases end."""
    kept = asyncio.run(place.within(lambda d: directory.find(d, name, place.base)))
    if not yes and not typer.confirm(terminal.clean(f"Remove {kept.dn}?", 400), err=True):
        raise Refused(Code.USAGE, "nothing was removed", "Answer y, or give --yes.")
    asyncio.run(place.within(lambda d: directory.delete(d, kept)))
    terminal.result(terminal.clean(f"removed: {kept.dn}", 400))


@app.command()
def schema(
    *,
    form: Annotated[str, typer.Option("--form", help="openldap, slapd.conf or 389.")] = "openldap",
    load: Annotated[bool, typer.Option("--apply", help="Load it into this OpenLDAP, over its local socket.")] = False,
    server: Server = "ldapi:///",
    user: User = "",
    authority: Authority = "",
) -> None:
    """Print the schema of activation objects for OpenLDAP or 389, or load it. Active Directory needs none."""
    if form not in directory.FORMS:
        raise Misconfigured(Code.USAGE, f"there is no form {form!r}", f"One of {', '.join(directory.FORMS)}.")
    if not load:
        terminal.result(directory.schema_text(form).rstrip("\n"))
        return
    if form != "openldap":
        raise Misconfigured(Code.USAGE, "--apply loads the schema into OpenLDAP", "Print it, and load it by hand.")
    place = Place(server=server, user=user, authority=authority)
    is_new = asyncio.run(place.within(directory.load_schema))
    terminal.result("the schema is loaded" if is_new else "the schema was there already")


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


add_granting(app)

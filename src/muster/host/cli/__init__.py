"""``muster host``: sets an activation host up, runs it, shows what it does. Only words in and out; decides nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured, MusterError
from muster.host import app as host
from muster.host.app.settings import SETTINGS
from muster.host.cli.activating import activate
from muster.host.cli.files import answer, backup, report, restore
from muster.host.cli.inventory import log, machines
from muster.host.cli.load_testing import load_test
from muster.host.cli.options import Home, Json, home_of, read_input, remember_home, write_output
from muster.host.cli.serving import serve_until_told
from muster.host.cli.showing import show_publications, show_records, show_setup, show_status
from muster.platform.settings_commands import config_commands

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The activation host of an organisation.")
app.callback()(remember_home)

ProductFile = Annotated[Path, typer.Option("--product", help="The product file from the vendor.")]
Vendor = Annotated[str, typer.Option("--vendor", help="Whose key it is, where several vendors are set up.")]
WhichKey = Annotated[
    str, typer.Option("--key", help="The last five characters of the host key, where there are several.")
]
Organisation = Annotated[str, typer.Option("--organisation-name", help="A name to show for the organisation's number.")]


@app.command()
def init(context: typer.Context, product: ProductFile, home: Home = None) -> None:
    """Make a home for this host from a vendor's product file."""
    found = host.initialise(home_of(context, home), read_input(product))
    terminal.result(f"ready for {found.claims.vendor}; next: muster host install-key")


@app.command()
def install(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A product file: newer, or of another vendor.")],
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Take an older one, too.")] = False,
) -> None:
    """Install a newer product file, or one of another vendor. A running host notices by itself."""
    found = host.install(home_of(context, home), read_input(file), force=force)
    terminal.result(f"installed product file {found.claims.serial} of {found.claims.vendor}")


@app.command("install-key")
def install_key(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The host key; - reads it from standard input; nothing: asks.")] = "",
    vendor: Vendor = "",
    home: Home = None,
) -> None:
    """Install the host key that the vendor issued to the organisation."""
    identity, is_new = host.install_key(home_of(context, home), _secret(key), vendor=vendor)
    done = "installed" if is_new else "was installed already"
    terminal.result(f"host key …{identity.partial} {done}; next: muster host activate, or installation-id")


@app.command()
def setup(
    context: typer.Context,
    product: ProductFile,
    key: Annotated[
        str, typer.Option("--key", help="The host key; - reads it from standard input; nothing: asks.")
    ] = "",
    home: Home = None,
) -> None:
    """Product file and host key in one; prints the installation id, the DNS lines and what is left to do."""
    folder = home_of(context, home)
    identity = host.set_up(folder, read_input(product), _secret(key))
    digits = host.installation_id(folder, partial=identity.partial)
    try:
        records, problem = host.plan(folder, os.environ), None
    except MusterError as error:
        records, problem = [], error
    show_setup(identity, digits, host.vendors_service(folder, partial=identity.partial), records, problem)


@app.command("installation-id")
def installation_id(
    context: typer.Context,
    *,
    out: Annotated[Path | None, typer.Option("--file", help="Write it into a file for the vendor instead.")] = None,
    qr: Annotated[bool, typer.Option("--qr", help="Show it as a QR code.")] = False,
    key: WhichKey = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Print the id that the vendor confirms: 18 groups of digits."""
    folder = home_of(context, home)
    digits = host.installation_id(folder, partial=key)
    if out is not None:
        write_output(out, host.installation_file(folder, partial=key))
    elif as_json:
        terminal.result_json({"installation_id": digits})
    elif qr:
        import segno

        segno.make(digits, micro=False).terminal(sys.stdout, compact=True)
    else:
        terminal.result(digits)


@app.command()
def confirm(
    context: typer.Context,
    digits: Annotated[
        list[str] | None, typer.Argument(help="The confirmation id; - reads it from standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The confirmation file from the vendor.")] = None,
    organisation_name: Organisation = "",
    home: Home = None,
) -> None:
    """Take the vendor's confirmation: from then on the host may answer. A running host notices by itself."""
    folder, typed = home_of(context, home), " ".join(digits or ())
    if file is not None:
        if typed:
            raise Misconfigured(Code.USAGE, "a confirmation id and --file exclude each other", "Give one of them.")
        identity = host.confirm_file(folder, read_input(file), organisation=organisation_name)
    else:
        if typed in {"", "-"}:
            typed = typer.prompt("Confirmation id", err=True) if _asks(typed) else sys.stdin.read(4096)
        identity = host.confirm(folder, typed, organisation=organisation_name)
    claims = identity.claims
    if claims is not None:
        terminal.result(
            f"activated: certificate {claims.serial}, organisation {claims.organisation}; next: muster host serve"
        )


@app.command()
def serve(
    context: typer.Context,
    listen: Annotated[
        list[str] | None, typer.Option("--listen", metavar="ADDR:PORT", help="Where; may be repeated.")
    ] = None,
    recount: Annotated[bool, typer.Option("--recount", help="Move a damaged database away and count anew.")] = False,
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
    home: Home = None,
) -> None:
    """Answer machines until stopped; publishes in DNS when that is configured."""
    serve_until_told(home_of(context, home), listen=listen, recount=recount, level=log_level)


@app.command()
def status(
    context: typer.Context,
    *,
    check: Annotated[bool, typer.Option("--check", help="End with 1 when something needs attention.")] = False,
    look_up: Annotated[
        bool, typer.Option("--look-up/--no-look-up", help="Look up in DNS what machines will find.")
    ] = True,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show certificates, counts, requests, DNS, and what needs attention."""
    folder = home_of(context, home)
    seen = asyncio.run(host.look(folder, os.environ)) if look_up else ()
    found = host.status(folder, environment=os.environ, seen=seen)
    if as_json:
        terminal.result_json(found.report)
    else:
        show_status(found)
    if check and found.concerns:
        raise typer.Exit(1)


@app.command()
def publish(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print the records, for writing them by hand.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Publish this host in DNS now."""
    folder = home_of(context, home)
    if dry_run:
        show_records(host.plan(folder, os.environ), as_json=as_json)
        return
    raise typer.Exit(show_publications(asyncio.run(host.publish(folder, os.environ)), as_json=as_json))


@app.command()
def retire(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """Withdraw from DNS everything that this host published."""
    published = asyncio.run(host.retire(home_of(context, home), os.environ))
    raise typer.Exit(show_publications(published, as_json=as_json))


app.add_typer(config_commands(SETTINGS, home_of), name="config")
app.command("load-test")(load_test)
app.command()(activate)
app.command()(answer)
app.command()(backup)
app.command()(restore)
app.command()(report)
app.command()(machines)
app.command()(log)


def _secret(key: str) -> str:
    """A host key from the argument, from standard input or from a prompt."""
    if key == "-":
        return sys.stdin.read(200)
    if key:
        terminal.warn("a key on the command line can be read by others in the process list; use - or the prompt")
        return key
    return str(typer.prompt("Host key", hide_input=True, err=True))


def _asks(typed: str) -> bool:
    return not typed and sys.stdin.isatty()

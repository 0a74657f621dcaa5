"""``muster client``: one machine's activation by words. Only words in and out; decides nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.client import app as client
from muster.client.cli.carrying import request
from muster.client.cli.choosing import add_choices
from muster.client.cli.diagnosing import diagnose
from muster.client.cli.options import (
    MAX_TYPED,
    Edition,
    Home,
    Json,
    changing,
    read_input,
    reading,
    remember_home,
    secret,
    write_output,
)
from muster.client.cli.showing import show

GOOD_STATES = {"LICENSED"}
LOG_ROWS = 50

app = typer.Typer(add_completion=False, no_args_is_help=True, help="A machine: activate, renew, tell its state.")
app.callback()(remember_home)


@app.command()
def install(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The product file from the vendor.")],
    edition: Edition = None,
    force: Annotated[bool, typer.Option("--force", help="Take an older one, too.")] = False,
    home: Home = None,
) -> None:
    """Install a product file and, with it, the generic key of an edition."""
    text = read_input(file)
    with changing(context, home) as machine:
        done = client.install(machine, text, edition=edition, force=force)
    claims = done.product.claims
    if done.edition is not None:
        terminal.result(f"installed {claims.vendor} with the generic key of {done.edition.name}")
        terminal.note("next: muster client activate")
        return
    terminal.result(f"installed {claims.vendor}")
    names = ", ".join(e.name for e in claims.editions)
    terminal.note(f"no key yet; choose an edition with --edition, or muster client install-key: {names}")


@app.command("install-key")
def install_key(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The key; - reads it from standard input; nothing: asks.")] = "",
    edition: Edition = None,
    home: Home = None,
) -> None:
    """Install a generic key or a multiple activation key in place of the one before."""
    text = secret(key)
    with changing(context, home) as machine:
        scene = client.install_key(machine, text, edition=edition)
    part = scene.part.key
    if part is None:
        return
    if key not in {"", "-"} and part.kind:
        terminal.warn("a key on the command line can be read by others in the process list; use - or the prompt")
    terminal.result(f"key …{part.partial} installed for {scene.edition.name}")


@app.command("uninstall-key")
def uninstall_key(context: typer.Context, edition: Edition = None, home: Home = None) -> None:
    """Remove the key and the activation of an edition."""
    with changing(context, home) as machine:
        scene = client.uninstall_key(machine, edition)
    terminal.result(f"{scene.edition.name}: key removed")


@app.command()
def activate(context: typer.Context, edition: Edition = None, as_json: Json = False, home: Home = None) -> None:
    """Activate an edition now; a machine below the threshold is counted and told ``n of m``."""
    _attempt(context, edition, home, as_json=as_json)


@app.command()
def renew(context: typer.Context, edition: Edition = None, as_json: Json = False, home: Home = None) -> None:
    """Renew an activation now, before its time."""
    _attempt(context, edition, home, as_json=as_json)


def _attempt(context: typer.Context, edition: str | None, home: Path | None, *, as_json: bool) -> None:
    with changing(context, home) as machine:
        result = asyncio.run(client.activate(machine, edition))
    _show(result, as_json=as_json)


def _show(result: client.Result, *, as_json: bool) -> None:
    row = client.report(result.scene)
    if as_json:
        terminal.result_json(row)
    else:
        show(row)
    if result.error is not None:
        raise typer.Exit(result.error.exit_code if as_json else terminal.report(result.error))


@app.command()
def status(
    context: typer.Context,
    edition: Edition = None,
    check: Annotated[bool, typer.Option("--check", help="End with 1 unless everything is activated.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show the state of every edition, or of one."""
    machine = reading(context, home)
    scenes = machine.scenes() if edition is None else (machine.scene(edition),)
    rows = [client.report(scene) for scene in scenes]
    if as_json:
        terminal.result_json({"editions": rows} if edition is None else rows[0])
    elif not rows:
        terminal.result("nothing is installed: muster client install FILE --edition NAME")
    else:
        for row in rows:
            show(row)
    if check and (not rows or any(row["state"] not in GOOD_STATES for row in rows)):
        raise typer.Exit(1)


@app.command("license")
def license_(context: typer.Context, edition: Edition = None, as_json: Json = False, home: Home = None) -> None:
    """Show what an edition rests on: vendor, product file, keysets, evidence."""
    machine = reading(context, home)
    scene = machine.scene(edition)
    product, standing = scene.product, scene.standing()
    row = {
        "edition": scene.edition.name,
        "edition_id": scene.edition.id,
        "group": scene.edition.group,
        "level": scene.edition.level,
        "threshold": scene.edition.threshold,
        "vendor": product.claims.vendor,
        "vendor_fingerprint": product.fingerprint.hex(),
        "product_serial": product.claims.serial,
        "keyset": product.keysets.version,
        "state": str(standing.state),
        "method": str(standing.method) if standing.method else None,
        "certificate": standing.serial,
        "organisation": standing.organisation,
        "reason": str(standing.reason) if standing.reason else None,
        "expires_at": client.instant(standing.expires_at),
    }
    if as_json:
        terminal.result_json(row)
        return
    for name, value in row.items():
        terminal.result(f"{name.replace('_', ' '):<20}{'-' if value is None else terminal.clean(str(value))}")


@app.command("installation-id")
def installation_id(
    context: typer.Context,
    *,
    out: Annotated[Path | None, typer.Option("--file", help="Write it into a file for the vendor instead.")] = None,
    qr: Annotated[bool, typer.Option("--qr", help="Show it as a QR code.")] = False,
    edition: Edition = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Print the id that the vendor confirms: 10 groups of digits."""
    with changing(context, home) as machine:
        digits = client.installation_id(machine, edition)
        text = client.installation_file(machine, edition) if out is not None else ""
    if out is not None:
        write_output(out, text)
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
    *,
    digits: Annotated[list[str] | None, typer.Argument(help="The confirmation id; - reads it from stdin.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The vendor's confirmation or the host's reply.")] = None,
    edition: Edition = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Deposit the vendor's confirmation, or a host's reply to a request that went as a file."""
    typed = " ".join(digits or ())
    if file is not None and typed:
        raise Misconfigured(Code.USAGE, "a confirmation id and --file exclude each other", "Give one of them.")
    if file is None and typed in {"", "-"}:
        asks = not typed and sys.stdin.isatty()
        typed = typer.prompt("Confirmation id", err=True) if asks else sys.stdin.read(MAX_TYPED)
    with changing(context, home) as machine:
        if file is not None:
            result = client.deposit_file(machine, read_input(file), edition=edition)
        else:
            result = client.Result(client.confirm(machine, typed, edition=edition), None)
    _show(result, as_json=as_json)


@app.command()
def rearm(
    context: typer.Context,
    keep_grace: Annotated[bool, typer.Option("--keep-grace", help="Do not begin the first grace anew.")] = False,
    home: Home = None,
) -> None:
    """Make this machine ready to be captured as an image: new client id, keys kept, activations dropped."""
    with changing(context, home) as machine:
        vendors = client.rearm_all(machine, keep_grace=keep_grace)
    terminal.result(f"rearmed: {', '.join(vendors)}")


@app.command()
def log(
    context: typer.Context,
    rows: Annotated[int, typer.Option("--last", help="How many events.")] = LOG_ROWS,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what happened on this machine."""
    events = reading(context, home).journal.last(rows)
    if as_json:
        terminal.result_json({"events": events})
        return
    for event in events:
        rest = " ".join(f"{k}={v}" for k, v in event.items() if k not in {"time", "event"} and v is not None)
        terminal.result(terminal.clean(f"{event.get('time')}  {event.get('event')}  {rest}", 400))


add_choices(app)
app.command()(diagnose)
app.command()(request)

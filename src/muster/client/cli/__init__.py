"""``muster client``: one machine's activation by words. Only words in and out; decides nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.base.terminal import clean
from muster.client.app.asking import read_error
from muster.client.cli.carrying import request
from muster.client.cli.choosing import add_choices
from muster.client.cli.diagnosing import diagnose
from muster.client.cli.options import (
    MAX_TYPED,
    Edition,
    Home,
    Json,
    ask,
    read_file,
    remember_home,
    secret,
    write_output,
)
from muster.client.cli.serving import serve
from muster.client.cli.showing import show

GOOD_STATES = {"LICENSED"}
LOG_ROWS = 50
Service = Annotated[
    str | None, typer.Option("--service", metavar="URL", help="The vendor's service for a multiple activation key.")
]

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
    done = ask(context, home, "install", file=read_file(file), edition=edition, force=force)
    if done["edition"] is not None:
        terminal.result(f"installed {clean(done['vendor'])} with the generic key of {clean(done['edition'])}")
        terminal.note("next: muster client activate")
        return
    terminal.result(f"installed {clean(done['vendor'])}")
    names = ", ".join(clean(name) for name in done["editions"])
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
    done = ask(context, home, "install-key", key=text, edition=edition)
    if key not in {"", "-"} and done["is_secret"]:
        terminal.warn("a key on the command line can be read by others in the process list; use - or the prompt")
    terminal.result(f"key …{done['partial_key']} installed for {done['edition']}")


@app.command("uninstall-key")
def uninstall_key(context: typer.Context, edition: Edition = None, home: Home = None) -> None:
    """Remove the key and the activation of an edition."""
    done = ask(context, home, "uninstall-key", edition=edition)
    terminal.result(f"{done['edition']}: key removed")


@app.command()
def activate(
    context: typer.Context, edition: Edition = None, service: Service = None, as_json: Json = False, home: Home = None
) -> None:
    """Activate an edition now; a machine below the threshold is counted and told ``n of m``."""
    _show(ask(context, home, "activate", edition=edition, service=service), as_json=as_json)


@app.command()
def renew(context: typer.Context, edition: Edition = None, as_json: Json = False, home: Home = None) -> None:
    """Renew an activation now, before its time."""
    _show(ask(context, home, "renew", edition=edition), as_json=as_json)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    row = found["edition"]
    if as_json:
        terminal.result_json(row)
    else:
        show(row)
    if found["error"] is not None:
        error = read_error(found["error"])
        raise typer.Exit(error.exit_code if as_json else terminal.report(error))


@app.command()
def status(
    context: typer.Context,
    edition: Edition = None,
    check: Annotated[bool, typer.Option("--check", help="End with 1 unless everything is activated.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show the state of every edition, or of one."""
    found = ask(context, home, "status", edition=edition)
    rows, damaged = found["editions"], found.get("damaged", [])
    if as_json:
        terminal.result_json(found if edition is None else rows[0])
    elif not rows:
        terminal.result("nothing is installed: muster client install FILE --edition NAME")
    else:
        for row in rows:
            show(row)
    for vendor in damaged if not as_json else ():
        error = read_error(vendor["error"])
        terminal.warn(f"vendor {clean(vendor['vendor'])} is left out: {clean(error.message, 300)} [{error.code}]")
        terminal.note(f"hint: {clean(error.hint)}")
    if check and (not rows or damaged or any(row["state"] not in GOOD_STATES for row in rows)):
        raise typer.Exit(1)


@app.command("license")
def license_(context: typer.Context, edition: Edition = None, as_json: Json = False, home: Home = None) -> None:
    """Show what an edition rests on: vendor, product file, keysets, evidence."""
    row = ask(context, home, "license", edition=edition)
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
    found = ask(context, home, "installation-id", edition=edition)
    digits = found["installation_id"]
    if out is not None:
        write_output(out, found["file"])
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
    given = {"digits": typed} if file is None else {"file": read_file(file)}
    _show(ask(context, home, "confirm", edition=edition, **given), as_json=as_json)


@app.command()
def rearm(
    context: typer.Context,
    keep_grace: Annotated[bool, typer.Option("--keep-grace", help="Do not begin the first grace anew.")] = False,
    home: Home = None,
) -> None:
    """Make this machine ready to be captured as an image: new client id, keys kept, activations dropped."""
    done = ask(context, home, "rearm", keep_grace=keep_grace)
    terminal.result(f"rearmed: {', '.join(clean(vendor) for vendor in done['vendors'])}")


@app.command()
def log(
    context: typer.Context,
    rows: Annotated[int, typer.Option("--last", help="How many events.")] = LOG_ROWS,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what happened on this machine."""
    events = ask(context, home, "log", last=rows)["events"]
    if as_json:
        terminal.result_json({"events": events})
        return
    for event in events:
        rest = " ".join(f"{k}={v}" for k, v in event.items() if k not in {"time", "event"} and v is not None)
        terminal.result(terminal.clean(f"{event.get('time')}  {event.get('event')}  {rest}", 400))


add_choices(app)
app.command()(diagnose)
app.command()(request)
app.command()(serve)

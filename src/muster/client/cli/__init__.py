"""``muster client``: one machine's activation by words. Only words in and out; decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.terminal import clean
from muster.client.app.asking import read_error
from muster.client.app.settings import SETTINGS
from muster.client.cli.applying import apply
from muster.client.cli.carrying import request
from muster.client.cli.choosing import add_choices
from muster.client.cli.confirming import confirm, installation_id
from muster.client.cli.diagnosing import diagnose
from muster.client.cli.options import (
    Edition,
    Home,
    Json,
    ask,
    home_of,
    read_file,
    remember_home,
    secret,
)
from muster.client.cli.remote import remote
from muster.client.cli.serving import serve
from muster.client.cli.showing import show, show_attempt
from muster.platform.settings_commands import config_commands

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
    show_attempt(ask(context, home, "activate", edition=edition, service=service), as_json=as_json)


@app.command()
def renew(context: typer.Context, edition: Edition = None, as_json: Json = False, home: Home = None) -> None:
    """Renew an activation now, before its time."""
    show_attempt(ask(context, home, "renew", edition=edition), as_json=as_json)


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
app.add_typer(config_commands(SETTINGS, home_of), name="config")
app.command("installation-id")(installation_id)
app.command()(confirm)
app.command()(diagnose)
app.command()(apply)
app.command()(remote)
app.command()(request)
app.command()(serve)

"""``muster vendor keyset``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.trust.keyset import TrustedKeysets
from muster.vendor import app as vendor
from muster.vendor.cli.options import Home, Json, PassphraseFd, opened, passphrase, read_text, write_output
from muster.wire.calendar import day_start

keysets = typer.Typer(add_completion=False, no_args_is_help=True, help="Root and issuing keys, and what they say.")
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of an issuing key.")]
Serial = Annotated[int, typer.Argument(metavar="SERIAL", help="Of a certificate.")]
Purposes = Annotated[str, typer.Option("--purpose", help="host, object, permanent, product, bundle, or all.")]


@keysets.command("show")
def show(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """Show the newest keyset."""
    _show(opened(context, home).keysets(), as_json=as_json)


def _show(trusted: TrustedKeysets, *, as_json: bool = False) -> None:
    newest = trusted.newest
    row = {
        "version": newest.version,
        "threshold": newest.threshold,
        "roots": [root.hex() for root in newest.roots],
        "expires": f"{day_start(newest.expires_day):%Y-%m-%d}",
        "issuing": [
            {"number": k.number, "purpose": k.purpose.name.lower(), "status": k.status.name.lower()}
            for k in newest.issuing
        ],
        "withdrawn": list(newest.withdrawn),
        "vendor_fingerprint": trusted.fingerprint.hex(),
    }
    if as_json:
        terminal.result_json(row)
        return
    terminal.result(
        f"keyset {newest.version}, {newest.threshold} of {len(newest.roots)} root keys, until {row['expires']}"
    )
    for key in newest.issuing:
        terminal.result(f"{key.number:>4}  {key.purpose.name.lower():<10}{key.status.name.lower()}")
    if newest.withdrawn:
        terminal.result(f"withdrawn certificates: {', '.join(map(str, newest.withdrawn))}")


def _change(context: typer.Context, home: Path | None, descriptor: int | None, wanted: vendor.Change) -> None:
    _show(vendor.change(opened(context, home, descriptor), wanted))
    terminal.note("next: muster vendor product export, and give the product file to hosts and machines")


@keysets.command("rotate")
def rotate(
    context: typer.Context, purpose: Purposes = "all", passphrase_fd: PassphraseFd = None, home: Home = None
) -> None:
    """Retire the issuing keys in use; their spares, which machines know already, take over."""
    _change(context, home, passphrase_fd, vendor.Change(rotate=vendor.purposes(purpose)))


@keysets.command("retire")
def retire(context: typer.Context, number: Number, passphrase_fd: PassphraseFd = None, home: Home = None) -> None:
    """Retire one issuing key; what it signed stays good."""
    _change(context, home, passphrase_fd, vendor.Change(retire=(number,)))


@keysets.command("revoke")
def revoke(context: typer.Context, number: Number, passphrase_fd: PassphraseFd = None, home: Home = None) -> None:
    """Revoke one issuing key; what it signed is void, and its hosts need new certificates."""
    _change(context, home, passphrase_fd, vendor.Change(revoke=(number,)))


@keysets.command("withdraw")
def withdraw(context: typer.Context, serial: Serial, passphrase_fd: PassphraseFd = None, home: Home = None) -> None:
    """Withdraw one certificate; it renews no lease once machines know the new keyset."""
    _change(context, home, passphrase_fd, vendor.Change(withdraw=(serial,)))


@keysets.command("propose")
def propose(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", help="The proposal to write.")],
    purpose: Annotated[str, typer.Option("--rotate", help="Purposes to rotate.")] = "",
    retire_: Annotated[list[int] | None, typer.Option("--retire", help="An issuing key.")] = None,
    revoke_: Annotated[list[int] | None, typer.Option("--revoke", help="An issuing key.")] = None,
    withdraw_: Annotated[list[int] | None, typer.Option("--withdraw", help="A certificate.")] = None,
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Write the next keyset to be signed where the root keys are."""
    wanted = vendor.Change(
        vendor.purposes(purpose) if purpose else (), tuple(retire_ or ()), tuple(revoke_ or ()), tuple(withdraw_ or ())
    )
    write_output(out, vendor.propose(opened(context, home, passphrase_fd), wanted))


@keysets.command("sign")
def sign(
    context: typer.Context,
    proposal: Annotated[Path, typer.Argument(help="The proposal.")],
    *,
    root: Annotated[list[Path], typer.Option("--root", help="A root key's file; may be repeated.")],
    out: Annotated[Path, typer.Option("--out", help="The signatures to write.")],
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Sign a proposal with root keys; needs no vendor home."""
    secret = passphrase(context, passphrase_fd)()
    write_output(out, vendor.sign(read_text(proposal), [vendor.read_root(path, secret) for path in root]))


@keysets.command("publish")
def publish(
    context: typer.Context,
    proposal: Annotated[Path, typer.Argument(help="The proposal.")],
    signatures: Annotated[list[Path], typer.Argument(help="Files of signatures.")],
    home: Home = None,
) -> None:
    """Make a signed proposal the newest keyset."""
    _show(vendor.publish(opened(context, home), read_text(proposal), [read_text(path) for path in signatures]))

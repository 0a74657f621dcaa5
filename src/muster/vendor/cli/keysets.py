"""``muster vendor keyset``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.trust.keyset import TrustedKeysets
from muster.vendor import app as vendor
from muster.vendor.cli.options import Home, Json, PassphraseFd, home_of, opened, passphrase, read_text, write_output
from muster.wire.calendar import day_start

keysets = typer.Typer(add_completion=False, no_args_is_help=True, help="Root and issuing keys, and what they say.")
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of an issuing key.")]
Serial = Annotated[int, typer.Argument(metavar="SERIAL", help="Of a certificate.")]
Purposes = Annotated[str, typer.Option("--purpose", help="host, object, permanent, product, bundle, or all.")]
NEXT = "next: muster vendor product export, and give the product file to hosts and machines"


@keysets.command("show")
def show(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """Show the newest keyset, and which root keys' files are in this home."""
    _show(context, home, opened(context, home).keysets(), as_json=as_json)


def _show(context: typer.Context, home: Path | None, trusted: TrustedKeysets, *, as_json: bool = False) -> None:
    newest = trusted.newest
    files = {file.path.name: file.public for file in vendor.root_files(home_of(context, home))}
    row = {
        "version": newest.version,
        "threshold": newest.threshold,
        "roots": [root.hex() for root in newest.roots],
        "root_files": {name: public.hex() if public else None for name, public in files.items()},
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
    signing = vendor.of_roots(newest.threshold, len(newest.roots))
    terminal.result(f"keyset {newest.version}, {signing}, until {row['expires']}")
    _show_roots(newest.roots, files)
    for key in newest.issuing:
        terminal.result(f"{key.number:>4}  {key.purpose.name.lower():<10}{key.status.name.lower()}")
    if newest.withdrawn:
        terminal.result(f"withdrawn certificates: {', '.join(map(str, newest.withdrawn))}")


def _show_roots(roots: Sequence[bytes], files: Mapping[str, bytes | None]) -> None:
    """Each root key with its file, then the files of this home that belong to none of them."""
    for number, root in enumerate(roots, 1):
        here = ", ".join(name for name, public in files.items() if public == root)
        terminal.result(f"root {number}  {root.hex()}  {here or 'not in this home'}")
    for name, public in files.items():
        if public is None:
            terminal.result(f"{name} does not tell its public key")
        elif public not in roots:
            terminal.result(f"{name} is of no root key in this keyset")


def _change(context: typer.Context, home: Path | None, descriptor: int | None, wanted: vendor.Change) -> None:
    _show(context, home, vendor.change(opened(context, home, descriptor), wanted))
    terminal.note(NEXT)


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


@keysets.command("new-root")
def new_root(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", help="The root key's file to write; it keeps this name.")],
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Make a root key in a file; needs no vendor home. Prints its public key."""
    public = vendor.new_root(out, passphrase(context, passphrase_fd, twice=True))
    terminal.result(public.hex())
    terminal.note(f"the root key is in {out}; keep a copy elsewhere: it is in no backup of the vendor")
    terminal.note(f"next: muster vendor keyset propose --add-root {public.hex()} --out FILE")


@keysets.command("rotate-root")
def rotate_root(
    context: typer.Context,
    which: Annotated[
        str, typer.Argument(metavar="ROOT", help="The root key to replace: its number, or its public key.")
    ] = "",
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Replace a root key by a new one, in one step; only where the root keys are. ROOT is needed where there are several."""
    trusted, name = vendor.replace_root(opened(context, home, passphrase_fd), which)
    _show(context, home, trusted)
    file = home_of(context, home) / vendor.ROOTS / name
    terminal.note(f"the new root key is in {file}; keep a copy elsewhere: it is in no backup of the vendor")
    terminal.note(NEXT)


@keysets.command("propose")
def propose(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", help="The proposal to write.")],
    purpose: Annotated[str, typer.Option("--rotate", help="Purposes to rotate.")] = "",
    retire_: Annotated[list[int] | None, typer.Option("--retire", help="An issuing key.")] = None,
    revoke_: Annotated[list[int] | None, typer.Option("--revoke", help="An issuing key.")] = None,
    withdraw_: Annotated[list[int] | None, typer.Option("--withdraw", help="A certificate.")] = None,
    add_root: Annotated[
        list[str] | None,
        typer.Option("--add-root", metavar="ROOT", help="A new root key: its file, or its public key."),
    ] = None,
    drop_root: Annotated[
        list[str] | None, typer.Option("--drop-root", metavar="ROOT", help="A root key: its number, or its public key.")
    ] = None,
    threshold: Annotated[
        int | None, typer.Option("--threshold", help="How many root keys sign from now on.", show_default=False)
    ] = None,
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Write the next keyset to be signed where the root keys are."""
    wanted = vendor.Change(
        vendor.purposes(purpose) if purpose else (),
        tuple(retire_ or ()),
        tuple(revoke_ or ()),
        tuple(withdraw_ or ()),
        tuple(vendor.named_root(root) for root in add_root or ()),
        tuple(drop_root or ()),
        threshold,
    )
    proposal = vendor.propose(opened(context, home, passphrase_fd), wanted)
    write_output(out, proposal)
    _tell(proposal)


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
    secret, text = passphrase(context, passphrase_fd)(), read_text(proposal)
    signatures = vendor.sign(text, [vendor.read_root(path, secret) for path in root])
    write_output(out, signatures)
    _tell(text, signatures)


def _tell(proposal: str, *signatures: str) -> None:
    """What a proposal does to the root keys, and whose signatures it still needs."""
    read = vendor.read_proposal(proposal)
    if read.change is not None:
        terminal.note(f"keyset {read.after.version} {'; '.join(read.change.words())}")
    for side in vendor.standing(proposal, signatures):
        terminal.note(f"with these signatures {side.words()}" if signatures else side.words())


@keysets.command("publish")
def publish(
    context: typer.Context,
    proposal: Annotated[Path, typer.Argument(help="The proposal.")],
    signatures: Annotated[list[Path], typer.Argument(help="Files of signatures.")],
    home: Home = None,
) -> None:
    """Make a signed proposal the newest keyset."""
    texts = [read_text(path) for path in signatures]
    trusted = vendor.publish(opened(context, home), read_text(proposal), texts)
    _show(context, home, trusted)
    for root in vendor.unproven(trusted):
        terminal.warn(f"root key {root.hex()} is new and did not sign: nothing shows that anybody holds it")
    terminal.note(NEXT)

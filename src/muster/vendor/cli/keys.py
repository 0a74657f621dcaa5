"""``muster vendor key``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured
from muster.trust.productkey import KeyKind
from muster.vendor import app as vendor
from muster.vendor.cli.many_keys import issue_many
from muster.vendor.cli.options import Home, Json, PassphraseFd, opened
from muster.wire.calendar import day_start

keys = typer.Typer(add_completion=False, no_args_is_help=True, help="Host keys and multiple activation keys.")
Which = Annotated[str, typer.Argument(metavar="KEY", help="Its number, its last five characters, or the key itself.")]
KINDS = {"host": KeyKind.HOST, "mak": KeyKind.MAK}


@keys.command("issue")
def issue(
    context: typer.Context,
    *,
    kind: Annotated[str, typer.Option("--kind", metavar="host|mak", help="host or mak")],
    scope: Annotated[str, typer.Option("--scope", help="A group's name for a host key, an edition's for a MAK.")],
    organisation: Annotated[str, typer.Option("--organisation", help="The customer.")],
    level: Annotated[int | None, typer.Option("--level", help="Up to which level (host); 255 covers all.")] = None,
    activations: Annotated[int | None, typer.Option("--activations", help="How many machines (mak); 1.")] = None,
    days: Annotated[int | None, typer.Option("--days", help="Days of a certificate, or of an activation.")] = None,
    seats: Annotated[int, typer.Option("--seats", help="Seats sold: shown, never enforced.")] = 0,
    until: Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Contract end.")] = None,
    covers_until: Annotated[
        datetime | None, typer.Option("--covers-until", formats=["%Y-%m-%d"], help="Last release date covered (host).")
    ] = None,
    count: Annotated[int, typer.Option("--count", help="How many keys on these terms; more than one needs --csv.")] = 1,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the keys into a new table.")] = None,
    passphrase_fd: PassphraseFd = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Issue a key, or many into a table. It is printed once and never kept."""
    if kind not in KINDS:
        raise Misconfigured(Code.USAGE, f"there is no kind {kind!r}", "--kind host or --kind mak")
    order = vendor.Order(
        KINDS[kind],
        scope,
        organisation,
        level,
        activations,
        days,
        seats,
        until.date() if until else None,
        covers_until.date() if covers_until else None,
    )
    if csv is not None:
        issue_many(opened(context, home, passphrase_fd), order, count, csv)
        return
    if count != 1:
        raise Misconfigured(Code.USAGE, f"{count} keys are not printed", "--csv FILE takes them")
    _show_new(vendor.issue_key(opened(context, home, passphrase_fd), order).formatted, as_json=as_json)


def _show_new(key: str, *, as_json: bool) -> None:
    if as_json:
        terminal.result_json({"key": key})
    else:
        terminal.result(key)


@keys.command("list")
def list_(
    context: typer.Context,
    organisation: Annotated[str | None, typer.Option("--organisation", help="Of one customer only.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List keys; never the keys themselves."""
    rows = [_row(key) for key in vendor.list_keys(opened(context, home), organisation)]
    if as_json:
        terminal.result_json({"keys": rows})
        return
    for row in rows:
        use = f"{row['used']} of {row['activations']} activations" if row["kind"] == "mak" else f"{row['hosts']} hosts"
        marks = "  blocked" if row["blocked"] else ""
        name = terminal.clean(row["organisation"])
        terminal.result(
            f"{row['id']:>6}  {row['kind']:<4}  …{row['partial_key']}  {row['scope']}  {name}  {use}{marks}"
        )


def _row(key: vendor.KeyRow) -> dict[str, Any]:
    return {
        "id": key.id,
        "kind": str(key.kind),
        "scope": key.scope_name,
        "organisation": key.organisation.name,
        "partial_key": key.partial,
        "level": key.level if key.kind is KeyKind.HOST else None,
        "hosts": key.hosts,
        "reactivations": key.reactivations,
        "reactivated": key.reactivated,
        "activations": key.activations,
        "used": key.used,
        "days": key.days,
        "seats": key.seats,
        "until": _day(key.until_day),
        "covers_until": _day(key.covers_until_day),
        "blocked": key.is_blocked,
        "replaced_by": key.replaced_by,
        "created_at": f"{key.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _day(number: int) -> str | None:
    return f"{day_start(number):%Y-%m-%d}" if number else None


@keys.command("show")
def show(
    context: typer.Context, which: Which, passphrase_fd: PassphraseFd = None, as_json: Json = False, home: Home = None
) -> None:
    """Show a key's terms, and what was activated with it."""
    opened_vendor = opened(context, home, passphrase_fd)
    key = vendor.show_key(opened_vendor, which)
    certificates, machines = vendor.activations(opened_vendor, key)
    keysets = opened_vendor.keysets()
    row = _row(key) | {
        "certificates": [
            {
                "serial": c.serial,
                "kind": c.kind.name.lower(),
                "from": _day(c.claims.not_before_day),
                "until": _day(c.claims.end_day),
                "replaced_by": c.replaced_by,
                "withdrawn": keysets.is_withdrawn(c.serial),
                "cost": str(c.cost),
            }
            for c in certificates
        ],
        "machines": [
            {
                "id": m.id,
                "end": _day(m.end_day),
                "cost": str(m.cost),
                "confirmed_at": f"{m.created_at:%Y-%m-%dT%H:%M:%SZ}",
            }
            for m in machines
        ],
    }
    if as_json:
        terminal.result_json(row)
        return
    for name, value in row.items():
        if name not in {"certificates", "machines"}:
            terminal.result(f"{name.replace('_', ' '):<16}{'-' if value is None else terminal.clean(str(value))}")
    for c in row["certificates"]:
        gone = f", replaced by {c['replaced_by']}" if c["replaced_by"] else ""
        gone += ", withdrawn" if c["withdrawn"] else ""
        terminal.result(f"certificate     {c['serial']} of a {c['kind']}, {c['from']} to {c['until']}{gone}")
    for m in row["machines"]:
        terminal.result(f"machine         {m['id']}, confirmed {m['confirmed_at']}, until {m['end'] or 'for good'}")


@keys.command("block")
def block(context: typer.Context, which: Which, passphrase_fd: PassphraseFd = None, home: Home = None) -> None:
    """Refuse activations with a key; what was activated runs on."""
    row = vendor.block_key(opened(context, home, passphrase_fd), which, blocked=True)
    terminal.result(f"blocked: key {row.id} …{row.partial}")


@keys.command("unblock")
def unblock(context: typer.Context, which: Which, passphrase_fd: PassphraseFd = None, home: Home = None) -> None:
    """Take activations with a key up again."""
    row = vendor.block_key(opened(context, home, passphrase_fd), which, blocked=False)
    terminal.result(f"unblocked: key {row.id} …{row.partial}")


@keys.command("replace")
def replace(
    context: typer.Context, which: Which, passphrase_fd: PassphraseFd = None, as_json: Json = False, home: Home = None
) -> None:
    """Issue a new key in place of one that leaked, and block that. Prints the new key."""
    key = vendor.replace_key(opened(context, home, passphrase_fd), which)
    _show_new(key.formatted, as_json=as_json)


@keys.command("extend")
def extend(
    context: typer.Context,
    which: Which,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is written down.")],
    hosts: Annotated[int, typer.Option("--hosts", help="More hosts.")] = 0,
    reactivations: Annotated[int, typer.Option("--reactivations", help="More replacements of hosts.")] = 0,
    activations: Annotated[int, typer.Option("--activations", help="More activations.")] = 0,
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Grant more than was sold."""
    row = vendor.extend_key(
        opened(context, home, passphrase_fd),
        which,
        hosts=hosts,
        reactivations=reactivations,
        activations=activations,
        reason=reason,
    )
    told = (
        counted(row.activations, "activation")
        if row.kind is KeyKind.MAK
        else f"{counted(row.hosts, 'host')}, {counted(row.reactivations, 'replacement')}"
    )
    terminal.result(f"key {row.id} …{row.partial} now has {told}")

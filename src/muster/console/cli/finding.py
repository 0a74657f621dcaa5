"""``muster console discover``: machines by names, from files and from a directory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured
from muster.console import app as console
from muster.console.cli.options import Home, Json, home_of, read_text
from muster.console.directory import app as directory
from muster.console.directory.cli.options import password_of

NAMES = "Names, addresses, 10.0.0.1-10.0.0.50, 10.1.0.0/24, pc-[01:20]."
CSV = "A CSV file with a column name or address, as `muster host machines --csv` prints."
ANSIBLE = "An INI inventory, or what ansible-inventory --list prints."
FILE = "Any of these, of muster host machines --names --json, or a list: what it is is seen by its content."
LDAP = "A server (ldap://NAME, ldaps://NAME, ldapi://PATH), or a domain whose servers stand in DNS."
Found = tuple[str, Sequence[console.Target]]


def discover(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help=NAMES, show_default=False)] = None,
    *,
    csv_files: Annotated[list[Path] | None, typer.Option("--csv", help=CSV, show_default=False)] = None,
    ansible: Annotated[list[Path] | None, typer.Option("--ansible", help=ANSIBLE, show_default=False)] = None,
    files: Annotated[list[Path] | None, typer.Option("--file", help=FILE, show_default=False)] = None,
    ldap: Annotated[str, typer.Option("--ldap", metavar="URL|DOMAIN", help=LDAP)] = "",
    name: Annotated[str, typer.Option("--name", help="With --ldap: only machines called so, like pc-*.")] = "*",
    unit: Annotated[str, typer.Option("--ou", metavar="DN", help="With --ldap: only below this entry.")] = "",
    filter_: Annotated[str, typer.Option("--filter", help="With --ldap: only what fits, as in RFC 4515.")] = "",
    ldap_user: Annotated[str, typer.Option("--ldap-user", help="Log in with a password; else by Kerberos.")] = "",
    keytab: Annotated[str, typer.Option("--ldap-keytab", help="Log in by Kerberos with these keys.")] = "",
    principal: Annotated[str, typer.Option("--ldap-principal", help="Whose keys: NAME@REALM.")] = "",
    authority: Annotated[str, typer.Option("--ldap-ca", metavar="FILE", help="Behind the server's certificate.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Add machines to the inventory. Nothing is asked of them yet: see refresh."""
    found: list[Found] = [
        *(("list", console.from_list(name)) for name in names or ()),
        *((f"csv {path.name}", console.from_csv(read_text(path))) for path in csv_files or ()),
        *((f"ansible {path.name}", console.from_ansible(read_text(path))) for path in ansible or ()),
        *(
            (f"{kind} {path.name}", found)
            for path in files or ()
            for kind, found in [console.from_file(read_text(path))]
        ),
    ]
    unusable = 0
    if ldap:
        where = _where(ldap, ldap_user, keytab, principal, authority)
        targets, unusable = asyncio.run(_searched(where, console.Search(unit, name, filter_)))
        found.append((f"ldap {ldap}", targets))
    elif unit or filter_ or name != "*" or ldap_user or keytab or principal or authority:
        raise Misconfigured(Code.USAGE, "these options search a directory", "say which: --ldap URL")
    if not found:
        raise Misconfigured(
            Code.USAGE, "no machines are named", "name some, or give --csv, --ansible, --file or --ldap"
        )
    work = console.open_console(home_of(context, home))
    new = sum(console.discover(work, targets, source[:64]) for source, targets in found)
    number = sum(len(targets) for _, targets in found)
    if as_json:
        terminal.result_json({"found": number, "new": new, **({"unusable": unusable} if ldap else {})})
    else:
        terminal.result(f"{counted(number, 'machine')} found, {new} of them new")
        if unusable:
            terminal.note(f"{unusable} entries of the directory have no name that a machine can have")


def _where(ldap: str, user: str, keytab: str, principal: str, authority: str) -> directory.Where:
    if bool(keytab) is not bool(principal):
        raise Misconfigured(Code.USAGE, "--ldap-keytab and --ldap-principal belong together", "give both, or neither")
    server, domain = (ldap, "") if "://" in ldap else ("", ldap)
    return directory.Where(server, domain, user, password_of(user), keytab, principal, authority)


async def _searched(where: directory.Where, wanted: console.Search) -> tuple[Sequence[console.Target], int]:
    async with directory.connected(where, os.environ) as found:
        return await console.search_in(found, wanted)

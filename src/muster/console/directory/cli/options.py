"""Options that commands of `muster directory` share."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.console.directory import app as directory
from muster.platform.command_line import Json, read_input, write_output
from muster.platform.ldap.port import Directory

__all__ = [
    "MAX_TYPED",
    "Authority",
    "Base",
    "Domain",
    "Home",
    "Json",
    "Keytab",
    "Principal",
    "ProductFile",
    "Server",
    "User",
    "read_input",
    "secret",
    "where",
    "within",
    "write_output",
]

PASSWORD = "MUSTER_DIRECTORY_PASSWORD"  # noqa: S105 - the name of a variable
MAX_TYPED = 4096

Result = TypeVar("Result")

Server = Annotated[str, typer.Option("--server", metavar="URL", help="ldap://NAME, ldaps://NAME or ldapi://PATH.")]
Domain = Annotated[str, typer.Option("--domain", help="Find servers of this domain in DNS.")]
User = Annotated[str, typer.Option("--user", help="Log in with a password; without it, by Kerberos.")]
Keytab = Annotated[str, typer.Option("--keytab", help="Log in by Kerberos with these keys instead of own tickets.")]
Principal = Annotated[str, typer.Option("--principal", help="Whose keys of the keytab: NAME@REALM.")]
Authority = Annotated[str, typer.Option("--ca", metavar="FILE", help="The authority behind the server's certificate.")]
Base = Annotated[str, typer.Option("--base", metavar="DN", help="Keep objects below this entry.")]
ProductFile = Annotated[Path, typer.Option("--product", metavar="FILE", help="The vendor's product file.")]
Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="MUSTER_HOME", help="A machine's state folder: its products are known.", hidden=True),
]


def where(
    *, server: str, domain: str, user: str = "", keytab: str = "", principal: str = "", authority: str = ""
) -> directory.Where:
    """Where and as whom; asks for a password when one is needed and none was set."""
    if bool(keytab) is not bool(principal):
        raise Misconfigured(Code.USAGE, "--keytab and --principal belong together", "Give both, or neither.")
    if user and keytab:
        raise Misconfigured(Code.USAGE, "--user and --keytab exclude each other", "Give one of them.")
    password = ""
    if user and user != "-":
        password = os.environ.get(PASSWORD) or str(typer.prompt(f"Password of {user}", hide_input=True, err=True))
    return directory.Where(server, domain, user, password, keytab, principal, authority)


async def within(place: directory.Where, work: Callable[[Directory], Awaitable[Result]]) -> Result:
    """Do some work on the directory."""
    async with directory.connected(place, os.environ) as found:
        return await work(found)


def secret(key: str) -> str:
    """A host key from the argument, from standard input or from a prompt."""
    if key == "-":
        return sys.stdin.read(MAX_TYPED)
    if key:
        terminal.warn("a key on the command line can be read by others in the process list; use - or the prompt")
        return key
    return str(typer.prompt("Host key", hide_input=True, err=True))

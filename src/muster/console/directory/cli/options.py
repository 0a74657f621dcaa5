"""Options that commands of `muster directory` share."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from muster.base import terminal
from muster.base.errors import Code, Misconfigured
from muster.console.directory import app as directory
from muster.platform.command_line import Json, read_input, write_output
from muster.platform.ldap.port import Directory
from muster.platform.shared_options import shared_options

__all__ = [
    "MAX_TYPED",
    "Authority",
    "Base",
    "Domain",
    "Home",
    "Json",
    "Keytab",
    "Place",
    "Principal",
    "ProductFile",
    "Server",
    "User",
    "base_options",
    "log_in_options",
    "logging_in",
    "looking",
    "password_of",
    "read_input",
    "secret",
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


@dataclass
class Place:
    """A directory as a command was told of it; `base`: where objects are kept. A password is asked for when it is needed."""

    server: str = ""
    domain: str = ""
    user: str = ""
    keytab: str = ""
    principal: str = ""
    authority: str = ""
    base: str = ""
    _found: directory.Where | None = field(default=None, init=False)

    async def within(self, work: Callable[[Directory], Awaitable[Result]]) -> Result:
        """Do some work on the directory."""
        self._found = self._found or self._where()
        async with directory.connected(self._found, os.environ) as found:
            return await work(found)

    def _where(self) -> directory.Where:
        if bool(self.keytab) is not bool(self.principal):
            raise Misconfigured(Code.USAGE, "--keytab and --principal belong together", "Give both, or neither.")
        if self.user and self.keytab:
            raise Misconfigured(Code.USAGE, "--user and --keytab exclude each other", "Give one of them.")
        return directory.Where(
            self.server,
            self.domain,
            self.user,
            password_of(self.user),
            self.keytab,
            self.principal,
            self.authority,
        )


def password_of(user: str) -> str:
    """The password of a user of the directory, of the environment or a prompt; none for nobody and for ``-``."""
    if not user or user == "-":
        return ""
    return os.environ.get(PASSWORD) or str(typer.prompt(f"Password of {user}", hide_input=True, err=True))


def log_in_options(
    *,
    server: Server = "",
    domain: Domain = "",
    user: User = "",
    keytab: Keytab = "",
    principal: Principal = "",
    authority: Authority = "",
) -> None:
    """Which directory, and as whom."""


def base_options(*, base: Base = "") -> None:
    """Where objects are kept."""


def _place(_: typer.Context, given: Mapping[str, Any]) -> Place:
    return Place(**given)


logging_in = shared_options(_place, log_in_options)
"""Give a command, whose first parameter is a `Place`, the options that lead to one."""

looking = shared_options(_place, log_in_options, base_options)
"""The same, with --base."""


def secret(key: str) -> str:
    """A host key from the argument, from standard input or from a prompt."""
    if key == "-":
        return sys.stdin.read(MAX_TYPED)
    if key:
        terminal.warn("a key on the command line can be read by others in the process list; use - or the prompt")
        return key
    return str(typer.prompt("Host key", hide_input=True, err=True))

"""The settings of ``console.toml`` with their defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from muster.base.errors import SettingMistake, checked
from muster.console.core.carriage import SshSettings
from muster.platform.directory_address import check_domain, check_entry, check_principal, check_server
from muster.platform.openid.settings import OpenIdSettings

SQLITE = "sqlite"
SHARED = ("postgresql://", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """``[directory]``: what the pages about directories begin with, and how they log in where nobody types a password."""

    place: Annotated[
        str,
        "the server or the domain that the pages offer; only here may it be a local socket, ldapi://",
        '"ldaps://dc1.corp.example"',
    ] = ""
    base: Annotated[
        str,
        "the entry below which they keep objects; empty: where the directory keeps such",
        '"ou=muster,dc=corp,dc=example"',
    ] = ""
    keytab: Annotated[str, "keys to log in with by Kerberos; empty: own tickets", '"/etc/muster/console.keytab"'] = ""
    principal: Annotated[str, "whose keys of the keytab", '"muster@CORP.EXAMPLE"'] = ""
    authority: Annotated[str, "the authority behind servers' certificates; empty: the system's"] = ""

    def __post_init__(self) -> None:
        if bool(self.keytab) is not bool(self.principal):
            missing = "principal" if self.keytab else "keytab"
            raise SettingMistake(missing, "keytab and principal belong together", "set both, or neither")
        if self.place:
            checked("place", check_server if "://" in self.place else check_domain, self.place)
        for name, check, text in (("base", check_entry, self.base), ("principal", check_principal, self.principal)):
            if text:
                checked(name, check, text)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """`store`: ``sqlite``, a file in the home, or the URL of a PostgreSQL database."""

    store: Annotated[
        str,
        "where the inventory is: sqlite, a file in the home, or a database",
        '"postgresql://muster@db.corp.example/console"',
    ] = SQLITE
    ssh: SshSettings = field(default_factory=SshSettings)
    directory: DirectorySettings = field(default_factory=DirectorySettings)
    openid: OpenIdSettings = field(default_factory=OpenIdSettings)

    def __post_init__(self) -> None:
        if self.store != SQLITE and not self.store.startswith(SHARED):
            # Not shown: a password may stand in it.
            remedy = 'write store = "sqlite", or "postgresql://USER@SERVER/DATABASE"'
            raise SettingMistake("store", "neither sqlite nor the address of a PostgreSQL database", remedy)

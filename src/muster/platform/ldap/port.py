"""What programs need of a directory (RFC 4511), in their own words. No behaviour but the escaping of filters.

Values are bytes, always: whether a value is text is for its reader to say. Names of attributes are compared in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

Attributes: TypeAlias = Mapping[str, tuple[bytes, ...]]

LDAP_PORT = 389
MAX_ENTRIES = 5_000
ROOT = ""
"""DN of the entry that describes the server itself (RFC 4512 §5.1)."""


class Scope(StrEnum):
    """How far a search goes: the entry itself, those directly below, the whole tree."""

    BASE = "base"
    CHILDREN = "children"
    SUBTREE = "subtree"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was read. Keys of `attributes` are in lower case."""

    dn: str
    attributes: Attributes = field(default_factory=dict)

    def values(self, name: str) -> tuple[bytes, ...]:
        """All values of an attribute; empty when there are none, or they may not be read."""
        return self.attributes.get(name.lower(), ())

    def texts(self, name: str) -> tuple[str, ...]:
        """Those values that are text; what only looks like an attribute of text is left out."""
        found = []
        for value in self.values(name):
            try:
                found.append(value.decode())
            except UnicodeDecodeError:
                continue
        return tuple(found)

    def text(self, name: str) -> str:
        """The first value that is text, or an empty one."""
        return next(iter(self.texts(name)), "")


@dataclass(frozen=True, slots=True)
class Server:
    """One directory server: ``ldap://``, ``ldaps://`` or ``ldapi://``. `authority` is the path of the CA to believe.

    `start_tls` secures an ``ldap://`` connection before anything is said (RFC 4513 §3).
    """

    url: str
    start_tls: bool = False
    authority: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it is reached over a socket of this machine."""
        return self.url.lower().startswith("ldapi:")

    @property
    def has_tls(self) -> bool:
        """Whether the server has to show a certificate."""
        return self.start_tls or self.url.lower().startswith("ldaps:")


@dataclass(frozen=True, slots=True)
class Kerberos:
    """GSSAPI: by the keys in a keytab as `principal` (``PC1$@CORP.EXAMPLE``), or, when both are empty, by own tickets."""

    principal: str = ""
    keytab: str = ""


@dataclass(frozen=True, slots=True)
class Password:
    """A simple bind. Never sent without TLS, except over a local socket."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No name at all."""


@dataclass(frozen=True, slots=True)
class Local:
    """Who the system says this process is: over a local socket only (SASL EXTERNAL)."""


Login: TypeAlias = Kerberos | Password | Anonymous | Local


class Directory(Protocol):
    """A directory that was logged in to.

    Everything may raise `Unreachable` (DIRECTORY_UNREACHABLE) when no answer comes in time, and `Refused`
    (DIRECTORY_REFUSED) when the server says no.
    """

    async def read(
        self,
        base: str,
        scope: Scope = Scope.BASE,
        filter_: str = "(objectClass=*)",
        attributes: tuple[str, ...] = (),
        limit: int = MAX_ENTRIES,
    ) -> tuple[Entry, ...]:
        """Up to `limit` entries that match and may be read; empty when there is no such `base`.

        Operational attributes come only when they are named. Referrals are not followed and not told.
        """

    async def add(self, dn: str, attributes: Attributes) -> None:
        """A new entry; `Refused` with NAME_TAKEN when there is one of this name."""

    async def replace(self, dn: str, attributes: Attributes) -> None:
        """New values of attributes that exist or not; without values: no such attribute. `Refused` with NOT_FOUND."""

    async def remove(self, dn: str) -> None:
        """Remove one entry that nothing lies below; `Refused` with NOT_FOUND when there is none."""


class Directories(Protocol):
    """The way to directories."""

    def connect(self, server: Server, login: Login, patience: float) -> AbstractAsyncContextManager[Directory]:
        """Log in; `patience` is how many seconds any one answer, the login included, may take.

        `Unreachable` (DIRECTORY_UNREACHABLE), `Untrusted` (DIRECTORY_UNTRUSTED) when the server does not prove who it is,
        `Refused` with DIRECTORY_REFUSED for the login or with CLOCK_SKEW when the clocks are too far apart for Kerberos,
        `Misconfigured` for a login that the connection would betray.
        """


def escaped(value: str | bytes) -> str:
    """A value inside a search filter (RFC 4515 §3): every byte that is not a letter, digit or one of ``.-_ @`` as hex."""
    data = value.encode() if isinstance(value, str) else value
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_ @:"
    return "".join(chr(byte) if byte in plain else f"\\{byte:02x}" for byte in data)


def escaped_name(value: str) -> str:
    """A value inside a DN (RFC 4514 §2.4)."""
    text = "".join(f"\\{character}" if character in ',+"\\<>;=#' else character for character in value)
    if text.startswith(" "):
        text = f"\\{text}"
    if text.endswith(" ") and len(text) > 1:
        text = f"{text[:-1]}\\ "
    return text

"""A directory in memory that behaves as the real ones do: `Directories` without a network.

Keeps entries, gives ids, wants names to be below something, hides what an account may not read, and can be silent. Its
kinds differ where Active Directory and OpenLDAP differ: ids, root entry, who may read at all. Checks no schema.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from muster.base.errors import Code, Misconfigured, MusterError, Refused, Unreachable
from muster.platform.ldap.port import (
    MAX_ENTRIES,
    ROOT,
    Anonymous,
    Attributes,
    Entry,
    Kerberos,
    Local,
    Login,
    Password,
    Scope,
    Server,
)

_OPERATIONAL = frozenset({"entryuuid"})
_SPLIT = re.compile(r"(?<!\\),\s*")
_TEST = re.compile(r"([A-Za-z0-9.;-]+)=((?:[^()\\]|\\[0-9a-fA-F]{2})*)")


@dataclass
class MemoryDirectory:
    """One directory, and the servers that hold it; `base` is its naming context.

    `accounts` are passwords by user, and keytab paths by principal. `administrators` may write. `hidden` says what a user
    may not read. `silent` are URLs of servers that do not answer; `errors` what a server says instead.
    """

    base: str
    is_ad: bool = False
    accounts: dict[str, str] = field(default_factory=dict)
    administrators: set[str] = field(default_factory=set)
    hidden: Callable[[str, str], bool] = lambda user, dn: False  # noqa: ARG005
    silent: set[str] = field(default_factory=set)
    errors: dict[str, MusterError] = field(default_factory=dict)
    connected: list[str] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._put(self.base, {"objectClass": (b"top", b"domain")})
        if self.is_ad:
            self._put(self.configuration, {"objectClass": (b"top", b"configuration")})
            self._put(f"CN=Services,{self.configuration}", {"objectClass": (b"top", b"container")})

    @property
    def configuration(self) -> str:
        """DN of the configuration partition's head, in Active Directory."""
        return f"CN=Configuration,{self.base}"

    @asynccontextmanager
    async def connect(self, server: Server, login: Login, patience: float) -> AsyncIterator[MemorySession]:
        """See `Directories`; nobody waits."""
        self.connected.append(server.url)
        if server.url in self.silent:
            raise Unreachable(Code.DIRECTORY_UNREACHABLE, f"{server.url} did not answer within {patience:g} s")
        if server.url in self.errors:
            raise self.errors[server.url]
        yield MemorySession(self, server, self._user(server, login))

    def _user(self, server: Server, login: Login) -> str:
        if isinstance(login, Anonymous):
            return ""
        if isinstance(login, Local):
            if not server.is_local:
                raise Refused(Code.DIRECTORY_REFUSED, f"{server.url} refused the login")
            return "root"
        if isinstance(login, Password):
            if not (server.has_tls or server.is_local):
                raise Misconfigured(
                    Code.SETTINGS_INVALID, f"a password for {server.url} would be readable on its way", "Use StartTLS."
                )
            user, secret = login.user, login.password
        elif isinstance(login, Kerberos):
            user, secret = login.principal, login.keytab
        if self.accounts.get(user) != secret:
            raise Refused(Code.DIRECTORY_REFUSED, f"{server.url} refused the login")
        return user

    def _put(self, dn: str, attributes: Attributes) -> None:
        number = hashlib.sha256(f"{self.base}/{dn}".lower().encode()).digest()[:16]
        ident = {"objectguid": (number,)} if self.is_ad else {"entryuuid": (str(uuid.UUID(bytes=number)).encode(),)}
        name, _, value = _SPLIT.split(dn, maxsplit=1)[0].partition("=")
        kept = {key.lower(): tuple(values) for key, values in attributes.items() if values}
        kept.setdefault(name.lower(), (_unescaped(value),))
        kept["distinguishedname"] = (dn.encode(),)
        self.entries[_key(dn)] = Entry(dn, kept | ident)

    def root(self) -> Entry:
        """The entry that describes the server."""
        contexts: dict[str, tuple[bytes, ...]] = {"namingcontexts": (self.base.encode(),)}
        if self.is_ad:
            contexts = {
                "namingcontexts": (self.base.encode(), self.configuration.encode()),
                "defaultnamingcontext": (self.base.encode(),),
                "configurationnamingcontext": (self.configuration.encode(),),
                "rootdomainnamingcontext": (self.base.encode(),),
            }
        return Entry(ROOT, contexts)


class MemorySession:
    """`Directory` as one user meets it."""

    def __init__(self, directory: MemoryDirectory, server: Server, user: str) -> None:
        self._directory = directory
        self._server = server
        self._user = user

    async def read(
        self,
        base: str,
        scope: Scope = Scope.BASE,
        filter_: str = "(objectClass=*)",
        attributes: tuple[str, ...] = (),
        limit: int = MAX_ENTRIES,
    ) -> tuple[Entry, ...]:
        """See `Directory`."""
        self._answers()
        if base == ROOT:
            return (_shown(self._directory.root(), attributes),)
        if not self._user:
            if self._directory.is_ad:
                raise Refused(Code.DIRECTORY_REFUSED, f"reading {base}: not without a login")
            return ()
        fits = _filter(filter_)
        found = []
        for key, entry in sorted(self._directory.entries.items()):
            if _is_within(key, _key(base), scope) and self._may_read(entry.dn) and fits(entry):
                found.append(_shown(entry, attributes))
        return tuple(found[:limit])

    async def add(self, dn: str, attributes: Attributes) -> None:
        """See `Directory`."""
        self._answers()
        self._may_write(f"adding {dn}")
        parent = _SPLIT.split(dn, maxsplit=1)[1]
        if _key(parent) not in self._directory.entries:
            raise Refused(Code.NOT_FOUND, f"adding {dn}: there is no such entry")
        if _key(dn) in self._directory.entries:
            raise Refused(Code.NAME_TAKEN, f"{dn} is there already")
        self._directory._put(dn, attributes)  # noqa: SLF001 - the session is the directory's other half

    async def replace(self, dn: str, attributes: Attributes) -> None:
        """See `Directory`."""
        self._answers()
        self._may_write(f"changing {dn}")
        entry = self._found(dn, "changing")
        changed = {**entry.attributes}
        for name, values in attributes.items():
            changed[name.lower()] = tuple(values)
        kept = {name: values for name, values in changed.items() if values}
        self._directory.entries[_key(dn)] = Entry(entry.dn, kept)

    async def remove(self, dn: str) -> None:
        """See `Directory`."""
        self._answers()
        self._may_write(f"removing {dn}")
        self._found(dn, "removing")
        if any(key.endswith(f",{_key(dn)}") for key in self._directory.entries):
            raise Refused(Code.DIRECTORY_REFUSED, f"removing {dn}: something lies below it")
        del self._directory.entries[_key(dn)]

    def _answers(self) -> None:
        if self._server.url in self._directory.silent:
            raise Unreachable(Code.DIRECTORY_UNREACHABLE, f"{self._server.url} did not answer")

    def _found(self, dn: str, doing: str) -> Entry:
        entry = self._directory.entries.get(_key(dn))
        if entry is None:
            raise Refused(Code.NOT_FOUND, f"{doing} {dn}: there is no such entry")
        return entry

    def _may_read(self, dn: str) -> bool:
        return self._user in self._directory.administrators or not self._directory.hidden(self._user, dn)

    def _may_write(self, doing: str) -> None:
        if self._user not in self._directory.administrators:
            raise Refused(Code.DIRECTORY_REFUSED, f"{doing}: this account may not do that")


def _key(dn: str) -> str:
    return ",".join(_SPLIT.split(dn.strip())).lower()


def _unescaped(value: str) -> bytes:
    return re.sub(r"\\([^0-9a-fA-F])", r"\1", value).encode()


def _is_within(key: str, base: str, scope: Scope) -> bool:
    if key == base:
        return scope is not Scope.CHILDREN
    if scope is Scope.BASE or not key.endswith(f",{base}"):
        return False
    return scope is Scope.SUBTREE or len(_SPLIT.split(key[: -len(base) - 1])) == 1


def _shown(entry: Entry, attributes: tuple[str, ...]) -> Entry:
    wanted = {name.lower() for name in attributes}
    if not wanted:
        return Entry(entry.dn, {k: v for k, v in entry.attributes.items() if k not in _OPERATIONAL})
    return Entry(entry.dn, {k: v for k, v in entry.attributes.items() if k in wanted})


def _filter(text: str) -> Callable[[Entry], bool]:
    """Equality and presence, joined by ``&``: what programs here ask for."""
    tests = []
    for name, value in _TEST.findall(text):
        wanted = re.sub(rb"\\([0-9a-fA-F]{2})", lambda m: bytes.fromhex(m[1].decode()), value.encode())
        tests.append((name, None if value == "*" else wanted.lower()))

    def fits(entry: Entry) -> bool:
        return all(
            bool(entry.values(name)) if wanted is None else any(v.lower() == wanted for v in entry.values(name))
            for name, wanted in tests
        )

    return fits

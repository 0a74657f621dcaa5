"""Directories behind one face for contract suites: in memory, OpenLDAP, a Samba domain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from muster.base.errors import MusterError
from muster.client.core.membership import Membership
from muster.platform.ldap.directory_process import DirectoryProcess
from muster.platform.ldap.memory import MemoryDirectory
from muster.platform.ldap.objects import find_layout, object_dn, write_object
from muster.platform.ldap.port import Attributes, Directories, Kerberos, Login, Password, Server
from muster.trust.installation import directory_subject
from muster.wire.directory import ActivationObject
from muster.wire.keyset import Purpose
from tests.worlds import dirsrv, openldap, samba
from tests.worlds.vendor_keys import CAD, VendorKeys

MEMORY_BASE = "dc=corp,dc=example"
MEMORY_SERVER = Server("ldap://dc1.corp.example")
PC1 = "PC1$@CORP.EXAMPLE"


@dataclass(frozen=True)
class Place:
    """A directory, who may do what there, and where a test may put its own entries: `crowd` at most."""

    directories: Directories
    server: Server
    administrator: Login
    machine: Login
    stranger: Login
    home: str
    base: str
    is_ad: bool
    crowd: int = 1203
    ident: tuple[str, int] = ("entryUUID", 36)
    """The attribute by which an entry is itself, and how many bytes it has."""

    def folder(self) -> Attributes:
        """Attributes of an entry that others may lie below."""
        return {"objectClass": (b"top", b"container")} if self.is_ad else {"objectClass": (b"applicationProcess",)}

    def thing(self, *descriptions: bytes) -> Attributes:
        """Attributes of an entry that describes something, in several values."""
        if self.is_ad:
            return {"objectClass": (b"top", b"serviceConnectionPoint"), "keywords": descriptions}
        return {"objectClass": (b"applicationProcess",), "description": descriptions}

    @property
    def words(self) -> str:
        """The attribute in which a thing has its values."""
        return "keywords" if self.is_ad else "description"


def memory_place(*, is_ad: bool) -> Place:
    directory = MemoryDirectory(
        MEMORY_BASE,
        is_ad,
        accounts={"admin": "secret", PC1: "pc1.keytab"},
        administrators={"admin"},
    )
    secure = Server(MEMORY_SERVER.url, start_tls=True)
    home = f"CN=Services,{directory.configuration}" if is_ad else MEMORY_BASE
    machine = Kerberos(PC1, "pc1.keytab")
    wrong = Password("admin", "guess")
    ident = ("objectGUID", 16) if is_ad else ("entryUUID", 36)
    return Place(
        directory, secure, Password("admin", "secret"), machine, wrong, home, MEMORY_BASE, is_ad=is_ad, ident=ident
    )


def slapd_place(server: openldap.Slapd) -> Place:
    url = Server(f"ldap://{server.address}", start_tls=True, authority=str(server.authority))
    administrator = Password(openldap.ADMINISTRATOR, openldap.PASSWORD)
    machine, wrong = Password(openldap.MACHINE, openldap.PASSWORD), Password(openldap.MACHINE, "guess")
    base = openldap.SUFFIX
    return Place(DirectoryProcess(), url, administrator, machine, wrong, base, base, is_ad=False)


def dirsrv_place(server: openldap.Slapd) -> Place:
    url = Server(f"ldap://{server.address}", start_tls=True, authority=str(server.authority))
    administrator = Password(dirsrv.ADMINISTRATOR, openldap.PASSWORD)
    machine, wrong = Password(openldap.MACHINE, openldap.PASSWORD), Password(openldap.MACHINE, "guess")
    base = openldap.SUFFIX
    ident = ("nsUniqueId", 35)
    return Place(DirectoryProcess(), url, administrator, machine, wrong, base, base, is_ad=False, ident=ident)


def samba_place(domain: samba.Domain, member: samba.Member) -> Place:
    """By address: a name would have to resolve on this machine. So Kerberos needs no TLS beside it."""
    administrator = Password(samba.ADMINISTRATOR, samba.PASSWORD)
    machine = Kerberos(f"{member.principal}@{samba.REALM}", str(member.keytab))
    wrong = Kerberos(f"NOBODY$@{samba.REALM}", str(member.keytab))
    url = Server(f"ldap://{domain.address}", start_tls=True, authority=str(domain.authority))
    home = f"CN=Services,{samba.CONFIGURATION}"
    # Samba takes its time for each entry: a page of 500 and a bit.
    crowd, ident = 503, ("objectGUID", 16)
    return Place(
        DirectoryProcess(), url, administrator, machine, wrong, home, samba.BASE, is_ad=True, crowd=crowd, ident=ident
    )


@dataclass
class DomainInMemory:
    """`Domain` of a machine that belongs to `member_of`, whose keys open `directories`; None: to no domain."""

    directories: Directories
    member_of: Membership | None = field(
        default_factory=lambda: Membership("corp.example", "test", keytab="pc1.keytab")
    )
    trouble: MusterError | None = None

    def membership(self) -> Membership | None:
        if self.trouble is not None:
            raise self.trouble
        return self.member_of

    def login(self, membership: Membership) -> Login:
        return Kerberos(PC1, membership.keytab)


def directory_in_memory(base: str = MEMORY_BASE, *, is_ad: bool = True) -> MemoryDirectory:
    """A directory with an administrator and one machine."""
    accounts = {"admin": "secret", PC1: "pc1.keytab"}
    return MemoryDirectory(base, is_ad, accounts=accounts, administrators={"admin"})


async def put_object(
    directory: MemoryDirectory,
    vendor: VendorKeys,
    name: str = "one",
    certificate: bytes | None = None,
    base: str = "",
    **claims: Any,
) -> ActivationObject:
    """Have the vendor's object for this directory, or any `certificate`, put into it; `claims` change what it says."""
    server = Server(MEMORY_SERVER.url, start_tls=True)
    async with directory.connect(server, Password("admin", "secret"), 1) as session:
        layout = await find_layout(session, base)
        made = certificate or vendor.certificate(directory_subject(layout.ident), Purpose.OBJECT, **claims)
        scope = claims.get("scope", CAD.id)
        found = ActivationObject(vendor.fingerprint[:8], scope, made, tuple(vendor.documents[1:]))
        await write_object(session, layout, name, found)
        return found


async def take_object(directory: MemoryDirectory, name: str = "one") -> None:
    """Delete an object."""
    server = Server(MEMORY_SERVER.url, start_tls=True)
    async with directory.connect(server, Password("admin", "secret"), 1) as session:
        await session.remove(object_dn(await find_layout(session), name))

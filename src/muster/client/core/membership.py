"""Whether this machine belongs to a domain, by what joining left behind (docs/operate/directory.md §Which domain).

Pure: contents of files come in. What people set in ``[directory]`` of ``client.toml`` wins; then on Linux sssd
(realmd), then Samba and winbind; on Windows the system itself. Files of other programs are read for what they say, not judged.
"""

from __future__ import annotations

import configparser
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from muster.base.errors import Code, Misconfigured, SettingMistake, checked
from muster.platform.directory_address import check_domain, check_entry, check_principal, check_server

SYSTEM_KEYTAB = "/etc/krb5.keytab"
WINDOWS = "Windows"
PRIVATE_FOLDER = "/var/lib/samba/private"
_KEYTAB_MAGIC = b"\x05\x02"
_PROVIDERS = ("ad", "ipa")
# A live row of a TDB; one that was deleted has another mark in front of its key (lib/tdb/common/tdb_private.h).
_LIVE = struct.pack("<I", 0x26011999)
_JOINED = (b"SECRETS/MACHINE_DOMAIN_INFO/", b"SECRETS/MACHINE_PASSWORD/")
# Member workstation, member server, backup and primary controller; 0 and 2 stand alone.
_ROLES_IN_DOMAIN = frozenset({1, 3, 4, 5})


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """``[directory]`` of ``client.toml``: a domain or servers, and how to log in there; and where joining leaves its traces.

    `servers` are URLs. With `user` the login is a password under TLS, else Kerberos by `keytab`.
    """

    domain: Annotated[str, "the domain of this machine; empty: the one that it has joined", '"corp.example"'] = ""
    servers: Annotated[
        tuple[str, ...], "directory servers; empty: those that the domain's DNS names", '["ldaps://ldap1.corp.example"]'
    ] = ()
    base: Annotated[str, "where the directory begins; empty: asked of the server", '"dc=corp,dc=example"'] = ""
    ca: Annotated[str, "certificates that servers are believed by; empty: the system's", '"/etc/ssl/corp.pem"'] = ""
    user: Annotated[
        str, "who logs in with a password; empty: the machine's account, by Kerberos", '"cn=muster,dc=corp,dc=example"'
    ] = ""
    password_file: Annotated[str, "the password of user, in a file beside this one", '"directory.password"'] = ""
    principal: Annotated[str, "the account of the keytab; empty: the machine's own", '"PC1$@CORP.EXAMPLE"'] = ""
    keytab: Annotated[str, "keys of the machine's account; empty: /etc/krb5.keytab, or what joining says"] = ""
    sssd: Annotated[str, "where joining by sssd leaves its traces"] = "/etc/sssd"
    samba: Annotated[str, "where joining by Samba leaves its traces"] = "/etc/samba/smb.conf"

    def __post_init__(self) -> None:
        for number, url in enumerate(self.servers):
            checked(f"servers[{number}]", check_server, url)
            if url in self.servers[:number]:
                raise SettingMistake(f"servers[{number}]", f"{url!r} is named twice", "keep one of them")
        for name, check, text in (
            ("domain", check_domain, self.domain),
            ("base", check_entry, self.base),
            ("principal", check_principal, self.principal),
        ):
            if text:
                checked(name, check, text)
        if bool(self.user) is not bool(self.password_file):
            given, absent = ("user", "password_file") if self.user else ("password_file", "user")
            raise SettingMistake(given, "user and password_file belong together", f"set {absent}, too, or neither")


@dataclass(frozen=True, slots=True)
class Membership:
    """The domain of this machine, and how it logs in there. `source` says what told so."""

    domain: str
    source: str
    realm: str = ""
    servers: tuple[str, ...] = ()
    base: str = ""
    ca: str = ""
    user: str = ""
    password_file: str = field(default="", repr=False)
    principal: str = ""
    keytab: str = SYSTEM_KEYTAB

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.domain or self.base or ", ".join(self.servers)


def set_by_people(settings: DirectorySettings) -> Membership | None:
    """The domain that ``[directory]`` names; None when it names none."""
    if not (settings.domain or settings.servers):
        return None
    return Membership(
        settings.domain,
        "client.toml",
        servers=settings.servers,
        base=settings.base,
        ca=settings.ca,
        user=settings.user,
        password_file=settings.password_file,
        principal=settings.principal,
        keytab=settings.keytab or SYSTEM_KEYTAB,
    )


def told_by_sssd(texts: Iterable[str]) -> Membership | None:
    """The first domain of Active Directory or FreeIPA that sssd serves; None when it serves none."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        for text in texts:
            parser.read_string(text)
    except configparser.Error as error:
        raise _unreadable("sssd.conf", str(error)) from error
    served = parser.get("sssd", "domains", fallback="")
    for name in (part.strip() for part in served.split(",")):
        section = f"domain/{name}"
        provider = parser.get(section, "id_provider", fallback="").strip().lower()
        if provider not in _PROVIDERS:
            continue
        own = parser[section]
        return Membership(
            own.get(f"{provider}_domain", name).strip(),
            "sssd",
            own.get("krb5_realm", "").strip(),
            principal=own.get("ldap_sasl_authid", "").strip(),
            keytab=(own.get("ldap_krb5_keytab") or own.get("krb5_keytab") or SYSTEM_KEYTAB).strip(),
        )
    return None


def samba_words(text: str) -> dict[str, str]:
    """What ``[global]`` of smb.conf says, by names in lower case with single spaces."""
    words: dict[str, str] = {}
    section = ""
    for row in map(str.strip, text.splitlines()):
        if row.startswith("["):
            section = row.strip("[] ").lower()
        name, equals, value = row.partition("=")
        if section == "global" and equals and not row.startswith(("#", ";")):
            words[" ".join(name.lower().split())] = value.strip()
    return words


def told_by_samba(words: Mapping[str, str], secrets: bytes) -> Membership | None:
    """The domain that Samba joined, with its ``secrets.tdb``; None for a server that stands alone, or has left."""
    realm = words.get("realm", "")
    if words.get("security", "").lower() != "ads" or not realm or not _is_joined(secrets):
        return None
    keytab = words.get("dedicated keytab file", SYSTEM_KEYTAB)
    return Membership(realm.lower(), "Samba", realm.upper(), keytab=keytab.removeprefix("FILE:"))


def _is_joined(secrets: bytes) -> bool:
    """Whether the database holds a password of this machine: keys stand right behind the mark of a live row."""
    return any(_LIVE + key in secrets for key in _JOINED)


def told_by_windows(role: int, domain: str) -> Membership | None:
    """The domain that Windows says it is a member, or a controller, of; None for a machine in a workgroup.

    `role` is a DSROLE_MACHINE_ROLE (dsrole.h), `domain` the name of the domain in DNS. `Misconfigured` for a member of a
    domain that has none: such a domain is older than Active Directory.
    """
    if role not in _ROLES_IN_DOMAIN:
        return None
    name = domain.strip().rstrip(".").lower()
    if not name:
        raise Misconfigured(
            Code.SETTINGS_INVALID,
            "Windows belongs to a domain without a name in DNS",
            "Set domain in [directory] of client.toml.",
        )
    return Membership(name, WINDOWS, name.upper(), keytab="")


def machine_principal(keytab: bytes, realm: str = "") -> str:
    """The machine's own name in a keytab: ``PC1$@REALM``, else ``host/NAME@REALM``; empty when there is none."""
    names = [name for name in _principals(keytab) if not realm or name.rpartition("@")[2].lower() == realm.lower()]
    own = [name for name in names if name.rpartition("@")[0].endswith("$")]
    hosts = [name for name in names if name.startswith("host/")]
    return next(iter(own or hosts), "")


def _principals(keytab: bytes) -> Iterator[str]:
    """Every principal of a keytab in the order of its rows (MIT's file format, version 2)."""
    if not keytab.startswith(_KEYTAB_MAGIC):
        return
    at = len(_KEYTAB_MAGIC)
    try:
        while at < len(keytab):
            (size,) = struct.unpack_from(">i", keytab, at)
            row = keytab[at + 4 : at + 4 + abs(size)]
            if size > 0:
                yield _principal(row)
            at += 4 + abs(size)
            if size == 0:
                return
    except (struct.error, UnicodeDecodeError):
        return


def _principal(row: bytes) -> str:
    (count,) = struct.unpack_from(">H", row)
    at, words = 2, []
    for _ in range(count + 1):
        (size,) = struct.unpack_from(">H", row, at)
        words.append(row[at + 2 : at + 2 + size].decode())
        at += 2 + size
    realm, *names = words
    return f"{'/'.join(names)}@{realm}"


def _unreadable(what: str, problem: str) -> Misconfigured:
    return Misconfigured(
        Code.SETTINGS_INVALID, f"{what} cannot be understood: {problem}", "Set domain in [directory] of client.toml."
    )

"""One LDAP connection by bonsai (libldap), in a process of its own: blocking calls, errors translated at this border.

Kerberos connections demand signing and sealing; passwords are sent under TLS or over a local socket only; certificates are
always demanded. Referrals are never followed. Decides nothing about what is read or written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from bonsai import LDAPClient, LDAPEntry, LDAPModOp, LDAPSearchScope
from bonsai import errors as ldap
from bonsai.ldapdn import LDAPDN

from muster.base.errors import Code, Misconfigured, MusterError, Refused, Unreachable, Untrusted
from muster.platform.ldap.port import Attributes, Entry, Kerberos, Local, Login, Password, Scope, Server

PAGE = 500
# Sealing with any key of today: Kerberos' weakest, DES, counts as 56 bits.
SEALED_SSF = 56
DESCRIPTOR = "nTSecurityDescriptor"
# Owner, group and the discretionary list; the list for auditing needs a privilege of its own (MS-ADTS §3.1.1.3.4.1.11).
DESCRIPTOR_PARTS = 7

_SCOPES = {
    Scope.BASE: LDAPSearchScope.BASE,
    Scope.CHILDREN: LDAPSearchScope.ONELEVEL,
    Scope.SUBTREE: LDAPSearchScope.SUBTREE,
}
_STRONGER_AUTH_REQUIRED = 0x08
_CONFIDENTIALITY_REQUIRED = 0x0D
_NO_SUCH_OBJECT = 0x20
_REFERRAL = 0x0A
_CONNECT_ERROR = -11
_BUSY = frozenset({0x33, 0x34})
# What libkrb5 and its GSSAPI say, in words or by number, and what it means to an administrator.
_CLOCK = ("clock skew", "0x96c73a25", "0x96c73a21", "ticket not yet valid")
_KDC_SILENT = ("cannot contact any kdc", "cannot find kdc", "0x96c73a9c", "cannot resolve network address for kdc")
_TICKET = (
    "ticket expired",
    "credentials cache file",
    "no kerberos credentials available",
    "no credentials cache found",
)
_KEYTAB = (
    "preauthentication failed",
    "not found in kerberos database",
    "no suitable keys",
    "keytab",
    "key table",
    "0x96c73a18",
)
_PEER = ("server not found in kerberos database", "wrong principal in request", "mutual authentication")

# bonsai 1.5.5 takes some names for none (a # in the middle, RFC 4514 §2.4 allows it), and then a whole search fails for
# one entry; others it rewrites wrongly (\\5C2C). Names are the server's business: they are passed on as they came.
_names: Any = LDAPDN
_names._dnregex = re.compile(r".*", re.DOTALL)  # noqa: SLF001
_names._LDAPDN__sanitize = staticmethod(lambda name, reverse=False: name)  # noqa: ARG005, SLF001


class BonsaiSession:
    """A directory that was logged in to; every call blocks until it is answered or `patience` seconds are over."""

    def __init__(self, server: Server, login: Login, patience: float) -> None:
        self._server = server
        self._patience = patience
        self._client = _client(server, login)
        try:
            self._connection: Any = self._client.connect(timeout=patience)
        except ldap.LDAPError as error:
            raise _login_failed(error, server, login) from error

    def read(self, base: str, scope: Scope, filter_: str, attributes: tuple[str, ...], limit: int) -> tuple[Entry, ...]:
        """See `Directory`."""
        wanted = list(attributes) or ["*"]
        # Octets that happen to be UTF-8 would arrive as text, and nobody could tell them apart.
        self._client.set_raw_attributes([name for name in wanted if name != "*"])
        self._client.set_sd_flags(DESCRIPTOR_PARTS if DESCRIPTOR in wanted else None)
        found: list[Entry] = []
        try:
            rows = self._rows(base, scope, filter_, wanted, limit)
            for row in rows:
                found.append(_entry(row))
                if len(found) >= limit:
                    break
        except ldap.SizeLimitError:
            # The server gives no more than that: what came is what can be had.
            return tuple(found)
        except ldap.NoSuchObjectError:
            return ()
        except ldap.LDAPError as error:
            if error.code == _NO_SUCH_OBJECT:
                return ()
            raise self._failed(error, f"reading {base or 'the server itself'}") from error
        return tuple(found)

    def _rows(self, base: str, scope: Scope, filter_: str, wanted: list[str], limit: int) -> Iterable[Any]:
        if scope is Scope.BASE:
            rows: Iterable[Any] = self._connection.search(
                base, _SCOPES[scope], filter_, wanted, timeout=self._patience, sizelimit=0
            )
            return rows
        pages: Iterable[Any] = self._connection.paged_search(
            base, _SCOPES[scope], filter_, wanted, timeout=self._patience, page_size=min(PAGE, limit)
        )
        return pages

    def add(self, dn: str, attributes: Attributes) -> None:
        """See `Directory`."""
        try:
            entry = LDAPEntry(dn)
            for name, values in attributes.items():
                entry[name] = list(values)
            self._connection.add(entry, timeout=self._patience)
        except ldap.AlreadyExists as error:
            raise Refused(Code.NAME_TAKEN, f"{dn} is there already") from error
        except ldap.LDAPError as error:
            raise self._failed(error, f"adding {dn}") from error

    def replace(self, dn: str, attributes: Attributes) -> None:
        """See `Directory`."""
        try:
            entry: Any = LDAPEntry(dn, self._connection)
            for name, values in attributes.items():
                entry.change_attribute(name, LDAPModOp.REPLACE, *values)
            entry.modify(timeout=self._patience)
        except ldap.LDAPError as error:
            raise self._failed(error, f"changing {dn}") from error

    def remove(self, dn: str) -> None:
        """See `Directory`."""
        try:
            self._connection.delete(dn, timeout=self._patience)
        except ldap.LDAPError as error:
            raise self._failed(error, f"removing {dn}") from error

    def close(self) -> None:
        """End the connection; nothing may be asked afterwards."""
        self._connection.close()

    def _failed(self, error: ldap.LDAPError, doing: str) -> MusterError:
        said = _words(error)
        if isinstance(error, ldap.NoSuchObjectError) or error.code == _NO_SUCH_OBJECT:
            return Refused(Code.NOT_FOUND, f"{doing}: there is no such entry")
        if isinstance(error, ldap.InsufficientAccess):
            return Refused(
                Code.DIRECTORY_REFUSED,
                f"{doing}: this account may not do that ({said})",
                "Log in as an administrator of the directory, or let one give this account the right.",
            )
        if _is_silence(error):
            return Unreachable(Code.DIRECTORY_UNREACHABLE, f"{self._server.url} did not answer: {said}")
        return Refused(
            Code.DIRECTORY_REFUSED, f"{doing}: the directory refused: {said}", "The server's log knows more."
        )


def _client(server: Server, login: Login) -> Any:
    client: Any = LDAPClient(server.url, tls=server.start_tls)
    client.set_cert_policy("demand")
    if server.authority:
        client.set_ca_cert(server.authority)
    client.set_ignore_referrals(True)
    client.set_server_chase_referrals(False)
    client.set_auto_page_acquire(True)
    if isinstance(login, Password):
        if not (server.has_tls or server.is_local):
            raise Misconfigured(
                Code.SETTINGS_INVALID,
                f"a password for {server.url} would be readable on its way",
                "Use StartTLS (ca = FILE), ldaps:// or Kerberos.",
            )
        client.set_credentials("SIMPLE", user=login.user, password=login.password)
    elif isinstance(login, Kerberos):
        name, _, realm = login.principal.partition("@")
        if login.keytab:
            client.set_credentials("GSSAPI", user=name, realm=realm, keytab=login.keytab)
        else:
            client.set_credentials("GSSAPI")
        if not server.has_tls:
            client.set_sasl_security_properties(min_ssf=SEALED_SSF)
    elif isinstance(login, Local):
        client.set_credentials("EXTERNAL")
    return client


def _entry(row: Any) -> Entry:
    attributes = {}
    for name, values in row.items(exclude_dn=True):
        attributes[str(name).lower()] = tuple(v if isinstance(v, bytes) else str(v).encode() for v in values)
    return Entry(str(row.dn), attributes)


def _words(error: Exception) -> str:
    text = str(error.args[0]) if error.args else str(error)
    return " ".join(text.split()).rstrip(".") or type(error).__name__


def _is_silence(error: ldap.LDAPError) -> bool:
    if isinstance(error, ldap.ConnectionError | ldap.TimeoutError | ldap.ClosedConnection):
        return True
    return error.code in _BUSY


def _login_failed(error: ldap.LDAPError, server: Server, login: Login) -> MusterError:
    said = _words(error)
    lower = said.lower()
    if isinstance(login, Kerberos):
        known = _kerberos_failed(lower, said, server, login)
        if known is not None:
            return known
    if error.code == _CONNECT_ERROR or "certificate" in lower or "tls" in lower:
        return Untrusted(
            Code.DIRECTORY_UNTRUSTED,
            f"{server.url} did not prove who it is: {said}",
            "Compare its name with its certificate, and name the authority that signed it (ca in [directory]).",
        )
    if _is_silence(error):
        return Unreachable(Code.DIRECTORY_UNREACHABLE, f"{server.url} did not answer: {said}")
    if error.code in {_STRONGER_AUTH_REQUIRED, _CONFIDENTIALITY_REQUIRED}:
        return Refused(
            Code.DIRECTORY_REFUSED,
            f"{server.url} takes only protected connections: {said}",
            "Set ca in [directory] for StartTLS, or log in by Kerberos.",
        )
    return Refused(Code.DIRECTORY_REFUSED, f"{server.url} refused the login: {said}")


def _kerberos_failed(lower: str, said: str, server: Server, login: Kerberos) -> MusterError | None:
    if any(word in lower for word in _CLOCK):
        return Refused(
            Code.CLOCK_SKEW,
            f"the clocks of this machine and of {server.url} are too far apart for Kerberos: {said}",
            "Set this machine's clock, and let it follow the domain's time.",
        )
    if any(word in lower for word in _KDC_SILENT):
        return Unreachable(Code.DIRECTORY_UNREACHABLE, f"no Kerberos server of the domain answered: {said}")
    if any(word in lower for word in _PEER):
        return Untrusted(
            Code.DIRECTORY_UNTRUSTED,
            f"Kerberos does not know {server.url} as a server of the domain: {said}",
            "Compare the server's name with its service principal (ldap/NAME).",
        )
    if any(word in lower for word in _TICKET) and not login.keytab:
        return Refused(
            Code.DIRECTORY_REFUSED,
            f"there is no valid Kerberos ticket: {said}",
            "Get one with kinit, or name another way to log in.",
        )
    if any(word in lower for word in (*_KEYTAB, *_TICKET)):
        return Refused(
            Code.DIRECTORY_REFUSED,
            f"the keys in {login.keytab or 'the keytab'} do not open the account {login.principal}: {said}",
            "Join the machine to the domain again, or renew its keytab.",
        )
    return None

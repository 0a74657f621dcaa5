"""Keys for DNS updates by Kerberos (GSS-TSIG, RFC 3645): negotiated with the server for one update, by a keytab.

Only where `gss = true`: needs the extra `directory`. Decides nothing about what is published.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig
from dns.rdtypes.ANY.TKEY import TKEY

from muster.base.clock import Clock
from muster.base.entropy import Entropy
from muster.base.errors import Code, Misconfigured, MusterError, Refused, Unreachable
from muster.host.core.settings import Endpoint, format_endpoint
from muster.platform.missing_parts import remedy

SYSTEM_KEYTAB = "/etc/krb5.keytab"
LIFETIME_SECONDS = 3600
MAX_STEPS = 4
_GSS_MODE = 3
_CLOCK = ("clock skew", "ticket not yet valid")
_SILENT = ("cannot contact any kdc", "cannot find kdc", "cannot resolve")


@dataclass(frozen=True, slots=True)
class GssAccount:
    """Whose keys sign: of a keytab, the account named, or the keytab's first when it is empty."""

    keytab: str = SYSTEM_KEYTAB
    principal: str = ""


@dataclass(frozen=True, slots=True)
class GssKey:
    """A key that one server took; for `dns.message.Message.use_tsig`."""

    name: dns.name.Name
    keyring: Any


class GssTsig:
    """Negotiates keys as one account. `patience`: seconds for one answer."""

    def __init__(self, account: GssAccount, clock: Clock, entropy: Entropy, patience: float) -> None:
        self._account = account
        self._clock = clock
        self._entropy = entropy
        self._patience = patience

    async def negotiate(self, server: Endpoint, name: str) -> GssKey:
        """A key with the server at an address that is called `name` (without trailing dot) in the domain.

        `Refused` (DNS_UPDATE_REFUSED or CLOCK_SKEW) when Kerberos or the server says no; `Unreachable` when one is silent.
        """
        context = await asyncio.to_thread(self._context, name)
        # One label: names of a message are compressed against each other, and Samba then misreads the signature.
        key_name = dns.name.from_text(f"{self._entropy.token(16).hex()}.")
        key = dns.tsig.Key(key_name, context, dns.tsig.GSS_TSIG)
        adapter = dns.tsig.GSSTSigAdapter({key_name: key})  # type: ignore[no-untyped-call]
        token: bytes | None = None
        for _ in range(MAX_STEPS):
            # Asks the Kerberos server, and nobody can say how long that takes: not on the loop.
            token = await asyncio.to_thread(_step, context, token, name)
            if token is None:
                break
            reply = await self._ask(server, key_name, token, adapter)
            token = reply.answer[0][0].key if reply.answer else None
            if context.complete:
                break
        if not context.complete:
            raise _refused(f"{format_endpoint(server)} did not finish the negotiation of a key")
        return GssKey(key_name, adapter)

    def _context(self, name: str) -> Any:
        gssapi = _library()
        store = {
            "client_keytab": self._account.keytab,
            "ccache": f"MEMORY:{self._entropy.token(8).hex()}",
        }
        try:
            who = self._account.principal
            principal = gssapi.Name(who, gssapi.NameType.kerberos_principal) if who else None
            credentials = gssapi.Credentials(usage="initiate", name=principal, store=store)
            service = gssapi.Name(f"DNS@{name}", gssapi.NameType.hostbased_service)
            flags = gssapi.RequirementFlag
            return gssapi.SecurityContext(
                name=service,
                creds=credentials,
                usage="initiate",
                mech=gssapi.MechType.kerberos,
                flags=flags.mutual_authentication | flags.integrity | flags.replay_detection,
            )
        except gssapi.exceptions.GSSError as error:
            raise _told(error, name) from error

    async def _ask(self, server: Endpoint, key_name: dns.name.Name, token: bytes, keyring: Any) -> dns.message.Message:
        now = int(self._clock.now().timestamp())
        algorithm, until = dns.tsig.GSS_TSIG, now + LIFETIME_SECONDS
        row = TKEY(  # type: ignore[no-untyped-call]
            dns.rdataclass.ANY, dns.rdatatype.TKEY, algorithm, now, until, _GSS_MODE, 0, token, b""
        )
        query = dns.message.make_query(key_name, dns.rdatatype.TKEY, dns.rdataclass.ANY)
        query.keyring = keyring
        section = dns.message.ADDITIONAL
        query.find_rrset(section, key_name, dns.rdataclass.ANY, dns.rdatatype.TKEY, create=True).add(row)
        try:
            reply = await dns.asyncquery.tcp(query, server[0], port=server[1], timeout=self._patience)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            problem = f"the DNS server {format_endpoint(server)} did not answer: {error or type(error).__name__}"
            raise Unreachable(Code.DNS_UNREACHABLE, problem) from error
        if reply.rcode() != dns.rcode.NOERROR or not reply.answer or reply.answer[0][0].error:
            raise _refused(
                f"{format_endpoint(server)} negotiates no key by Kerberos ({dns.rcode.to_text(reply.rcode())})"
            )
        return reply


def _library() -> Any:
    """Loaded only where it is needed: it is built against the system's Kerberos."""
    try:
        return import_module("gssapi")
    except ImportError as error:
        problem = "gss = true needs the Kerberos library"
        raise Misconfigured(Code.SETTINGS_INVALID, problem, remedy("directory")) from error


def _step(context: Any, token: bytes | None, name: str) -> bytes | None:
    gssapi = _library()
    try:
        made: bytes | None = context.step(token)
    except gssapi.exceptions.GSSError as error:
        raise _told(error, name) from error
    return made


def _told(error: Exception, name: str) -> MusterError:
    """What Kerberos says, as an administrator can use it."""
    said = " ".join(str(error).split())
    lower = said.lower()
    if any(word in lower for word in _CLOCK):
        return Refused(Code.CLOCK_SKEW, f"Kerberos finds the clocks too far apart: {said}", "Set this machine's clock.")
    if any(word in lower for word in _SILENT):
        return Unreachable(Code.DNS_UNREACHABLE, f"no Kerberos server of the domain answered: {said}")
    return _refused(f"Kerberos gives no ticket for DNS/{name}: {said}")


def _refused(problem: str) -> Refused:
    hint = "Compare keytab and principal in [dns] with the account in the domain; klist -kt KEYTAB shows the keys."
    return Refused(Code.DNS_UPDATE_REFUSED, problem, hint)

"""`muster directory` put together from real things: LDAP, DNS, the system's clock, product files of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from muster.base.clock import SystemClock
from muster.base.errors import Code, Misconfigured, MusterError, Refused, Unreachable
from muster.console.directory.adapters.dns_controllers import DnsControllers
from muster.console.directory.core.confirming import confirmation_in
from muster.console.directory.core.schema import FORMS, schema_text
from muster.console.directory.core.visible import Row
from muster.console.directory.ports import Controllers, VendorService
from muster.console.directory.service.dns_grant import Grant, apply, plan
from muster.console.directory.service.objects import (
    Activated,
    activate,
    confirmed_online,
    delete,
    find,
    installation_id,
    load_schema,
    visible,
)
from muster.license.folder import read_product, system_home, vendor_folders
from muster.platform.ldap.directory_process import DirectoryProcess
from muster.platform.ldap.port import Anonymous, Directories, Directory, Kerberos, Local, Login, Password, Server
from muster.platform.vendor_api import VendorApi
from muster.trust.product import Product, open_product

__all__ = [
    "FORMS",
    "Activated",
    "Grant",
    "Row",
    "Where",
    "activate",
    "apply",
    "confirmation_in",
    "confirmed_online",
    "connected",
    "delete",
    "find",
    "installation_id",
    "load_schema",
    "now",
    "open_products",
    "plan",
    "schema_text",
    "vendor_service",
    "visible",
]

PATIENCE = 10.0
DNS_SERVER = "MUSTER_DNS_SERVER"
DNS_PORT = 53
MAX_PORT = 65_535
MAX_SERVERS = 16


@dataclass(frozen=True, slots=True)
class Where:
    """Which directory, and as whom: a server's URL or a domain; a user with password, a keytab, or own tickets."""

    server: str = ""
    domain: str = ""
    user: str = ""
    password: str = ""
    keytab: str = ""
    principal: str = ""
    authority: str = ""

    @property
    def login(self) -> Login:
        """How to log in: by password where a user is named, over a local socket as who we are, else by Kerberos."""
        if self.user:
            return Password(self.user, self.password) if self.user != "-" else Anonymous()
        if self.server.lower().startswith("ldapi:"):
            return Local()
        return Kerberos(self.principal, self.keytab)

    def of(self, url: str) -> Server:
        """The server behind a URL, secured as the login needs it: Kerberos seals by itself."""
        needs_tls = url.lower().startswith("ldap:") and not isinstance(self.login, Kerberos)
        return Server(url, start_tls=needs_tls, authority=self.authority)


def now() -> datetime:
    """The system's clock."""
    return SystemClock().now()


def vendor_service(product: Product, address: str = "") -> VendorService:
    """The vendor's service: at `address`, else where the product file says. `Misconfigured` when neither does."""
    where = address or product.claims.service
    if not where:
        raise Misconfigured(
            Code.USAGE,
            f"the product file of {product.claims.vendor} names no activation service",
            "Give --service URL, or the confirmation id: muster directory installation-id.",
        )
    return VendorApi(where)


@asynccontextmanager
async def connected(
    where: Where,
    environment: Mapping[str, str],
    *,
    directories: Directories | None = None,
    controllers: Controllers | None = None,
) -> AsyncIterator[Directory]:
    """Log in to the first server that answers. The error of the last one when none does."""
    directories = directories or DirectoryProcess()
    controllers = controllers or DnsControllers(_name_server(environment))
    urls = (where.server,) if where.server else await controllers.find(where.domain)
    last: MusterError = Refused(Code.NO_DOMAIN)
    for url in urls[:MAX_SERVERS]:
        connection = directories.connect(where.of(url), where.login, PATIENCE)
        try:
            directory = await connection.__aenter__()
        except Unreachable as error:
            last = error
            continue
        try:
            yield directory
        finally:
            await connection.__aexit__(None, None, None)
        return
    raise last


def _name_server(environment: Mapping[str, str]) -> tuple[str, int] | None:
    text = environment.get(DNS_SERVER, "")
    if not text:
        return None
    host, port = text, str(DNS_PORT)
    if text.startswith("[") or text.count(":") == 1:
        host, _, port = text.rpartition(":")
    try:
        if 0 < int(port) <= MAX_PORT:
            return str(ip_address(host.removeprefix("[").removesuffix("]"))), int(port)
    except ValueError:
        pass
    raise Misconfigured(
        Code.SETTINGS_INVALID, f"{DNS_SERVER}: {text[:80]!r} is no name server", f"write it like 192.0.2.53:{DNS_PORT}"
    )


def open_products(texts: Iterable[bytes], home: Path | None = None) -> dict[bytes, Product]:
    """Products by vendor id: of these files, and those installed on this machine, as far as they can be read."""
    found: dict[bytes, Product] = {}
    with suppress(MusterError, OSError):
        for folder in vendor_folders(home or system_home()):
            with suppress(MusterError, OSError):
                product = read_product(folder)
                if product is not None:
                    found[product.keysets.vendor_id] = product
    for text in texts:
        product = open_product(text, now=now())
        known = found.get(product.keysets.vendor_id)
        if known is None or known.keysets.version <= product.keysets.version:
            found[product.keysets.vendor_id] = product
    return found

"""Activation objects in a directory: activating it, looking, removing, the schema that some need first.

Moves between a directory that was logged in to and the deciding core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.console.directory.core import aci, descriptors
from muster.console.directory.core.confirming import complete, default_name, installation
from muster.console.directory.core.schema import OPENLDAP_DN, openldap_attributes
from muster.console.directory.core.visible import Row, shown
from muster.console.directory.ports import VendorService
from muster.platform.ldap.objects import Kept, Layout, find_layout, object_dn, read_objects, write_object
from muster.platform.ldap.port import ROOT, Attributes, Directory, Scope, escaped
from muster.trust.product import Product
from muster.trust.productkey import ProductKey
from muster.wire.certificate import CertificateClaims
from muster.wire.directory import check_object_name
from muster.wire.installation import DirectoryId, pack_installation

DESCRIPTOR = "nTSecurityDescriptor"


@dataclass(frozen=True, slots=True)
class Activated:
    """A directory that was activated: the object's name and DN, and what its certificate says."""

    name: str
    dn: str
    claims: CertificateClaims


async def installation_id(directory: Directory, product: Product, key: ProductKey, base: str = "") -> DirectoryId:
    """The id that the vendor confirms for this directory."""
    layout = await find_layout(directory, base)
    return installation(product, key, layout.ident)


async def activate(
    directory: Directory,
    product: Product,
    confirmation: bytes,
    now: datetime,
    *,
    name: str = "",
    base: str = "",
    only_group: str = "",
) -> Activated:
    """Put the object that a confirmation completes into the directory."""
    layout = await find_layout(directory, base)
    found, proven = complete(product, layout.ident, confirmation, now)
    name = name or default_name(product, proven.claims.scope, proven.claims.serial)
    try:
        check_object_name(name)
    except ValueError as error:
        raise Misconfigured(Code.USAGE, f"{name!r}: {error}", "Choose another --name.") from error
    extra = await _restriction(directory, layout, name, only_group) if only_group else None
    try:
        dn = await write_object(directory, layout, name, found, extra)
    except Refused as error:
        raise _explained(error, layout) from error
    return Activated(name, dn, proven.claims)


async def confirmed_online(
    directory: Directory, product: Product, key: ProductKey, service: VendorService, base: str = ""
) -> bytes:
    """The vendor's confirmation for this directory under a host key, asked for over the network."""
    found = await installation_id(directory, product, key, base)
    return (await service.certify(pack_installation(found))).confirmation


def _explained(error: Refused, layout: Layout) -> MusterError:
    """The error with what an administrator can do about it here."""
    if error.code is Code.NAME_TAKEN:
        return Refused(error.code, error.message, "Choose another name, or delete that one first.")
    if error.code is Code.DIRECTORY_REFUSED and layout.is_ad:
        hint = "Enterprise Admins may write here; a base in one domain will do as well: --base DN."
        return Refused(error.code, error.message, hint)
    if error.code is Code.DIRECTORY_REFUSED:
        hint = "Load the schema first (muster directory schema --apply), and log in as one who may write here."
        return Refused(error.code, error.message, hint)
    if error.code is Code.NOT_FOUND:
        return Refused(error.code, error.message, "The base must exist: compare --base.")
    return error


async def _restriction(directory: Directory, layout: Layout, name: str, group: str) -> Attributes:
    if layout.has_aci:
        return {"aci": (aci.readable_by(await _group_dn(directory, group)).encode(),)}
    if not layout.is_ad:
        dn = object_dn(layout, name)
        raise Misconfigured(
            Code.USAGE,
            "who may read an entry is a setting of this directory's server, not of the entry",
            f'In OpenLDAP, before the other rules: olcAccess: {{0}}to dn.base="{dn}" by group.exact="{group}" read by * none',
        )
    group_sid = await sid_of(directory, layout.domain, group)
    (head,) = await directory.read(layout.domain, attributes=("objectSid",)) or (None,)
    administrators = []
    if head is not None and head.values("objectSid"):
        own = head.values("objectSid")[0]
        administrators.append(descriptors.of_domain(own, descriptors.DOMAIN_ADMINS))
    forest = await _forest_sid(directory)
    if forest:
        administrators.append(descriptors.of_domain(forest, descriptors.ENTERPRISE_ADMINS))
    return {DESCRIPTOR: (descriptors.readable_by(group_sid, tuple(administrators)),)}


async def _group_dn(directory: Directory, group: str) -> str:
    found = await directory.read(group, attributes=("cn",)) if "=" in group else ()
    if len(found) != 1:
        raise Refused(Code.NOT_FOUND, f"there is no group {group!r}", "Name it by its DN: cn=machines,ou=groups,…")
    return found[0].dn


async def _forest_sid(directory: Directory) -> bytes:
    (root,) = await directory.read(ROOT, attributes=("rootDomainNamingContext",))
    found = await directory.read(root.text("rootDomainNamingContext"), attributes=("objectSid",))
    return next(iter(found[0].values("objectSid")), b"") if found else b""


async def sid_of(directory: Directory, domain: str, group: str) -> bytes:
    """The SID of a group by its name, as people write it."""
    name = escaped(group.rpartition("\\")[2])
    found = await directory.read(
        domain, Scope.SUBTREE, f"(&(objectClass=group)(sAMAccountName={name}))", ("objectSid", "cn")
    )
    if len(found) != 1 or not found[0].values("objectSid"):
        raise Refused(
            Code.NOT_FOUND,
            f"there is no group {group!r} in {domain}",
            "Name it as its members see it, without the domain.",
        )
    return found[0].values("objectSid")[0]


async def visible(directory: Directory, products: Mapping[bytes, Product], now: datetime, base: str = "") -> list[Row]:
    """Every object that this account sees, judged."""
    layout = await find_layout(directory, base)
    kept = await read_objects(directory, layout)
    return [shown(layout.ident, products, now, name=k.name, dn=k.dn, found=k.found) for k in kept]


async def find(directory: Directory, name: str, base: str = "") -> Kept:
    """The object of a name, or a DN; `Refused` with NOT_FOUND names those that are there."""
    kept = await read_objects(directory, await find_layout(directory, base))
    found = [k for k in kept if name.lower() in {k.name.lower(), k.dn.lower()}]
    if len(found) > 1:
        places = "; ".join(k.dn for k in found)
        raise Misconfigured(Code.USAGE, f"there are several objects {name!r}", f"Name one by its DN: {places}")
    if not found:
        there = ", ".join(repr(k.name) for k in kept) or "none"
        raise Refused(Code.NOT_FOUND, f"there is no activation object {name!r}", f"Seen from here: {there}.")
    return found[0]


async def delete(directory: Directory, kept: Kept) -> None:
    """Remove an object; machines keep their leases to the end."""
    await directory.remove(kept.dn)


async def load_schema(directory: Directory) -> bool:
    """Add the schema to a running OpenLDAP; False when it is there already."""
    try:
        await directory.add(OPENLDAP_DN, openldap_attributes())
    except Refused as error:
        if error.code is Code.NAME_TAKEN:
            return False
        raise
    return True

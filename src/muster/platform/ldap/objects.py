"""Where a directory keeps activation objects, which directory it is, and reading, writing and removing objects there.

Shared by the machine that reads and the administrator's tool that writes (spec/directory.md §Place). Judges nothing: what
an object is worth is for its reader to find out.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from muster.base.errors import Code, Malformed, MusterError, Refused
from muster.platform.ldap.port import ROOT, Attributes, Directory, Entry, Scope, escaped, escaped_name
from muster.wire.directory import (
    CONTAINER_CLASS,
    CONTAINERS,
    DIRECTORY_ID_BYTES,
    OBJECT_ATTRIBUTES,
    OBJECT_CLASS,
    POINT_ATTRIBUTES,
    POINT_CLASS,
    SERVICES,
    ActivationObject,
    from_object,
    from_point,
    point_keywords,
    to_object,
    to_point,
)

MAX_OBJECTS = 2_000
UNIQUE_ID = "nsUniqueId"
_ROOT_ATTRIBUTES = ("namingContexts", "defaultNamingContext", "configurationNamingContext")


@dataclass(frozen=True, slots=True)
class Layout:
    """One directory: the 16 bytes that identify it, where its objects lie, and where else they may.

    `is_ad`: Active Directory, Microsoft's or Samba's. `domain` is the naming context in which an object may lie anywhere,
    in Active Directory; empty elsewhere. `has_aci`: an entry carries rules about who may read it, as in 389 and FreeIPA.
    """

    ident: bytes
    container: str
    is_ad: bool
    domain: str = ""
    has_aci: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """One object as it lies there; `found` is an error where it cannot be read."""

    dn: str
    name: str
    found: ActivationObject | MusterError


async def find_layout(directory: Directory, base: str = "") -> Layout:
    """Which directory this is, and where its objects lie: below `base` where one is given.

    `Refused` with DIRECTORY_REFUSED when the directory does not tell, as to somebody who is not logged in.
    """
    (root,) = await directory.read(ROOT, attributes=_ROOT_ATTRIBUTES) or (Entry(ROOT),)
    configuration = root.text("configurationNamingContext")
    if configuration:
        head, container = configuration, _container(base or f"{SERVICES},{configuration}")
        domain = root.text("defaultNamingContext")
    else:
        contexts = root.texts("namingContexts")
        head = base or root.text("defaultNamingContext") or next(iter(contexts), "")
        container, domain = _container(head), ""
    if not head:
        raise Refused(
            Code.DIRECTORY_REFUSED,
            "the directory does not tell what it holds",
            "Name the base of your directory (base in [directory], or --base), or log in.",
        )
    ident, told_by = await _ident(directory, head, bool(configuration))
    return Layout(ident, container, bool(configuration), domain, has_aci=told_by == UNIQUE_ID)


def _container(base: str) -> str:
    return ",".join([*(f"CN={name}" for name in CONTAINERS), base])


async def _ident(directory: Directory, head: str, is_ad: bool) -> tuple[bytes, str]:
    """The id, and the attribute that tells it."""
    names = ("objectGUID",) if is_ad else (UNIQUE_ID, "entryUUID")
    found = await directory.read(head, attributes=names)
    name = next((name for name in names if found and found[0].values(name)), names[-1])
    values = found[0].values(name) if found else ()
    if not is_ad and values:
        try:
            # Of 389 it is four groups of eight digits, of others a UUID: 32 digits either way.
            return uuid.UUID(values[0].decode()).bytes, name
        except ValueError:
            values = ()
    if len(values) != 1 or len(values[0]) != DIRECTORY_ID_BYTES:
        raise Refused(
            Code.DIRECTORY_REFUSED,
            f"the directory does not show the {name} of {head} to this account",
            "Log in as an account that may read it; without this id no object can be proven to belong here.",
        )
    return values[0], name


async def read_objects(
    directory: Directory, layout: Layout, sought: tuple[bytes, int] | None = None
) -> tuple[Kept, ...]:
    """Every object in its place, or those for a vendor id and a group; in Active Directory also anywhere in the domain."""
    kept = await _read(directory, layout, layout.container, Scope.CHILDREN, sought)
    if layout.domain:
        kept = (*kept, *await _read(directory, layout, layout.domain, Scope.SUBTREE, sought))
    unique = {one.dn.lower(): one for one in reversed(kept)}
    return tuple(sorted(unique.values(), key=lambda one: one.dn.lower()))


async def _read(
    directory: Directory, layout: Layout, base: str, scope: Scope, sought: tuple[bytes, int] | None
) -> tuple[Kept, ...]:
    attributes = POINT_ATTRIBUTES if layout.is_ad else OBJECT_ATTRIBUTES
    found = await directory.read(base, scope, _filter(layout, sought), (*attributes, "cn"), MAX_OBJECTS)
    return tuple(Kept(entry.dn, entry.text("cn"), _object(entry, layout)) for entry in found)


def _filter(layout: Layout, sought: tuple[bytes, int] | None) -> str:
    if layout.is_ad:
        words = point_keywords(*sought) if sought else point_keywords(b"", 0)[:1]
        return f"(&(objectClass={POINT_CLASS}){''.join(f'(keywords={escaped(word)})' for word in words)})"
    if sought is None:
        return f"(objectClass={OBJECT_CLASS})"
    vendor_id, scope = sought
    return f"(&(objectClass={OBJECT_CLASS})(musterVendor={vendor_id.hex()})(musterScope={scope}))"


def _object(entry: Entry, layout: Layout) -> ActivationObject | MusterError:
    try:
        return from_point(entry.attributes) if layout.is_ad else from_object(entry.attributes)
    except Malformed as error:
        return error


def object_dn(layout: Layout, name: str) -> str:
    """The DN of an object of this name, in the layout's container."""
    return f"CN={escaped_name(name)},{layout.container}"


async def write_object(
    directory: Directory, layout: Layout, name: str, found: ActivationObject, extra: Attributes | None = None
) -> str:
    """Put a new object into its place and make the place where it is missing; the DN. NAME_TAKEN for a name in use.

    `extra` are further attributes of the object: who may read it.
    """
    await _make_containers(directory, layout)
    dn = object_dn(layout, name)
    attributes = to_point(found) if layout.is_ad else to_object(found)
    await directory.add(dn, {**attributes, **(extra or {})})
    return dn


async def _make_containers(directory: Directory, layout: Layout) -> None:
    dn = layout.container
    missing = []
    for _ in CONTAINERS:
        if await directory.read(dn, attributes=("cn",)):
            break
        missing.append(dn)
        dn = dn.partition(",")[2]
    classes = (b"top", b"container") if layout.is_ad else (CONTAINER_CLASS.encode(),)
    for container in reversed(missing):
        try:
            await directory.add(container, {"objectClass": classes})
        except Refused as error:
            if error.code is not Code.NAME_TAKEN:
                raise

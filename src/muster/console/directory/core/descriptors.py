"""Security descriptors of Active Directory (MS-DTYP §2.4.6): read, given one more right, or made for one group.

Pure, and no more than that: ACEs that are there stay byte for byte as they are, in their order.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from muster.base.errors import Code, Malformed

MAX_DESCRIPTOR_BYTES = 65_536

SELF_RELATIVE, DACL_PRESENT, DACL_PROTECTED = 0x8000, 0x0004, 0x1000
_REVISION_AD = 4
_ALLOW, _DENY = 0, 1
_INHERITED = 0x10
_HEADER, _ACL, _ACE = struct.Struct("<BBHIIII"), struct.Struct("<BBHHH"), struct.Struct("<BBHI")

# Access mask bits (MS-ADTS §5.1.3.2).
LIST, SELF, READ, WRITE, LIST_OBJECT, READ_CONTROL = 0x04, 0x08, 0x10, 0x20, 0x80, 0x20000
READING = READ | LIST | LIST_OBJECT | READ_CONTROL
WRITING = READING | WRITE | SELF
EVERYTHING = 0xF01FF

SYSTEM = "S-1-5-18"
DOMAIN_ADMINS, ENTERPRISE_ADMINS = 512, 519


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Owner and group as they came (SIDs in bytes, empty when absent), control bits, the ACEs of the DACL as bytes."""

    control: int
    owner: bytes = b""
    group: bytes = b""
    aces: tuple[bytes, ...] = ()


def sid_bytes(text: str) -> bytes:
    """The bytes of ``S-1-5-21-…``; `ValueError` otherwise."""
    letter, revision, authority, *rest = text.split("-")
    if letter.upper() != "S" or len(rest) > 15:  # noqa: PLR2004 - MS-DTYP §2.4.2
        raise ValueError(f"{text!r} is no security identifier")
    head = bytes((int(revision), len(rest))) + int(authority).to_bytes(6, "big")
    return head + b"".join(struct.pack("<I", int(part)) for part in rest)


def sid_text(data: bytes) -> str:
    """``S-1-5-21-…`` of a SID's bytes; `ValueError` for other bytes."""
    if len(data) < 8 or len(data) != 8 + 4 * data[1]:  # noqa: PLR2004 - MS-DTYP §2.4.2
        raise ValueError("these bytes are no security identifier")
    parts = struct.unpack(f"<{data[1]}I", data[8:])
    return "-".join(("S", str(data[0]), str(int.from_bytes(data[2:8], "big")), *map(str, parts)))


def of_domain(domain: bytes, relative: int) -> bytes:
    """The SID of a well-known group of a domain, whose own SID is `domain`."""
    return sid_bytes(f"{sid_text(domain)}-{relative}")


def allow(sid: bytes, mask: int) -> bytes:
    """An ACE that lets `sid` do what `mask` says, on this entry alone."""
    return _ACE.pack(_ALLOW, 0, _ACE.size + len(sid), mask) + sid


def decode_descriptor(data: bytes) -> Descriptor:
    """Read a self-relative descriptor; `Malformed` for anything else."""
    try:
        if len(data) > MAX_DESCRIPTOR_BYTES:
            raise ValueError("it is far too long")
        _, _, control, owner, group, _, dacl = _HEADER.unpack_from(data)
        if not control & SELF_RELATIVE:
            raise ValueError("it is not self-relative")
        aces = _aces(data, dacl) if dacl and control & DACL_PRESENT else ()
        return Descriptor(control, _sid(data, owner), _sid(data, group), aces)
    except (struct.error, ValueError, IndexError) as error:
        raise Malformed(Code.DIRECTORY_REFUSED, f"the security descriptor cannot be read: {error}") from error


def _sid(data: bytes, offset: int) -> bytes:
    if not offset:
        return b""
    found = data[offset : offset + 8 + 4 * data[offset + 1]]
    sid_text(found)
    return found


def _aces(data: bytes, offset: int) -> tuple[bytes, ...]:
    _, _, _, count, _ = _ACL.unpack_from(data, offset)
    at, found = offset + _ACL.size, []
    for _ in range(count):
        size = struct.unpack_from("<H", data, at + 2)[0]
        if size < _ACE.size or at + size > len(data):
            raise ValueError("an entry in it has a wrong size")
        found.append(data[at : at + size])
        at += size
    return tuple(found)


def encode_descriptor(descriptor: Descriptor) -> bytes:
    """The self-relative form, without a list for auditing."""
    acl = b"".join(descriptor.aces)
    dacl = _ACL.pack(_REVISION_AD, 0, _ACL.size + len(acl), len(descriptor.aces), 0) + acl
    at = _HEADER.size
    owner_at = at if descriptor.owner else 0
    group_at = at + len(descriptor.owner) if descriptor.group else 0
    dacl_at = at + len(descriptor.owner) + len(descriptor.group)
    control = (descriptor.control & (DACL_PROTECTED | 0x0403)) | SELF_RELATIVE | DACL_PRESENT
    return _HEADER.pack(1, 0, control, owner_at, group_at, 0, dacl_at) + descriptor.owner + descriptor.group + dacl


def granted(descriptor: Descriptor, sid: bytes, mask: int) -> Descriptor:
    """The descriptor with `mask` allowed to `sid`; itself when that stands there already.

    In the order that Windows wants: denied before allowed, both before what was inherited (MS-DTYP §2.4.5).
    """
    for ace in descriptor.aces:
        kind, flags, _, old = _ACE.unpack_from(ace)
        if (kind, flags & _INHERITED) == (_ALLOW, 0) and ace[_ACE.size :] == sid and old & mask == mask:
            return descriptor
    own = [ace for ace in descriptor.aces if not ace[1] & _INHERITED]
    inherited = [ace for ace in descriptor.aces if ace[1] & _INHERITED]
    aces = (*own, allow(sid, mask), *inherited)
    return Descriptor(descriptor.control, descriptor.owner, descriptor.group, aces)


def readable_by(group: bytes, administrators: tuple[bytes, ...]) -> bytes:
    """A descriptor under which only `group` reads, and administrators and the system do everything; nothing is inherited."""
    full = (*administrators, sid_bytes(SYSTEM))
    aces = (*(allow(sid, EVERYTHING) for sid in full), allow(group, READING))
    return encode_descriptor(Descriptor(DACL_PROTECTED, aces=aces))

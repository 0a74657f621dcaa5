"""Installation ids as bytes: what a machine, host or directory shows to the vendor (spec/installation.md).

Each is one big-endian bit string, padded in front to whole bytes. The digits that people read are `muster.trust.humanid`;
the tag is made and checked by `muster.trust.installation`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, NamedTuple, TypeAlias

from muster.base.errors import Code, Malformed
from muster.wire.activation import U24
from muster.wire.cbor import check_bytes, check_uint

VERSION = 1
REFERENCE_BYTES = 8
PARTS_BYTES = 8
SUBJECT_BYTES = 32
TAG_BYTES = 4


class SubjectKind(IntEnum):
    """Whose id it is."""

    MACHINE = 0
    HOST = 1
    DIRECTORY = 2


BITS = {SubjectKind.MACHINE: 190, SubjectKind.HOST: 358, SubjectKind.DIRECTORY: 358}


class MachineId(NamedTuple):
    """Installation id of a machine: which key (its reference), which edition, which hardware (4 parts of 2 bytes)."""

    edition: int
    reference: bytes
    parts: bytes
    tag: bytes = bytes(TAG_BYTES)
    kind: Literal[SubjectKind.MACHINE] = SubjectKind.MACHINE


class HostId(NamedTuple):
    """Installation id of a host: which key, and the host's public key."""

    reference: bytes
    subject: bytes
    tag: bytes = bytes(TAG_BYTES)
    kind: Literal[SubjectKind.HOST] = SubjectKind.HOST


class DirectoryId(NamedTuple):
    """Installation id of a directory: which key, and the hash of the directory's id."""

    reference: bytes
    subject: bytes
    tag: bytes = bytes(TAG_BYTES)
    kind: Literal[SubjectKind.DIRECTORY] = SubjectKind.DIRECTORY


InstallationId: TypeAlias = MachineId | HostId | DirectoryId


def byte_length(kind: SubjectKind) -> int:
    """Whole bytes of an id of this kind: 24 for machines, 45 for hosts and directories."""
    return (BITS[kind] + 7) // 8


def pack_installation(installation: InstallationId) -> bytes:
    """The id as bytes."""
    value = VERSION << 2 | installation.kind
    reference = check_bytes("reference", installation.reference, REFERENCE_BYTES)
    if isinstance(installation, MachineId):
        value = value << 24 | check_uint("edition", installation.edition, U24)
        tail = reference + check_bytes("parts", installation.parts, PARTS_BYTES)
    else:
        tail = reference + check_bytes("subject", installation.subject, SUBJECT_BYTES)
    tail += check_bytes("tag", installation.tag, TAG_BYTES)
    value = value << 8 * len(tail) | int.from_bytes(tail, "big")
    return value.to_bytes(byte_length(installation.kind), "big")


def unpack_installation(data: bytes) -> InstallationId:
    """Read an id; `Malformed` for another length, version or kind. The tag is not judged here."""
    value = int.from_bytes(data, "big")
    for kind, bits in BITS.items():
        head = value >> (bits - 6)
        if len(data) == byte_length(kind) and head == VERSION << 2 | kind:
            break
    else:
        raise Malformed(Code.INSTALLATION_ID_MALFORMED, "this is not an installation id of a known version and kind")
    tag = data[-TAG_BYTES:]
    if kind is SubjectKind.MACHINE:
        edition = value >> 8 * (REFERENCE_BYTES + PARTS_BYTES + TAG_BYTES) & U24
        return MachineId(edition, data[4:12], data[12:20], tag)
    subject_type = HostId if kind is SubjectKind.HOST else DirectoryId
    return subject_type(data[1:9], data[9:41], tag)


def under_tag(installation: InstallationId) -> bytes:
    """The bytes that the tag covers: the id with a zero tag."""
    return pack_installation(installation._replace(tag=bytes(TAG_BYTES)))

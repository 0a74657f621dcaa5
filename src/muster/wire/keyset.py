"""Keysets and their transfer from a host (spec/keyset.md, spec/keyset.cddl)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, TypeVar

from muster.wire.activation import KIND_KEYSET, U8, U16, U32, VENDOR_ID_BYTES, VERSION
from muster.wire.cbor import Reader, check_bytes, check_readable, check_uint, encode, wrong
from muster.wire.frame import MAX_BODY
from muster.wire.sign1 import SIGNATURE_BYTES

FORMAT = 1
PUBLIC_KEY_BYTES = 32
MAX_KEYSET_BYTES = 4096
MAX_KEYSETS = 64
MAX_ROOTS = 8
MAX_ISSUING_KEYS = 40
MAX_WITHDRAWN = 64
MAX_SIGNATURES = 2 * MAX_ROOTS
MAX_PART_BYTES = 200


Ordered = TypeVar("Ordered", bytes, int)


class Purpose(IntEnum):
    """What an issuing key may sign."""

    HOST = 1
    OBJECT = 2
    PERMANENT = 3
    PRODUCT = 4
    BUNDLE = 5


class KeyStatus(IntEnum):
    """Retired keys keep their old evidence good; revoked keys void it."""

    ACTIVE = 0
    RETIRED = 1
    REVOKED = 2


class IssuingKey(NamedTuple):
    """One issuing key. It may sign what begins on a day from `not_before_day` to `not_after_day`, both included."""

    number: int
    purpose: Purpose
    public: bytes
    not_before_day: int
    not_after_day: int
    status: KeyStatus = KeyStatus.ACTIVE


class Keyset(NamedTuple):
    """The keys of a vendor at one version. `threshold` of `roots` sign the next one; `withdrawn` are certificate serials."""

    version: int
    issued_day: int
    expires_day: int
    threshold: int
    roots: tuple[bytes, ...]
    issuing: tuple[IssuingKey, ...]
    withdrawn: tuple[int, ...] = ()


class SignedKeyset(NamedTuple):
    """A keyset's payload as it was signed, and (root public key, signature) pairs in ascending order of the keys."""

    payload: bytes
    signatures: tuple[tuple[bytes, bytes], ...]


class KeysetRequest(NamedTuple):
    """Asks a host for a part of the keyset that follows version `have_version`."""

    vendor_id: bytes
    have_version: int
    offset: int


class KeysetPart(NamedTuple):
    """A part of the signed keyset `have_version` + 1. `total` is its size, 0 when there is none newer. Unsigned."""

    newest: int
    total: int
    offset: int
    data: bytes


def _ascending(values: Sequence[Ordered]) -> bool:
    return list(values) == sorted(set(values))


def encode_keyset(keyset: Keyset) -> bytes:
    """The payload that root keys sign; `ValueError` unless roots, issuing keys and serials ascend strictly."""
    payload = encode(
        [
            FORMAT,
            keyset.version,
            keyset.issued_day,
            keyset.expires_day,
            keyset.threshold,
            list(keyset.roots),
            [
                [k.number, int(k.purpose), k.public, k.not_before_day, k.not_after_day, int(k.status)]
                for k in keyset.issuing
            ],
            list(keyset.withdrawn),
        ]
    )
    return check_readable(payload, decode_keyset)


def decode_keyset(payload: bytes) -> Keyset:
    """Read a keyset's payload; `Malformed` for another shape, order or an impossible threshold."""
    if len(payload) > MAX_KEYSET_BYTES:
        raise wrong("a keyset that is too long")
    reader = Reader(payload)
    reader.array(8)
    reader.const(FORMAT)
    version, issued, expires = reader.uint(MAX_KEYSETS), reader.uint(U16), reader.uint(U16)
    threshold = reader.uint(MAX_ROOTS)
    roots = tuple(reader.bstr(PUBLIC_KEY_BYTES) for _ in range(reader.array_up_to(MAX_ROOTS)))
    issuing = tuple(_issuing_key(reader) for _ in range(reader.array_up_to(MAX_ISSUING_KEYS)))
    withdrawn = tuple(reader.uint(U32) for _ in range(reader.array_up_to(MAX_WITHDRAWN)))
    reader.end()
    if version == 0 or not 1 <= threshold <= len(roots):
        raise wrong("a keyset of version 0 or with an impossible threshold")
    numbers = tuple(k.number for k in issuing)
    if not (_ascending(roots) and _ascending(numbers) and _ascending(withdrawn)):
        raise wrong("a keyset out of order or with doubles")
    return Keyset(version, issued, expires, threshold, roots, issuing, withdrawn)


def _issuing_key(reader: Reader) -> IssuingKey:
    reader.array(6)
    number, purpose = reader.uint(U8), reader.uint(max(Purpose))
    if purpose == 0:
        raise wrong("an issuing key without purpose")
    public = reader.bstr(PUBLIC_KEY_BYTES)
    return IssuingKey(
        number, Purpose(purpose), public, reader.uint(U16), reader.uint(U16), KeyStatus(reader.uint(max(KeyStatus)))
    )


def encode_signed_keyset(signed: SignedKeyset) -> bytes:
    """The document: ``[payload, [[root, signature], ...]]``; `ValueError` when it is longer than 4 KiB or out of order."""
    document = encode([signed.payload, [[root, signature] for root, signature in signed.signatures]])
    return check_readable(document, decode_signed_keyset)


def decode_signed_keyset(document: bytes) -> SignedKeyset:
    """Read a signed keyset without believing it."""
    if len(document) > MAX_KEYSET_BYTES:
        raise wrong("a keyset that is too long")
    reader = Reader(document)
    reader.array(2)
    payload = reader.bstr_up_to(MAX_KEYSET_BYTES)
    signatures = []
    for _ in range(reader.array_up_to(MAX_SIGNATURES)):
        reader.array(2)
        signatures.append((reader.bstr(PUBLIC_KEY_BYTES), reader.bstr(SIGNATURE_BYTES)))
    reader.end()
    if not _ascending(tuple(root for root, _ in signatures)):
        raise wrong("signatures out of order or doubled")
    return SignedKeyset(payload, tuple(signatures))


def encode_keyset_request(request: KeysetRequest) -> bytes:
    """The body of a keyset request."""
    return encode(
        [
            VERSION,
            KIND_KEYSET,
            check_bytes("vendor_id", request.vendor_id, VENDOR_ID_BYTES),
            check_uint("have_version", request.have_version, U16),
            check_uint("offset", request.offset, U16),
        ]
    )


def decode_keyset_request(body: bytes) -> KeysetRequest:
    """Read a keyset request; `Malformed` for anything else."""
    if len(body) > MAX_BODY:
        raise wrong("too long")
    reader = Reader(body)
    reader.array(5)
    reader.const(VERSION)
    reader.const(KIND_KEYSET)
    request = KeysetRequest(reader.bstr(VENDOR_ID_BYTES), reader.uint(U16), reader.uint(U16))
    reader.end()
    return request


def encode_keyset_part(part: KeysetPart) -> bytes:
    """The body of a keyset part."""
    if len(part.data) > MAX_PART_BYTES:
        message = f"a part of {len(part.data)} bytes"
        raise ValueError(message)
    newest, total = check_uint("newest", part.newest, U16), check_uint("total", part.total, U16)
    return encode([VERSION, newest, total, check_uint("offset", part.offset, U16), part.data])


def decode_keyset_part(body: bytes) -> KeysetPart:
    """Read a keyset part; `Malformed` for anything else."""
    reader = Reader(body)
    reader.array(5)
    reader.const(VERSION)
    part = KeysetPart(reader.uint(U16), reader.uint(U16), reader.uint(U16), reader.bstr_up_to(MAX_PART_BYTES))
    reader.end()
    if part.total > MAX_KEYSET_BYTES or part.offset + len(part.data) > part.total:
        raise wrong("a part outside its keyset")
    return part


def part_of(document: bytes, newest: int, offset: int) -> KeysetPart:
    """The part of `document` (empty when there is none newer) that begins at `offset`."""
    data = document[offset : offset + MAX_PART_BYTES]
    return KeysetPart(newest, len(document), min(offset, len(document)), data)

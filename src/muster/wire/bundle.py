"""Bundles of proxy activation: many installation ids in one file, their confirmations in another (spec/bundle.md).

Signing and believing are `muster.trust.bundle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from muster.base.errors import Code, Refused
from muster.wire import armour
from muster.wire.activation import U8, U32, VENDOR_ID_BYTES
from muster.wire.cbor import Reader, check_bytes, check_uint, encode, wrong
from muster.wire.confirmation import MAX_CONFIRMATION_BYTES
from muster.wire.installation import SubjectKind, byte_length

FORMAT = 1
MAX_ROWS = 10_000
MAX_NAME_BYTES = 100
DATABASE_BYTES = 16
DIGEST_BYTES = 32
GRANTED = 0
MAX_INSTALLATION_BYTES = byte_length(SubjectKind.HOST)
_MAX_SIGNED_BYTES = 256
_MAX_ROWS_BYTES = 1_400_000


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A packed installation id as it was collected, and a name for people; empty without personal data."""

    installation: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class RequestBundle:
    """What a database asks the vendor. `database` is the 16 bytes it chose for itself, `made_at` seconds since 1970."""

    vendor_id: bytes
    database: bytes
    made_at: int
    rows: tuple[RequestRow, ...]


@dataclass(frozen=True, slots=True)
class ConfirmationRow:
    """The verdict on one row: a packed confirmation and `GRANTED`, or none and the number of an error."""

    installation: bytes
    code: int
    confirmation: bytes = b""


@dataclass(frozen=True, slots=True)
class BundleClaims:
    """What the vendor signs: whom it answers, when, and the SHA-256 of the encoded rows."""

    vendor_id: bytes
    database: bytes
    made_at: int
    digest: bytes


def encode_request_bundle(bundle: RequestBundle) -> str:
    """The armoured file; `ValueError` for what a reader would refuse."""
    check_uint("rows", len(bundle.rows), MAX_ROWS)
    for row in bundle.rows:
        check_uint("bytes of an installation id", len(row.installation), MAX_INSTALLATION_BYTES)
        check_uint("bytes of a name", len(row.name.encode()), MAX_NAME_BYTES)
        if not row.name.isprintable():
            raise ValueError(f"{row.name!r} has control characters")
    return armour.armour(
        armour.REQUEST_BUNDLE,
        encode(
            [
                FORMAT,
                check_bytes("vendor_id", bundle.vendor_id, VENDOR_ID_BYTES),
                check_bytes("database", bundle.database, DATABASE_BYTES),
                check_uint("made_at", bundle.made_at, U32),
                [[row.installation, row.name] for row in bundle.rows],
            ]
        ),
    )


def decode_request_bundle(text: bytes | str) -> RequestBundle:
    """Read a file; `Malformed`, or `Refused` with VERSION_NOT_SUPPORTED. Installation ids are not judged here."""
    reader = Reader(armour.dearmour(text, armour.REQUEST_BUNDLE))
    reader.array(5)
    _check_format(reader)
    vendor_id, database, made_at = reader.bstr(VENDOR_ID_BYTES), reader.bstr(DATABASE_BYTES), reader.uint(U32)
    rows = []
    for _ in range(reader.array_up_to(MAX_ROWS)):
        reader.array(2)
        rows.append(RequestRow(reader.bstr_up_to(MAX_INSTALLATION_BYTES), reader.text(MAX_NAME_BYTES)))
    reader.end()
    return RequestBundle(vendor_id, database, made_at, tuple(rows))


def encode_rows(rows: Sequence[ConfirmationRow]) -> bytes:
    """The rows as they are signed by their digest."""
    check_uint("rows", len(rows), MAX_ROWS)
    for row in rows:
        check_uint("bytes of an installation id", len(row.installation), MAX_INSTALLATION_BYTES)
        check_uint("bytes of a confirmation", len(row.confirmation), MAX_CONFIRMATION_BYTES)
        if (row.code == GRANTED) is not bool(row.confirmation):
            raise ValueError(f"code {row.code} with a confirmation of {len(row.confirmation)} bytes")
    return encode([[r.installation, check_uint("code", r.code, U8), r.confirmation] for r in rows])


def decode_rows(data: bytes) -> tuple[ConfirmationRow, ...]:
    """Read the rows without believing them; `Malformed` otherwise."""
    reader = Reader(data)
    rows = []
    for _ in range(reader.array_up_to(MAX_ROWS)):
        reader.array(3)
        installation, code = reader.bstr_up_to(MAX_INSTALLATION_BYTES), reader.uint(U8)
        confirmation = reader.bstr_up_to(MAX_CONFIRMATION_BYTES)
        if (code == GRANTED) is not bool(confirmation):
            raise wrong("a row that is neither confirmed nor refused")
        rows.append(ConfirmationRow(installation, code, confirmation))
    reader.end()
    return tuple(rows)


def encode_claims(claims: BundleClaims) -> bytes:
    """The payload that the vendor signs."""
    return encode(
        [
            FORMAT,
            check_bytes("vendor_id", claims.vendor_id, VENDOR_ID_BYTES),
            check_bytes("database", claims.database, DATABASE_BYTES),
            check_uint("made_at", claims.made_at, U32),
            check_bytes("digest", claims.digest, DIGEST_BYTES),
        ]
    )


def decode_claims(payload: bytes) -> BundleClaims:
    """Read the payload; `Malformed` otherwise."""
    reader = Reader(payload)
    reader.array(5)
    _check_format(reader)
    claims = BundleClaims(
        reader.bstr(VENDOR_ID_BYTES), reader.bstr(DATABASE_BYTES), reader.uint(U32), reader.bstr(DIGEST_BYTES)
    )
    reader.end()
    return claims


def encode_confirmation_bundle(signed: bytes, rows: bytes) -> str:
    """The armoured file: the signed head, and the encoded rows beside it."""
    return armour.armour(armour.CONFIRMATION_BUNDLE, encode([FORMAT, signed, rows]))


def decode_confirmation_bundle(text: bytes | str) -> tuple[bytes, bytes]:
    """Signed head and encoded rows of such a file; `Malformed`, or `Refused` with VERSION_NOT_SUPPORTED."""
    reader = Reader(armour.dearmour(text, armour.CONFIRMATION_BUNDLE))
    reader.array(3)
    _check_format(reader)
    parts = reader.bstr_up_to(_MAX_SIGNED_BYTES), reader.bstr_up_to(_MAX_ROWS_BYTES)
    reader.end()
    return parts


def _check_format(reader: Reader) -> None:
    if (found := reader.uint(U8)) != FORMAT:
        raise Refused(
            Code.VERSION_NOT_SUPPORTED,
            f"the bundle is of format {found}; this version reads {FORMAT}",
            "Make it anew with this version, or update Muster here.",
        )

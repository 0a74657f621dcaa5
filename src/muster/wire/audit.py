"""The vendor's sealed audit: records of what was done, and the chain of signed seals over them (spec/audit.md, spec/audit.cddl).

Names of people and free text are not here, only commitments to them. Signing and believing are `muster.trust.audit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from muster.wire.activation import U8, U32, VENDOR_ID_BYTES
from muster.wire.cbor import Reader, Value, check_bytes, check_uint, encode, wrong
from muster.wire.keyset import MAX_KEYSET_BYTES, MAX_KEYSETS

FORMAT = 1
DIGEST_BYTES = 32
SALT_BYTES = 16
MAX_RECORDS = 1_000
"""Under one seal."""
MAX_SEALS = 16_777_216
MAX_ACTION_BYTES = 64
MAX_SUBJECT_BYTES = 800
MAX_DETAILS_BYTES = 65_536
MAX_TEXT_BYTES = 8_192
MAX_OPENINGS = 16_777_216
U63 = 2**63 - 1
"""Numbers of rows and microseconds: what databases count in."""

_SIGNED_BYTES = 512
_RECORD_BYTES = MAX_ACTION_BYTES + MAX_SUBJECT_BYTES + MAX_DETAILS_BYTES + 3 * DIGEST_BYTES + 64
_LIST_BYTES = MAX_RECORDS * _RECORD_BYTES


class AuditRecord(NamedTuple):
    """One row of the audit as it is sealed. `at` is microseconds since 1970; `details` is a JSON object as text.

    `actor`, `about` and `remark` are commitments of 32 bytes to who did it, to whom it was done, and to free text; the
    last two are empty where there is none.
    """

    number: int
    at: int
    action: str
    subject: str
    details: str
    actor: bytes
    about: bytes = b""
    remark: bytes = b""


class SealClaims(NamedTuple):
    """What the vendor signs: seal `number` over `records` rows, `total` of them since the first seal.

    `sealed_at` is seconds since 1970, `previous` the SHA-256 of the seal before (32 zeros before the first), `digest` that
    of the encoded list of records.
    """

    vendor_id: bytes
    issuing_key: int
    number: int
    sealed_at: int
    records: int
    total: int
    previous: bytes
    digest: bytes


class SealedRecords(NamedTuple):
    """One seal in a file: the COSE_Sign1, and the encoded list of records."""

    signed: bytes
    records: bytes


class Opening(NamedTuple):
    """What a commitment stands for: HMAC-SHA256 with `salt` as its key over the text."""

    salt: bytes
    text: str


class AuditFile(NamedTuple):
    """An exported audit: the vendor's keysets, every seal with its records, and openings where they were asked for."""

    documents: tuple[bytes, ...]
    seals: tuple[SealedRecords, ...]
    openings: tuple[Opening, ...]


def encode_records(records: Sequence[AuditRecord]) -> bytes:
    """The list of records under one seal; `ValueError` for what no reader takes."""
    check_uint("records", len(records), MAX_RECORDS)
    return encode([_record(record) for record in records])


def _record(record: AuditRecord) -> list[Value]:
    texts = record.action.encode(), record.subject.encode(), record.details.encode()
    for name, text, limit in zip(
        ("action", "subject", "details"), texts, (MAX_ACTION_BYTES, MAX_SUBJECT_BYTES, MAX_DETAILS_BYTES), strict=True
    ):
        check_uint(f"bytes of {name}", len(text), limit)
    actor = check_bytes("actor", record.actor, DIGEST_BYTES)
    others = [check_bytes("commitment", c, DIGEST_BYTES) if c else b"" for c in (record.about, record.remark)]
    return [check_uint("number", record.number, U63), check_uint("at", record.at, U63), *texts, actor, *others]


def decode_records(data: bytes) -> tuple[AuditRecord, ...]:
    """Read a list; `Malformed` for anything else, also for numbers that do not ascend."""
    reader = Reader(data)
    found: list[AuditRecord] = []
    for _ in range(reader.array_up_to(MAX_RECORDS)):
        reader.array(8)
        record = AuditRecord(
            reader.uint(U63),
            reader.uint(U63),
            _text(reader, MAX_ACTION_BYTES),
            _text(reader, MAX_SUBJECT_BYTES),
            _text(reader, MAX_DETAILS_BYTES),
            reader.bstr(DIGEST_BYTES),
            _commitment(reader),
            _commitment(reader),
        )
        if found and record.number <= found[-1].number:
            raise wrong("records that do not ascend")
        found.append(record)
    reader.end()
    return tuple(found)


def _text(reader: Reader, limit: int) -> str:
    """Text as bytes: what people entered may hold what texts of messages must not."""
    try:
        return reader.bstr_up_to(limit).decode()
    except UnicodeDecodeError as error:
        raise wrong("a text that is not UTF-8") from error


def _commitment(reader: Reader) -> bytes:
    found = reader.bstr_up_to(DIGEST_BYTES)
    if len(found) not in {0, DIGEST_BYTES}:
        raise wrong(f"a commitment of {len(found)} bytes")
    return found


def encode_seal(claims: SealClaims) -> bytes:
    """The payload that the vendor signs."""
    return encode(
        [
            FORMAT,
            check_bytes("vendor_id", claims.vendor_id, VENDOR_ID_BYTES),
            check_uint("issuing_key", claims.issuing_key, U8),
            check_uint("number", claims.number, MAX_SEALS),
            check_uint("sealed_at", claims.sealed_at, U32),
            check_uint("records", claims.records, MAX_RECORDS),
            check_uint("total", claims.total, U63),
            check_bytes("previous", claims.previous, DIGEST_BYTES),
            check_bytes("digest", claims.digest, DIGEST_BYTES),
        ]
    )


def decode_seal(payload: bytes) -> SealClaims:
    """Read the payload; `Malformed` for anything else."""
    reader = Reader(payload)
    reader.array(9)
    reader.const(FORMAT)
    claims = SealClaims(
        reader.bstr(VENDOR_ID_BYTES),
        reader.uint(U8),
        reader.uint(MAX_SEALS),
        reader.uint(U32),
        reader.uint(MAX_RECORDS),
        reader.uint(U63),
        reader.bstr(DIGEST_BYTES),
        reader.bstr(DIGEST_BYTES),
    )
    reader.end()
    return claims


def encode_audit_file(file: AuditFile) -> bytes:
    """The file as bytes."""
    seals: list[Value] = [[seal.signed, seal.records] for seal in file.seals]
    openings: list[Value] = [
        [check_bytes("salt", opening.salt, SALT_BYTES), opening.text.encode()[:MAX_TEXT_BYTES]]
        for opening in file.openings
    ]
    return encode([FORMAT, list(file.documents), seals, openings])


def decode_audit_file(data: bytes) -> AuditFile:
    """Read a file without believing it; `Malformed` for anything else."""
    reader = Reader(data)
    reader.array(4)
    reader.const(FORMAT)
    documents = tuple(reader.bstr_up_to(MAX_KEYSET_BYTES) for _ in range(reader.array_up_to(MAX_KEYSETS)))
    seals = []
    for _ in range(reader.array_up_to(MAX_SEALS)):
        reader.array(2)
        seals.append(SealedRecords(reader.bstr_up_to(_SIGNED_BYTES), reader.bstr_up_to(_LIST_BYTES)))
    openings = []
    for _ in range(reader.array_up_to(MAX_OPENINGS)):
        reader.array(2)
        openings.append(Opening(reader.bstr(SALT_BYTES), _text(reader, MAX_TEXT_BYTES)))
    reader.end()
    return AuditFile(documents, tuple(seals), tuple(openings))

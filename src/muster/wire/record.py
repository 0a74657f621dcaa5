"""The machine's own record of one vendor: ids, clocks and the evidence of its activations (spec/record.md).

A file is ``[format, body, SHA-256(body)]``; the hash finds accidents, not enemies. Evidence is kept as received, request and
answer together, so that whoever reads the file judges it anew. Nothing secret is in it; `Secrets` is a file of its own.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import NamedTuple

from muster.base.errors import Code, Malformed
from muster.wire.activation import CLIENT_ID_BYTES, PARTS_BYTES, U8, U16, U24, U32
from muster.wire.cbor import Reader, Value, check_readable, encode, wrong
from muster.wire.confirmation import MAX_CONFIRMATION_BYTES
from muster.wire.frame import MAX_BODY
from muster.wire.sign1 import MAX_CERTIFICATE_BYTES

FORMAT = 1
SALT_BYTES = 32
BOOT_ID_BYTES = 8
REFERENCE_BYTES = 8
SECRET_BYTES = 32
HASH_BYTES = 32
MAX_RECORD_BYTES = 1_048_576
MAX_EDITIONS = 512
MAX_SKIPS = 64
MAX_HOST_BYTES = 300
MAX_MESSAGE_BYTES = 400
MAX_INSTALLATION_BYTES = 45
MAX_DIRECTORY_ID_BYTES = 64
PARTIAL_BYTES = 5
NEVER = 0


class KeyKindCode(IntEnum):
    """Kind of the installed key; the numbers of product keys."""

    GENERIC = 0
    MAK = 2


class Moment(NamedTuple):
    """An instant on both clocks: wall seconds since 1970 and `used` seconds of this record. (0, 0) is never."""

    at: int = NEVER
    used: int = 0


class InstalledKey(NamedTuple):
    """What is remembered of a product key: never the key itself."""

    kind: KeyKindCode
    partial: str
    reference: bytes


class Lease(NamedTuple):
    """Evidence of volume activation: the bodies of request and reply, the salt of the request's parts, and when."""

    request: bytes
    reply: bytes
    salt: bytes
    received: Moment


class DirectoryEvidence(NamedTuple):
    """An activation object as it was read, the directory it was read from, this machine's parts then, and when.

    `left` is true once the machine was found outside that directory.
    """

    certificate: bytes
    directory: bytes
    parts: bytes
    salt: bytes
    read: Moment
    left: bool = False


class PermanentEvidence(NamedTuple):
    """Packed installation id and confirmation, this machine's parts at the deposit, and when."""

    installation: bytes
    confirmation: bytes
    parts: bytes
    salt: bytes
    deposited: Moment


class Attempts(NamedTuple):
    """What the last attempts came to; shown, and used for timing, never as evidence.

    `code` is a `Code.number` or 0; `retry_minutes` and `renew_minutes` are the last host's, 0 for the policy's.
    """

    failures: int = 0
    attempted_at: int = NEVER
    next_at: int = NEVER
    code: int = 0
    message: str = ""
    count: int = 0  # type: ignore[assignment]  # nobody counts the fields of a record
    host: str = ""
    retry_minutes: int = 0
    renew_minutes: int = 0


class EditionRecord(NamedTuple):
    """One edition on this machine. `trouble` is when its evidence was first seen not to hold."""

    edition: int
    key: InstalledKey | None = None
    installed: Moment = Moment()
    lease: Lease | None = None
    directory: DirectoryEvidence | None = None
    permanent: PermanentEvidence | None = None
    pending: bytes = b""
    trouble: Moment = Moment()
    attempts: Attempts = Attempts()


class VendorRecord(NamedTuple):
    """One machine for one vendor. `high_water` is the latest wall clock seen, `used` the seconds the machine ran since."""

    client_id: bytes
    salt: bytes
    parts: bytes
    high_water: int = NEVER
    used: int = 0
    boot_id: bytes = bytes(BOOT_ID_BYTES)
    boot_seconds: int = 0
    graces_reset: int = 0
    proof: Lease | None = None
    cached_host: str = ""
    cached_priority: int = 0
    skips: tuple[tuple[str, int], ...] = ()
    editions: tuple[EditionRecord, ...] = ()

    def edition(self, number: int) -> EditionRecord | None:
        """The record of an edition's id, or None."""
        for edition in self.editions:
            if edition.edition == number:
                return edition
        return None


def encode_record(record: VendorRecord) -> bytes:
    """The whole file; `ValueError` for a record that could not be read again: the file before it stays."""
    body = encode(
        [
            record.client_id,
            record.salt,
            record.parts,
            record.high_water,
            record.used,
            record.boot_id,
            record.boot_seconds,
            record.graces_reset,
            _lease(record.proof),
            record.cached_host,
            record.cached_priority,
            [[host, until] for host, until in record.skips],
            [_edition(e) for e in record.editions],
        ]
    )
    return check_readable(encode([FORMAT, body, hashlib.sha256(body).digest()]), decode_record)


def _moment(moment: Moment) -> list[Value]:
    return [moment.at, moment.used]


def _lease(lease: Lease | None) -> list[Value]:
    return [] if lease is None else [lease.request, lease.reply, lease.salt, _moment(lease.received)]


def _edition(record: EditionRecord) -> list[Value]:
    key, seen, kept, tries = record.key, record.directory, record.permanent, record.attempts
    return [
        record.edition,
        [] if key is None else [int(key.kind), key.partial, key.reference],
        _moment(record.installed),
        _lease(record.lease),
        []
        if seen is None
        else [seen.certificate, seen.directory, seen.parts, seen.salt, _moment(seen.read), int(seen.left)],
        []
        if kept is None
        else [kept.installation, kept.confirmation, kept.parts, kept.salt, _moment(kept.deposited)],
        record.pending,
        _moment(record.trouble),
        [
            tries.failures, tries.attempted_at, tries.next_at, tries.code, tries.message, tries.count, tries.host,
            tries.retry_minutes, tries.renew_minutes,
        ],
    ]  # fmt: skip


def decode_record(data: bytes) -> VendorRecord:
    """Read a record; `Malformed` with STATE_CORRUPT for anything damaged."""
    try:
        return _read_record(_body(data))
    except (Malformed, ValueError) as error:
        raise Malformed(Code.STATE_CORRUPT, f"the record is damaged: {error}") from error


def _body(data: bytes) -> Reader:
    if len(data) > MAX_RECORD_BYTES:
        raise wrong("too long")
    outer = Reader(data)
    outer.array(3)
    outer.const(FORMAT)
    body, digest = outer.bstr_up_to(MAX_RECORD_BYTES), outer.bstr(HASH_BYTES)
    outer.end()
    if hashlib.sha256(body).digest() != digest:
        raise wrong("its hash does not fit")
    return Reader(body)


def _read_record(reader: Reader) -> VendorRecord:
    reader.array(13)
    record = VendorRecord(
        client_id=reader.bstr(CLIENT_ID_BYTES),
        salt=reader.bstr(SALT_BYTES),
        parts=reader.bstr(PARTS_BYTES),
        high_water=reader.uint(U32),
        used=reader.uint(U32),
        boot_id=reader.bstr(BOOT_ID_BYTES),
        boot_seconds=reader.uint(U32),
        graces_reset=reader.uint(U8),
        proof=_read_lease(reader),
        cached_host=reader.text(MAX_HOST_BYTES),
        cached_priority=reader.uint(U16),
        skips=tuple(_read_skip(reader) for _ in range(reader.array_up_to(MAX_SKIPS))),
        editions=tuple(_read_edition(reader) for _ in range(reader.array_up_to(MAX_EDITIONS))),
    )
    reader.end()
    return record


def _read_moment(reader: Reader) -> Moment:
    reader.array(2)
    return Moment(reader.uint(U32), reader.uint(U32))


def _read_skip(reader: Reader) -> tuple[str, int]:
    reader.array(2)
    return reader.text(MAX_HOST_BYTES), reader.uint(U32)


def _present(reader: Reader, fields: int) -> bool:
    """Whether an optional element is there: an array of `fields`, else an empty one."""
    found = reader.array_up_to(fields)
    if found not in {0, fields}:
        raise wrong(f"an array of {found} elements, not {fields}")
    return found == fields


def _read_lease(reader: Reader) -> Lease | None:
    if not _present(reader, 4):
        return None
    request, reply = reader.bstr_up_to(MAX_BODY), reader.bstr_up_to(MAX_BODY)
    return Lease(request, reply, reader.bstr(SALT_BYTES), _read_moment(reader))


def _read_key(reader: Reader) -> InstalledKey | None:
    if not _present(reader, 3):
        return None
    kind, partial = KeyKindCode(reader.uint(U8)), reader.text(PARTIAL_BYTES)
    return InstalledKey(kind, partial, reader.bstr(REFERENCE_BYTES))


def _read_directory(reader: Reader) -> DirectoryEvidence | None:
    if not _present(reader, 6):
        return None
    certificate, directory = reader.bstr_up_to(MAX_CERTIFICATE_BYTES), reader.bstr_up_to(MAX_DIRECTORY_ID_BYTES)
    parts, salt = reader.bstr(PARTS_BYTES), reader.bstr(SALT_BYTES)
    return DirectoryEvidence(certificate, directory, parts, salt, _read_moment(reader), left=bool(reader.uint(1)))


def _read_permanent(reader: Reader) -> PermanentEvidence | None:
    if not _present(reader, 5):
        return None
    installation, confirmation = reader.bstr_up_to(MAX_INSTALLATION_BYTES), reader.bstr_up_to(MAX_CONFIRMATION_BYTES)
    parts, salt = reader.bstr(PARTS_BYTES), reader.bstr(SALT_BYTES)
    return PermanentEvidence(installation, confirmation, parts, salt, _read_moment(reader))


def _read_attempts(reader: Reader) -> Attempts:
    reader.array(9)
    return Attempts(
        reader.uint(U16),
        reader.uint(U32),
        reader.uint(U32),
        reader.uint(U8),
        reader.text(MAX_MESSAGE_BYTES),
        reader.uint(U16),
        reader.text(MAX_HOST_BYTES),
        reader.uint(U16),
        reader.uint(U16),
    )


def _read_edition(reader: Reader) -> EditionRecord:
    reader.array(9)
    return EditionRecord(
        edition=reader.uint(U24),
        key=_read_key(reader),
        installed=_read_moment(reader),
        lease=_read_lease(reader),
        directory=_read_directory(reader),
        permanent=_read_permanent(reader),
        pending=reader.bstr_up_to(MAX_INSTALLATION_BYTES),
        trouble=_read_moment(reader),
        attempts=_read_attempts(reader),
    )


def encode_secrets(secrets: dict[int, bytes]) -> bytes:
    """K (32 bytes) of each edition's multiple activation key, by edition id: a file that only the service reads."""
    body = encode([[edition, secret] for edition, secret in sorted(secrets.items())])
    return check_readable(encode([FORMAT, body, hashlib.sha256(body).digest()]), decode_secrets)


def decode_secrets(data: bytes) -> dict[int, bytes]:
    """Read such a file; `Malformed` with STATE_CORRUPT for anything damaged."""
    try:
        reader = _body(data)
        secrets: dict[int, bytes] = {}
        for _ in range(reader.array_up_to(MAX_EDITIONS)):
            reader.array(2)
            edition = reader.uint(U24)
            if edition <= max(secrets, default=-1):
                raise wrong("editions out of order or doubled")
            secrets[edition] = reader.bstr(SECRET_BYTES)
        reader.end()
    except Malformed as error:
        raise Malformed(Code.STATE_CORRUPT, f"the secrets are damaged: {error.message}") from error
    return secrets

"""The vendor's audit, sealed: that no row was changed, added, left out or put elsewhere since (spec/audit.md)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Refused, Untrusted
from muster.trust.cose import LABEL_AUDIT, sign, verify
from muster.trust.keyset import TrustedKeysets
from muster.wire.audit import (
    DIGEST_BYTES,
    AuditRecord,
    Opening,
    SealClaims,
    SealedRecords,
    decode_records,
    decode_seal,
    encode_records,
    encode_seal,
)
from muster.wire.calendar import day_number, moment
from muster.wire.cbor import wrong
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.sign1 import Sign1, decode_sign1

NOTHING_BEFORE = bytes(DIGEST_BYTES)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain of seals ends: the newest seal's number, its digest, and how many rows stand under all of them.

    `is_doubted`: the newest seal's key was revoked since.
    """

    number: int = 0
    digest: bytes = NOTHING_BEFORE
    total: int = 0
    is_doubted: bool = False


def commitment(opening: Opening) -> bytes:
    """What stands under the seal for a text: it tells nothing once the salt is gone."""
    return hmac.digest(opening.salt, opening.text.encode(), "sha256")


def seal_digest(signed: bytes) -> bytes:
    """The digest by which the next seal names this one."""
    return hashlib.sha256(signed).digest()


def seal_records(
    private: Ed25519PrivateKey,
    head: Head,
    records: Sequence[AuditRecord],
    *,
    vendor_id: bytes,
    issuing_key: int,
    sealed_at: int,
) -> SealedRecords:
    """The next seal after `head`, by an issuing key of the purpose *product*; deterministic. `sealed_at` in seconds."""
    encoded = encode_records(records)
    claims = SealClaims(
        vendor_id,
        issuing_key,
        head.number + 1,
        sealed_at,
        len(records),
        head.total + len(records),
        head.digest,
        hashlib.sha256(encoded).digest(),
    )
    return SealedRecords(sign(private, encode_seal(claims), LABEL_AUDIT), encoded)


def follow(head: Head, sealed: SealedRecords, keysets: TrustedKeysets) -> Head:
    """The head after one more seal; `Malformed`, or `Untrusted` with AUDIT_BROKEN, VENDOR_MISMATCH, SIGNATURE_INVALID.

    A seal whose key was revoked is doubted until a later seal, by a key that was not, stands upon it.
    """
    message, claims = read_seal(sealed.signed)
    if claims.vendor_id != keysets.vendor_id:
        raise Untrusted(Code.VENDOR_MISMATCH, f"seal {claims.number} is of another vendor")
    day = day_number(moment(claims.sealed_at))
    public = keysets.issuing(claims.issuing_key, Purpose.PRODUCT, day, even_revoked=True)
    verify(public, message, LABEL_AUDIT)
    if (claims.number, claims.previous) != (head.number + 1, head.digest):
        raise _broken(f"seal {claims.number} does not follow seal {head.number}")
    if hashlib.sha256(sealed.records).digest() != claims.digest:
        raise _broken(f"rows under seal {claims.number} are not those that were sealed")
    records = decode_records(sealed.records)
    if len(records) != claims.records or claims.total != head.total + claims.records or not records:
        raise _broken(f"seal {claims.number} counts other rows")
    key = next(key for key in keysets.newest.issuing if key.number == claims.issuing_key)
    return Head(claims.number, seal_digest(sealed.signed), claims.total, key.status is KeyStatus.REVOKED)


def follow_all(seals: Iterable[SealedRecords], keysets: TrustedKeysets, known: bytes | None = None) -> Head:
    """The head of a whole chain; raises as `follow` does, and `Refused` with COPY_STALE when `known` is not in it.

    `known` is a seal, as it was kept elsewhere: what it covers must be here, unchanged. `Untrusted` with KEY_REVOKED
    when the last seal is doubted.
    """
    head, is_met = Head(), known is None
    for sealed in seals:
        head = follow(head, sealed, keysets)
        is_met = is_met or sealed.signed == known
    if head.is_doubted:
        raise Untrusted(Code.KEY_REVOKED, f"the key of seal {head.number}, the last one, was revoked")
    if not is_met and known is not None:
        _, claims = read_seal(known)
        raise Refused(
            Code.COPY_STALE,
            f"the chain ends with seal {head.number} and does not hold seal {claims.number}, which is known",
        )
    return head


def check_openings(openings: Sequence[Opening], seals: Iterable[SealedRecords]) -> None:
    """`Malformed` when an opening belongs to no row of the seals."""
    wanted = {commitment(opening) for opening in openings}
    for sealed in seals:
        for record in decode_records(sealed.records):
            wanted -= {record.actor, record.about, record.remark}
    if wanted:
        raise wrong("an opening that no row has")


def read_seal(signed: bytes) -> tuple[Sign1, SealClaims]:
    """A seal, read without believing it; `Malformed` for anything else."""
    message = decode_sign1(signed)
    if message.certificate is not None:
        raise wrong("a seal with a certificate")
    return message, decode_seal(message.payload)


def _broken(cause: str) -> Untrusted:
    return Untrusted(Code.AUDIT_BROKEN, cause)

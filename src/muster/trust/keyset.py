"""The chain of keysets from a vendor's fingerprint to its newest keys (spec/keyset.md).

Keyset N+1 is believed when the threshold of N's root keys and its own threshold signed it. Versions grow by one, never
go back, and two different keysets of one version are a fork that is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, MusterError, Untrusted
from muster.trust.cose import LABEL_KEYSET, check_public_key, public_bytes, signature, verify_signature
from muster.wire.calendar import day_end
from muster.wire.keyset import (
    MAX_KEYSETS,
    IssuingKey,
    Keyset,
    KeyStatus,
    Purpose,
    SignedKeyset,
    decode_keyset,
    decode_signed_keyset,
    encode_keyset,
    encode_signed_keyset,
)

LABEL_VENDOR = b"muster-vendor-v1"
FINGERPRINT_BYTES = 32
VENDOR_ID_BYTES = 8


class UnknownIssuingKey(Untrusted):
    """Signed by a key that the known keysets do not name: a newer keyset may."""


class TrustedKeysets(NamedTuple):
    """A verified chain: the vendor's fingerprint (32 bytes), the signed documents 1 ... N and the newest keyset."""

    fingerprint: bytes
    documents: tuple[bytes, ...]
    newest: Keyset

    @property
    def vendor_id(self) -> bytes:
        """The 8 bytes that name the vendor on the wire."""
        return self.fingerprint[:VENDOR_ID_BYTES]

    @property
    def version(self) -> int:
        """The newest version that is trusted."""
        return self.newest.version

    def issuing(self, number: int, purpose: Purpose, day: int, *, even_revoked: bool = False) -> bytes:
        """The public key `number`, for something of `purpose` that begins on `day`.

        `UnknownIssuingKey` when no keyset here names it; `Untrusted` when it is revoked, of another purpose, or was
        not to be used on that day. `even_revoked` is for telling voided evidence from forged.
        """
        key = next((k for k in self.newest.issuing if k.number == number), None)
        if key is None:
            raise UnknownIssuingKey(Code.KEYSET_UNTRUSTED, f"keyset {self.version} names no issuing key {number}")
        if key.status is KeyStatus.REVOKED and not even_revoked:
            raise Untrusted(Code.KEY_REVOKED, f"the vendor has revoked issuing key {number}")
        if key.purpose is not purpose:
            raise Untrusted(Code.SIGNATURE_INVALID, f"issuing key {number} is for {key.purpose.name.lower()}")
        if not key.not_before_day <= day <= key.not_after_day:
            raise Untrusted(Code.SIGNATURE_INVALID, f"issuing key {number} was not to be used on day {day}")
        return key.public

    def of_purpose(self, purpose: Purpose, status: KeyStatus | None = None) -> tuple[IssuingKey, ...]:
        """Every key of a purpose and `status` (None: not revoked), newest first.

        All of them: an activation for good must hold however often its vendor rotates. A keyset names at most 40 keys.
        """
        keys = [
            k
            for k in self.newest.issuing
            if k.purpose is purpose and (k.status is not KeyStatus.REVOKED if status is None else k.status is status)
        ]
        return tuple(sorted(keys, key=lambda k: -k.number))

    def is_withdrawn(self, serial: int) -> bool:
        """Whether the newest keyset withdraws a certificate."""
        return serial in self.newest.withdrawn

    def is_expired(self, now: datetime) -> bool:
        """Whether the newest keyset is past its last day: a reason to warn, never to end a lease."""
        return now >= day_end(self.newest.expires_day)


def fingerprint_of(keyset_1: bytes) -> bytes:
    """The vendor fingerprint: SHA-256 of label and first signed keyset."""
    return hashlib.sha256(LABEL_VENDOR + keyset_1).digest()


def enter(
    documents: Sequence[bytes], *, fingerprint: bytes | None = None, now: datetime | None = None
) -> TrustedKeysets:
    """Walk signed keysets 1 ... N. `now` is given when they are new here: the last one must not be expired.

    `Untrusted` with VENDOR_MISMATCH for another vendor than `fingerprint`, KEYSET_UNTRUSTED for a broken chain,
    KEYSET_TOO_OLD for an expired end.
    """
    if not documents:
        raise _broken("there is no keyset")
    found = fingerprint_of(documents[0])
    if fingerprint is not None and found != fingerprint:
        raise Untrusted(Code.VENDOR_MISMATCH, f"the vendor is {found.hex()[:16]}…, not {fingerprint.hex()[:16]}…")
    first = _verified(documents[0], ())
    if first.version != 1:
        raise _broken(f"the chain begins at version {first.version}")
    trusted = TrustedKeysets(found, (documents[0],), first)
    for document in documents[1:]:
        trusted = _extended(trusted, document)
    if now is not None and trusted.is_expired(now):
        raise Untrusted(Code.KEYSET_TOO_OLD, f"keyset {trusted.version} is expired")
    return trusted


def extend(trusted: TrustedKeysets, document: bytes, *, now: datetime) -> TrustedKeysets:
    """The chain with the keyset of the next version added; `Untrusted` leaves the old chain as it was."""
    longer = _extended(trusted, document)
    if longer.is_expired(now):
        raise Untrusted(Code.KEYSET_TOO_OLD, f"keyset {longer.version} is expired")
    return longer


def merge(trusted: TrustedKeysets, documents: Sequence[bytes], *, now: datetime) -> TrustedKeysets:
    """The longer of a known chain and an offered one of the same vendor. A shorter offer changes nothing; a fork is refused."""
    offered = enter(documents, fingerprint=trusted.fingerprint)
    for known, other in zip(trusted.documents, offered.documents, strict=False):
        if decode_signed_keyset(known).payload != decode_signed_keyset(other).payload:
            raise _broken("two different keysets have one version")
    if offered.version <= trusted.version:
        return trusted
    if offered.is_expired(now):
        raise Untrusted(Code.KEYSET_TOO_OLD, f"keyset {offered.version} is expired")
    return offered._replace(documents=trusted.documents + offered.documents[trusted.version :])


def _extended(trusted: TrustedKeysets, document: bytes) -> TrustedKeysets:
    if trusted.version >= MAX_KEYSETS:
        raise _broken(f"more than {MAX_KEYSETS} keysets")
    keyset = _verified(document, (trusted.newest,))
    if keyset.version != trusted.version + 1:
        raise _broken(f"version {keyset.version} follows version {trusted.version}")
    return TrustedKeysets(trusted.fingerprint, (*trusted.documents, document), keyset)


def _verified(document: bytes, before: Iterable[Keyset]) -> Keyset:
    """The keyset of a document that the thresholds of itself and of those `before` signed."""
    signed = decode_signed_keyset(document)
    keyset = decode_keyset(signed.payload)
    for public in (*keyset.roots, *(k.public for k in keyset.issuing)):
        check_public_key(public)
    good = {root for root, sig in signed.signatures if _is_good(root, signed.payload, sig)}
    if len(good) != len(signed.signatures):
        raise _broken("a signature on a keyset does not verify")
    for judge in (keyset, *before):
        if len(good.intersection(judge.roots)) < judge.threshold:
            raise _broken(f"keyset {keyset.version} lacks signatures of {judge.threshold} root keys")
    return keyset


def _is_good(root: bytes, payload: bytes, signature_: bytes) -> bool:
    try:
        verify_signature(root, payload, signature_, LABEL_KEYSET)
    except MusterError:
        return False
    return True


def _broken(problem: str) -> Untrusted:
    return Untrusted(Code.KEYSET_UNTRUSTED, f"the keysets are not trusted: {problem}")


def sign_payload(payload: bytes, roots: Iterable[Ed25519PrivateKey]) -> tuple[tuple[bytes, bytes], ...]:
    """(root public key, signature) of each root over a keyset's payload."""
    return tuple((public_bytes(root), signature(root, payload, LABEL_KEYSET)) for root in roots)


def assemble(payload: bytes, signatures: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The signed document from signatures that were collected in any order."""
    return encode_signed_keyset(SignedKeyset(payload, tuple(sorted(dict(signatures).items()))))


def sign_keyset(keyset: Keyset, roots: Iterable[Ed25519PrivateKey]) -> bytes:
    """The signed document of a keyset whose root keys are all at hand."""
    payload = encode_keyset(keyset)
    return assemble(payload, sign_payload(payload, roots))

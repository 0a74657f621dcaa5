"""Confirmation bundles: signed by the vendor, believed row by row (spec/bundle.md §Taking one)."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import BY_NUMBER, Code, MusterError, Refused, Untrusted
from muster.trust.cose import LABEL_BUNDLE, sign, verify
from muster.trust.keyset import TrustedKeysets
from muster.trust.permanent import verify_permanent
from muster.wire.bundle import (
    GRANTED,
    BundleClaims,
    ConfirmationRow,
    RequestBundle,
    decode_claims,
    decode_confirmation_bundle,
    decode_rows,
    encode_claims,
    encode_confirmation_bundle,
    encode_rows,
)
from muster.wire.confirmation import unpack_confirmation
from muster.wire.installation import MachineId, unpack_installation
from muster.wire.keyset import Purpose
from muster.wire.sign1 import decode_sign1


@dataclass(frozen=True, slots=True)
class OpenedBundle:
    """A confirmation bundle of this vendor. `doubt` says why its head does not vouch for the rows; None when it does."""

    claims: BundleClaims
    rows: tuple[ConfirmationRow, ...]
    doubt: MusterError | None


def answer_bundle(
    private: Ed25519PrivateKey, request: RequestBundle, made_at: int, rows: Sequence[ConfirmationRow]
) -> str:
    """The armoured answer to a request bundle, signed by a key of the purpose *bundle*; deterministic."""
    encoded = encode_rows(rows)
    claims = BundleClaims(request.vendor_id, request.database, made_at, hashlib.sha256(encoded).digest())
    return encode_confirmation_bundle(sign(private, encode_claims(claims), LABEL_BUNDLE), encoded)


def open_bundle(text: bytes | str, keysets: TrustedKeysets) -> OpenedBundle:
    """Read a confirmation bundle of the vendor of `keysets`.

    `Malformed` for a damaged file, `Refused` with VERSION_NOT_SUPPORTED, `Untrusted` with VENDOR_MISMATCH.
    """
    signed, encoded = decode_confirmation_bundle(text)
    claims, rows = decode_claims(decode_sign1(signed).payload), decode_rows(encoded)
    if claims.vendor_id != keysets.vendor_id:
        raise Untrusted(Code.VENDOR_MISMATCH, "the bundle is of another vendor")
    return OpenedBundle(claims, rows, _doubt(signed, encoded, claims, keysets))


def _doubt(signed: bytes, encoded: bytes, claims: BundleClaims, keysets: TrustedKeysets) -> MusterError | None:
    for key in keysets.of_purpose(Purpose.BUNDLE):
        try:
            verify(key.public, signed, LABEL_BUNDLE)
        except Untrusted:
            continue
        if hashlib.sha256(encoded).digest() == claims.digest:
            return None
        return Untrusted(Code.SIGNATURE_INVALID, "rows of the bundle were changed after the vendor signed it")
    return Untrusted(Code.SIGNATURE_INVALID, "the head of the bundle was not signed by the vendor")


def refusal_of(row: ConfirmationRow, asked: Container[bytes], keysets: TrustedKeysets) -> MusterError | None:
    """Why a row is not taken; None when its confirmation may be deposited. `asked`: the ids this database sent out.

    A confirmation of a host or a directory is verified where it is deposited: its scope is known there alone.
    """
    if row.installation not in asked:
        return Refused(
            Code.NOT_FOUND,
            "this installation id was not asked for here",
            "The bundle may answer another database, or was changed.",
        )
    if row.code != GRANTED:
        return Refused(BY_NUMBER.get(row.code, Code.INTERNAL))
    try:
        confirmation = unpack_confirmation(row.confirmation)
        if isinstance(unpack_installation(row.installation), MachineId):
            verify_permanent(row.installation, confirmation, keysets)
    except MusterError as error:
        return error
    return None

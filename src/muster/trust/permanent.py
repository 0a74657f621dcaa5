"""Confirmations: signing and believing them (spec/confirmation.md §Signatures)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, MusterError, Untrusted
from muster.trust.chain import verify_certificate
from muster.trust.cose import LABEL_PERMANENT, verify_raw
from muster.trust.keyset import TrustedKeysets, UnknownIssuingKey
from muster.wire.certificate import CertificateClaims, encode_certificate
from muster.wire.confirmation import (
    CertificateConfirmation,
    Confirmation,
    ConfirmationFormat,
    PermanentConfirmation,
    confirmation_of,
    pack_confirmation,
)
from muster.wire.installation import SubjectKind
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.sign1 import Sign1, decode_sign1, encode_sign1


def _signed_bytes(installation: bytes, end_day: int) -> bytes:
    format_ = PermanentConfirmation(end_day, b"").format
    return LABEL_PERMANENT + installation + bytes((format_,)) + end_day.to_bytes(2, "big")


def sign_permanent(private: Ed25519PrivateKey, installation: bytes, end_day: int = 0) -> bytes:
    """The packed confirmation of a machine's packed installation id; `end_day` 0 for no end. Deterministic."""
    signature = private.sign(_signed_bytes(installation, end_day))
    return pack_confirmation(PermanentConfirmation(end_day, signature))


def verify_permanent(
    installation: bytes, confirmation: Confirmation, keysets: TrustedKeysets, status: KeyStatus | None = None
) -> PermanentConfirmation:
    """The confirmation when a permanent key of the vendor, not revoked, signed it for this installation id.

    `status` asks for keys of that status instead: `KeyStatus.REVOKED` tells a voided confirmation from a forged one.
    """
    if isinstance(confirmation, PermanentConfirmation):
        message = _signed_bytes(installation, confirmation.end_day)
        for key in keysets.of_purpose(Purpose.PERMANENT, status):
            try:
                verify_raw(key.public, message, confirmation.signature)
            except Untrusted:
                continue
            return confirmation
    raise Untrusted(Code.CONFIRMATION_UNTRUSTED)


def confirm_certificate(certificate: bytes, claims: CertificateClaims, kind: SubjectKind) -> bytes:
    """The packed confirmation that lets the asking side rebuild `certificate`."""
    return pack_confirmation(confirmation_of(claims, decode_sign1(certificate).signature, kind))


def rebuild_certificate(
    confirmation: Confirmation, subject: bytes, scope: int, keysets: TrustedKeysets
) -> tuple[bytes, CertificateClaims]:
    """The certificate of a host or directory, and its claims, from a confirmation and what the asking side holds.

    `Untrusted` with CONFIRMATION_UNTRUSTED when the vendor did not sign it for this subject and scope;
    `UnknownIssuingKey` when a newer product file might know the key.
    """
    if not isinstance(confirmation, CertificateConfirmation):
        raise Untrusted(Code.CONFIRMATION_UNTRUSTED)
    purpose = Purpose.HOST if confirmation.format is ConfirmationFormat.HOST else Purpose.OBJECT
    claims = confirmation.claims(subject, scope)
    certificate = encode_sign1(Sign1(encode_certificate(claims), confirmation.signature))
    try:
        return certificate, verify_certificate(certificate, keysets, purpose)
    except UnknownIssuingKey:
        raise
    except MusterError as error:
        raise Untrusted(Code.CONFIRMATION_UNTRUSTED) from error

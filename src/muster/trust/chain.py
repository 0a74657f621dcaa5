"""From the vendor's keysets through a certificate to one answer of a host (spec/trust.md §Judging an answer).

`verify_answer` proves who spoke and to which request; `judge_answer` decides, for one edition at one instant, whether
that is enough. Steps carry the numbers of the spec.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import BY_NUMBER, Code, MusterError, Refused, Untrusted
from muster.trust.cose import (
    LABEL_HOST_CERTIFICATE,
    LABEL_OBJECT,
    LABEL_REFUSAL,
    LABEL_REPLY,
    check_public_key,
    sign,
    verify,
)
from muster.trust.keyset import TrustedKeysets
from muster.wire.activation import RefusalClaims, ReplyClaims, decode_claims, encode_claims
from muster.wire.calendar import day_end, day_start, moment
from muster.wire.cbor import wrong
from muster.wire.certificate import NO_LIMIT, CertificateClaims, decode_certificate, encode_certificate
from muster.wire.keyset import Purpose
from muster.wire.product import Edition
from muster.wire.sign1 import decode_sign1

MAX_CLOCK_PAST_END = timedelta(days=1)
MAX_ANSWER_PAYLOAD_BYTES = 32
_LABELS = {Purpose.HOST: LABEL_HOST_CERTIFICATE, Purpose.OBJECT: LABEL_OBJECT}


class Answer(NamedTuple):
    """What a certified host said to one request, proven but not yet judged."""

    certificate: CertificateClaims
    claims: ReplyClaims | RefusalClaims


def issue_certificate(private: Ed25519PrivateKey, claims: CertificateClaims, purpose: Purpose) -> bytes:
    """A certificate of a host (`Purpose.HOST`) or an activation object (`Purpose.OBJECT`); deterministic."""
    return sign(private, encode_certificate(claims), _LABELS[purpose])


def verify_certificate(
    certificate: bytes, keysets: TrustedKeysets, purpose: Purpose, *, even_revoked: bool = False
) -> CertificateClaims:
    """The claims of a certificate that an issuing key of `purpose` signed; window and scope are not judged here."""
    message = decode_sign1(certificate)
    if message.certificate is not None:
        raise wrong("a certificate inside a certificate")
    claims = decode_certificate(message.payload)
    public = keysets.issuing(claims.issuing_key, purpose, claims.not_before_day, even_revoked=even_revoked)
    verify(public, message, _LABELS[purpose])
    return claims


def _bound(label: bytes, request: bytes, certificate: bytes) -> bytes:
    return label + hashlib.sha256(request).digest() + hashlib.sha256(certificate).digest()


def sign_answer(
    private: Ed25519PrivateKey, request: bytes, certificate: bytes, claims: ReplyClaims | RefusalClaims
) -> bytes:
    """The body of a reply or refusal, bound to the request's body and to the certificate."""
    label = LABEL_REPLY if isinstance(claims, ReplyClaims) else LABEL_REFUSAL
    return sign(private, encode_claims(claims), _bound(label, request, certificate), certificate)


def verify_answer(request: bytes, answer: bytes, keysets: TrustedKeysets, *, even_revoked: bool = False) -> Answer:
    """Steps 1 to 4: shape, certificate, and that its subject signed this answer to this request.

    `Malformed`, `Untrusted`, or `UnknownIssuingKey` when a newer keyset might know the key. `even_revoked` is for
    telling voided evidence from forged.
    """
    message = decode_sign1(answer, MAX_ANSWER_PAYLOAD_BYTES)
    if message.certificate is None:
        raise wrong("an answer without certificate")
    certificate = verify_certificate(message.certificate, keysets, Purpose.HOST, even_revoked=even_revoked)
    claims = decode_claims(message.payload)
    label = LABEL_REPLY if isinstance(claims, ReplyClaims) else LABEL_REFUSAL
    check_public_key(certificate.subject)
    verify(certificate.subject, message, _bound(label, request, message.certificate))
    return Answer(certificate, claims)


def judge_certificate(
    certificate: CertificateClaims, edition: Edition, at: datetime, *, organisation: int | None = None
) -> None:
    """Steps 5 and 7 to 10: the window at `at` (the signed time), scope, level, release and organisation."""
    if at < day_start(certificate.not_before_day):
        raise Untrusted(Code.CERTIFICATE_NOT_YET_VALID, f"certificate {certificate.serial} is not valid yet")
    if at >= day_start(certificate.end_day):
        raise Untrusted(Code.CERTIFICATE_EXPIRED, f"certificate {certificate.serial} has ended")
    if certificate.scope != edition.group or certificate.level < edition.level:
        raise Refused(Code.EDITION_NOT_COVERED, f"certificate {certificate.serial} does not cover {edition.name}")
    if NO_LIMIT != certificate.released_until_day < edition.released_day:
        raise Refused(Code.MAINTENANCE_ENDED, f"certificate {certificate.serial} ends before {edition.name}'s release")
    if organisation is not None and certificate.organisation != organisation:
        raise Refused(
            Code.ORGANISATION_MISMATCH,
            f"certificate {certificate.serial} is of organisation {certificate.organisation}, not {organisation}",
        )


def judge_receipt(
    certificate: CertificateClaims, keysets: TrustedKeysets, now: datetime, *, clock_suspect: bool = False
) -> None:
    """Steps 6 and 11, at receipt only: our own clock against the window, withdrawn serials, the last lease day."""
    if keysets.is_withdrawn(certificate.serial):
        raise Untrusted(Code.CERTIFICATE_WITHDRAWN, f"the vendor has withdrawn certificate {certificate.serial}")
    if clock_suspect:
        return
    if now >= day_start(certificate.end_day) + MAX_CLOCK_PAST_END:
        raise Untrusted(Code.CERTIFICATE_EXPIRED, f"certificate {certificate.serial} has ended")
    limit = lease_limit(certificate)
    if limit is not None and now >= limit:
        raise Refused(Code.CERTIFICATE_EXPIRED, f"certificate {certificate.serial} gives no lease any more")


def judge_answer(
    answer: Answer,
    edition: Edition,
    keysets: TrustedKeysets,
    now: datetime,
    *,
    clock_suspect: bool = False,
    organisation: int | None = None,
) -> ReplyClaims:
    """Steps 5 to 12 for an answer that has just arrived; the reply's claims when the host stands for this edition.

    A signed refusal is raised as `Refused` with the host's own code. The count is not compared here: below the
    threshold an answer is still proof that a certified host counted this machine.
    """
    judge_receipt(answer.certificate, keysets, now, clock_suspect=clock_suspect)
    if isinstance(answer.claims, RefusalClaims):
        raise refusal(answer.claims)
    judge_certificate(answer.certificate, edition, moment(answer.claims.host_time), organisation=organisation)
    return answer.claims


def refusal(claims: RefusalClaims) -> MusterError:
    """A host's signed refusal as an error with its own code."""
    code = BY_NUMBER.get(claims.code, Code.INTERNAL)
    return Refused(code, f"the host refused: {code.meaning[0].lower()}{code.meaning[1:].rstrip('.')}")


def lease_limit(certificate: CertificateClaims) -> datetime | None:
    """The instant that no lease under this certificate outlives; None when there is no such limit."""
    return None if certificate.lease_until_day == NO_LIMIT else day_end(certificate.lease_until_day)

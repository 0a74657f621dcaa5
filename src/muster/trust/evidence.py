"""What the records of a machine prove: each piece of evidence judged anew (spec/states.md §Evidence).

A `Proof` is evidence whose signatures verify. One that does not hold here and now (other hardware, a revoked key, a
domain that was left, a key of another kind) says why in `trouble`; evidence that does not verify at all is no proof.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from muster.base.errors import Code, MusterError, Untrusted
from muster.trust.chain import judge_certificate, lease_limit, verify_answer, verify_certificate
from muster.trust.hardware import Parts, lease_parts, same_hardware
from muster.trust.keyset import TrustedKeysets
from muster.trust.product import Product
from muster.wire.activation import ReplyClaims, decode_request
from muster.wire.calendar import day_end, moment
from muster.wire.cbor import wrong
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.product import Edition
from muster.wire.record import (
    DirectoryEvidence,
    EditionRecord,
    KeyKindCode,
    Lease,
    Moment,
    PermanentEvidence,
    VendorRecord,
)

# What only one kind of evidence needs is imported where it is judged: most machines hold a lease, and start faster.
if TYPE_CHECKING:
    from muster.wire.confirmation import PermanentConfirmation

Evidence = TypeVar("Evidence", Lease, DirectoryEvidence, PermanentEvidence)


class Method(StrEnum):
    """How an edition was activated."""

    HOST = "host"
    DIRECTORY = "directory"
    MAK = "mak"


class Proof(NamedTuple):
    """Evidence that verifies. It holds for `validity` from `start` (None: without end), never beyond `limit`."""

    method: Method
    start: Moment
    validity: timedelta | None
    limit: datetime | None = None
    trouble: Code | None = None
    organisation: int | None = None
    serial: int | None = None
    count: int = 0  # type: ignore[assignment]  # nobody counts the fields of a record


class Situation(NamedTuple):
    """All that decides the state of one edition, except the time: what `muster.trust.standing.stand` takes."""

    product: Product
    edition: Edition
    record: EditionRecord
    proofs: tuple[Proof, ...]
    high_water: int
    is_proven: bool


def gather(product: Product, edition: Edition, record: VendorRecord, hardware: Parts) -> Situation:
    """Verify everything that `record` holds for `edition` on this `hardware`. Never raises for bad evidence."""
    mine = record.edition(edition.id) or EditionRecord(edition.id)
    proofs = []
    if mine.lease is not None:
        proofs.append(_try(prove_lease, mine.lease, product, edition, hardware))
    if mine.directory is not None:
        proofs.append(_try(prove_directory, mine.directory, product, edition, hardware))
    if mine.permanent is not None:
        proofs.append(_try(prove_permanent, mine.permanent, product, edition, hardware))
    found = tuple(_of_key(mine, proof) for proof in proofs if proof is not None)
    return Situation(product, edition, mine, found, record.high_water, _is_proven(product, record, found, hardware))


def _try(
    prove: Callable[[Evidence, Product, Edition, Parts], Proof],
    evidence: Evidence,
    product: Product,
    edition: Edition,
    hardware: Parts,
) -> Proof | None:
    try:
        return prove(evidence, product, edition, hardware)
    except (MusterError, ValueError):
        return None


def _of_key(record: EditionRecord, proof: Proof) -> Proof:
    """Evidence counts only under the kind of key that is installed; under another it is kept, but troubled."""
    kind = None if record.key is None else record.key.kind
    fits = kind is KeyKindCode.MAK if proof.method is Method.MAK else kind is KeyKindCode.GENERIC
    return proof if fits or proof.trouble else proof._replace(trouble=Code.KEY_WRONG_KIND)


def _is_proven(product: Product, record: VendorRecord, proofs: tuple[Proof, ...], hardware: Parts) -> bool:
    """Whether a certified host (or directory, or the vendor) has answered this very machine at all."""
    if proofs:
        return True
    if record.proof is None:
        return False
    try:
        verify_answer(record.proof.request, record.proof.reply, product.keysets)
        return holds_on(decode_request(record.proof.request).parts, record.proof.salt, hardware)
    except MusterError:
        return False


def holds_on(then: bytes, salt: bytes, hardware: Parts) -> bool:
    """Whether parts noted `then` are those of `hardware`. A machine that tells nothing of itself is taken at its word."""
    return are_same(then, lease_parts(hardware, salt))


def are_same(then: bytes, now: bytes) -> bool:
    """Whether parts noted `then` are those noted `now` under the same salt. See `holds_on`."""
    return same_hardware(then, now) or not (any(then) or any(now))


def _revoked(keysets: TrustedKeysets, number: int) -> bool:
    return any(k.number == number and k.status is KeyStatus.REVOKED for k in keysets.newest.issuing)


def prove_lease(lease: Lease, product: Product, edition: Edition, hardware: Parts) -> Proof:
    """A stored request and reply, judged at the host's signed time; raises when they prove nothing for `edition`."""
    request = decode_request(lease.request)
    if request.vendor_id != product.keysets.vendor_id or request.edition != edition.id:
        raise Untrusted(Code.VENDOR_MISMATCH, "the lease is of another vendor or edition")
    answer = verify_answer(lease.request, lease.reply, product.keysets, even_revoked=True)
    if not isinstance(answer.claims, ReplyClaims) or answer.claims.count < edition.threshold:
        raise Untrusted(Code.COUNT_BELOW_THRESHOLD, "the answer activates nothing")
    judge_certificate(answer.certificate, edition, moment(answer.claims.host_time))
    trouble = None
    if _revoked(product.keysets, answer.certificate.issuing_key):
        trouble = Code.KEY_REVOKED
    elif not holds_on(request.parts, lease.salt, hardware):
        trouble = Code.HARDWARE_CHANGED
    return Proof(
        Method.HOST,
        lease.received,
        product.policy.validity,
        lease_limit(answer.certificate),
        trouble,
        answer.certificate.organisation,
        answer.certificate.serial,
        answer.claims.count,
    )


def prove_directory(evidence: DirectoryEvidence, product: Product, edition: Edition, hardware: Parts) -> Proof:
    """An activation object as it was read; raises when it proves nothing for `edition` in that directory."""
    from muster.trust.installation import directory_subject

    certificate = verify_certificate(evidence.certificate, product.keysets, Purpose.OBJECT, even_revoked=True)
    if certificate.subject != directory_subject(evidence.directory):
        raise Untrusted(Code.NO_ACTIVATION_OBJECT, "the activation object is of another directory")
    judge_certificate(certificate, edition, moment(evidence.read.at))
    trouble = None
    if _revoked(product.keysets, certificate.issuing_key):
        trouble = Code.KEY_REVOKED
    elif evidence.left:
        trouble = Code.NO_DOMAIN
    elif not holds_on(evidence.parts, evidence.salt, hardware):
        trouble = Code.HARDWARE_CHANGED
    return Proof(
        Method.DIRECTORY,
        evidence.read,
        product.policy.validity,
        lease_limit(certificate),
        trouble,
        certificate.organisation,
        certificate.serial,
    )


def prove_permanent(evidence: PermanentEvidence, product: Product, edition: Edition, hardware: Parts) -> Proof:
    """A deposited confirmation; raises when it is not for `edition`, or no permanent key ever stood behind it."""
    from muster.wire.confirmation import NO_END
    from muster.wire.installation import MachineId, unpack_installation

    installation = unpack_installation(evidence.installation)
    if not isinstance(installation, MachineId) or installation.edition != edition.id:
        raise wrong("an installation id of another edition")
    confirmation, trouble = _permanent_of(evidence, product.keysets)
    if trouble is None and not holds_on(evidence.parts, evidence.salt, hardware):
        trouble = Code.HARDWARE_CHANGED
    return Proof(
        Method.MAK,
        evidence.deposited,
        None,
        None if confirmation.end_day == NO_END else day_end(confirmation.end_day),
        trouble,
    )


def _permanent_of(evidence: PermanentEvidence, keysets: TrustedKeysets) -> tuple[PermanentConfirmation, Code | None]:
    """The verified confirmation, with KEY_REVOKED when only a revoked key stands behind it."""
    from muster.trust.permanent import verify_permanent
    from muster.wire.confirmation import unpack_confirmation

    confirmation = unpack_confirmation(evidence.confirmation)
    try:
        return verify_permanent(evidence.installation, confirmation, keysets), None
    except Untrusted:
        voided = verify_permanent(evidence.installation, confirmation, keysets, KeyStatus.REVOKED)
        return voided, Code.KEY_REVOKED

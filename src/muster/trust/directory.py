"""Whether an activation object that was read proves anything: for which directory, edition and instant (spec/directory.md).

Pure. Steps carry the numbers of the spec. What makes an object useless is raised; nothing is ever half believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from muster.base.errors import Code, MusterError, Refused, Untrusted
from muster.trust.chain import judge_certificate, judge_receipt, verify_certificate
from muster.trust.installation import directory_subject
from muster.trust.keyset import TrustedKeysets, enter
from muster.wire.certificate import NO_LIMIT, CertificateClaims
from muster.wire.directory import ActivationObject
from muster.wire.keyset import Purpose, decode_keyset, decode_signed_keyset
from muster.wire.product import Edition

MAX_NEW_KEYSETS = 256
# From what an object lacks least to what it lacks most.
_NEARLY = (
    Code.ORGANISATION_MISMATCH,
    Code.MAINTENANCE_ENDED,
    Code.EDITION_NOT_COVERED,
    Code.CERTIFICATE_EXPIRED,
    Code.CERTIFICATE_NOT_YET_VALID,
    Code.CERTIFICATE_WITHDRAWN,
    Code.NO_ACTIVATION_OBJECT,
)


@dataclass(frozen=True, slots=True)
class Proven:
    """An object that verifies: the certificate's claims, and the vendor's keysets with what the object brought."""

    claims: CertificateClaims
    keysets: TrustedKeysets


def longer_chain(keysets: TrustedKeysets, documents: Iterable[bytes], now: datetime) -> TrustedKeysets:
    """The chain with every newer keyset that proves itself; `keysets` itself when none does (step 2).

    One that is broken hides no other of its version. An expired one is passed through and is never the end.
    """
    newer: list[tuple[int, bytes]] = []
    for document in dict.fromkeys(documents):
        with suppress(MusterError, ValueError):
            newer.append((decode_keyset(decode_signed_keyset(document).payload).version, document))
    best = walked = keysets
    for version, document in sorted(newer)[:MAX_NEW_KEYSETS]:
        if version == walked.version + 1:
            with suppress(MusterError):
                walked = enter((*walked.documents, document), fingerprint=keysets.fingerprint)
        best = best if walked.is_expired(now) else walked
    return best


def verify_object(found: ActivationObject, directory: bytes, keysets: TrustedKeysets, now: datetime) -> Proven:
    """Steps 1 to 4: whose it is, its keysets, its signature, and that it belongs to this directory.

    `Refused` with VENDOR_MISMATCH, `Malformed`, `Untrusted`; a withdrawn one is CERTIFICATE_WITHDRAWN.
    """
    if found.vendor_id != keysets.vendor_id:
        raise Refused(Code.VENDOR_MISMATCH, "the activation object is of another vendor")
    chain = longer_chain(keysets, found.keysets, now)
    claims = verify_certificate(found.certificate, chain, Purpose.OBJECT)
    if claims.subject != directory_subject(directory):
        raise Untrusted(
            Code.NO_ACTIVATION_OBJECT,
            f"activation object {claims.serial} is of another directory",
            "Activate this directory itself: muster directory activate.",
        )
    if chain.is_withdrawn(claims.serial):
        raise Untrusted(Code.CERTIFICATE_WITHDRAWN, f"the vendor has withdrawn activation object {claims.serial}")
    return Proven(claims, chain)


def judge_object(proven: Proven, edition: Edition, now: datetime, *, organisation: int | None = None) -> None:
    """Steps 5 to 8: the window at `now`, scope, level, release, organisation and the last lease day, for one edition."""
    judge_receipt(proven.claims, proven.keysets, now)
    judge_certificate(proven.claims, edition, now, organisation=organisation)


def chain_beside(
    objects: Iterable[ActivationObject | MusterError], keysets: TrustedKeysets, now: datetime
) -> TrustedKeysets:
    """The vendor's chain with what lies beside its objects, whether they activate anything or not."""
    own = [one for one in objects if not isinstance(one, MusterError) and one.vendor_id == keysets.vendor_id]
    return longer_chain(keysets, (document for one in own for document in one.keysets), now)


def choose_object(
    objects: Sequence[ActivationObject | MusterError],
    directory: bytes,
    keysets: TrustedKeysets,
    edition: Edition,
    now: datetime,
    *,
    organisation: int | None = None,
) -> tuple[ActivationObject, Proven]:
    """Of the objects of one directory the one that activates `edition` for longest; errors stand for unreadable ones.

    Raises the error of the one that came nearest when none does, NO_ACTIVATION_OBJECT when there is none at all.
    """
    chain = chain_beside(objects, keysets, now)
    good, errors = [], []
    for one in objects:
        try:
            if isinstance(one, MusterError):
                raise one
            proven = verify_object(one, directory, chain, now)
            judge_object(proven, edition, now, organisation=organisation)
        except MusterError as error:
            errors.append(error)
        else:
            good.append((one, proven))
    if good:
        return max(good, key=lambda pair: _worth(pair[1].claims))
    if errors:
        raise min(errors, key=lambda e: _NEARLY.index(e.code) if e.code in _NEARLY else len(_NEARLY))
    raise Refused(
        Code.NO_ACTIVATION_OBJECT, f"the directory shows this machine no activation object for {edition.name}"
    )


def _worth(claims: CertificateClaims) -> tuple[bool, int, int]:
    """What makes one fitting object better than another: no last lease day, a later one, a later end."""
    return claims.lease_until_day == NO_LIMIT, claims.lease_until_day, claims.end_day

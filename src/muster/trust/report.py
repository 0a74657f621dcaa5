"""Who made an audit report, and that nothing in it was changed (spec/report.md)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, MusterError, Untrusted
from muster.trust.chain import verify_certificate
from muster.trust.cose import LABEL_REPORT, check_public_key, sign, verify
from muster.trust.keyset import TrustedKeysets
from muster.wire.calendar import day_start, moment, seconds
from muster.wire.cbor import wrong
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import Purpose
from muster.wire.report import (
    MACHINE_ID_BYTES,
    MONTHS,
    ReportClaims,
    ReportedMachine,
    SignedReport,
    decode_claims,
    decode_report_file,
    encode_claims,
    month_of,
    pack_machines,
    unpack_machines,
)
from muster.wire.sign1 import decode_sign1


@dataclass(frozen=True, slots=True)
class Report:
    """A proven report: who certified its host for whom, when it was made, and the machines."""

    certificate: CertificateClaims
    made_at: int
    machines: tuple[ReportedMachine, ...]


def machine_id(vendor_id: bytes, organisation: int, client_id: bytes) -> bytes:
    """The id of a machine in reports: the same in all of one organisation to one vendor, another in all others."""
    key = LABEL_REPORT + vendor_id + organisation.to_bytes(4, "big")
    return hmac.digest(key, client_id, "sha256")[:MACHINE_ID_BYTES]


def sign_report(
    private: Ed25519PrivateKey,
    certificate: bytes,
    vendor_id: bytes,
    made_at: int,
    machines: list[ReportedMachine],
) -> SignedReport:
    """A report bound to the certificate of its host; deterministic."""
    packed = pack_machines(machines)
    payload = encode_claims(ReportClaims(vendor_id, made_at, hashlib.sha256(packed).digest()))
    return SignedReport(sign(private, payload, _bound(certificate), certificate), packed)


def verify_report(report: SignedReport, keysets: TrustedKeysets) -> Report:
    """Believe a report, or raise `Malformed` or `Untrusted`: signature, certificate, its window, vendor, list, months."""
    message = decode_sign1(report.signed)
    if message.certificate is None:
        raise wrong("a report without certificate")
    certificate = verify_certificate(message.certificate, keysets, Purpose.HOST)
    check_public_key(certificate.subject)
    verify(certificate.subject, message, _bound(message.certificate))
    claims = decode_claims(message.payload)
    if claims.vendor_id != keysets.vendor_id:
        raise Untrusted(Code.VENDOR_MISMATCH, "the report is for another vendor")
    if keysets.is_withdrawn(certificate.serial):
        raise Untrusted(Code.CERTIFICATE_WITHDRAWN, f"certificate {certificate.serial} of the host is withdrawn")
    begin, end = seconds(day_start(certificate.not_before_day)), seconds(day_start(certificate.end_day))
    if not begin <= claims.made_at < end:
        raise Untrusted(Code.CERTIFICATE_EXPIRED, "the report was made outside the window of its host's certificate")
    if hashlib.sha256(report.machines).digest() != claims.digest:
        raise Untrusted(Code.SIGNATURE_INVALID, "the list of machines is not the one that was signed")
    machines, newest = unpack_machines(report.machines), month_of(moment(claims.made_at))
    if any(m.first <= newest - MONTHS or m.last > newest for m in machines):
        raise wrong("months that the report cannot know")
    return Report(certificate, claims.made_at, tuple(machines))


def prove_reports(
    files: Iterable[tuple[str, bytes]], keysets_of: Callable[[bytes], TrustedKeysets]
) -> Iterator[tuple[bytes, Report]]:
    """Every report of files (name and bytes) with its vendor's id, one after the other, each proven by that vendor's keysets.

    One that does not hold refuses all, with its file named: `Malformed` or `Untrusted`, or what `keysets_of` raises.
    """
    for name, data in files:
        try:
            for report in decode_report_file(data):
                vendor_id = decode_claims(decode_sign1(report.signed).payload).vendor_id
                yield vendor_id, verify_report(report, keysets_of(vendor_id))
        except MusterError as error:
            raise type(error)(error.code, f"{name}: {error.message}", error.hint) from error


def count_machines(reports: Iterable[tuple[bytes, Report]]) -> dict[tuple[bytes, int, int, int], int]:
    """Distinct machines by vendor id, organisation, edition and month: each is counted once, whatever hosts saw it."""
    seen: dict[tuple[bytes, int, int, int], set[bytes]] = {}
    for vendor_id, report in reports:
        for machine in report.machines:
            for month in range(machine.first, machine.last + 1):
                key = vendor_id, report.certificate.organisation, machine.edition, month
                seen.setdefault(key, set()).add(machine.id)
    return {key: len(ids) for key, ids in sorted(seen.items())}


def _bound(certificate: bytes) -> bytes:
    return LABEL_REPORT + hashlib.sha256(certificate).digest()

"""Claims of a certificate: what the vendor signs for a host or a directory (spec/certificate.md)."""

from __future__ import annotations

from typing import NamedTuple

from muster.wire.activation import U8, U16, U24, U32
from muster.wire.cbor import Reader, check_bytes, check_uint, encode

SUBJECT_BYTES = 32
MAX_CLAIMS_BYTES = 66
_FIELDS = 10
NO_LIMIT = 0


class CertificateClaims(NamedTuple):
    """Who may answer for which group and level, and how long.

    `subject` is the Ed25519 public key of a host or the hash of a directory id (32 bytes); `scope` a group's id;
    `level` covers editions up to it; days count from 1970-01-01; 0 in the last two fields means no such limit.
    """

    issuing_key: int
    serial: int
    organisation: int
    not_before_day: int
    days: int
    subject: bytes
    scope: int
    level: int
    released_until_day: int = NO_LIMIT
    lease_until_day: int = NO_LIMIT

    @property
    def end_day(self) -> int:
        """The first day that is no longer inside the window."""
        return self.not_before_day + self.days


def encode_certificate(claims: CertificateClaims) -> bytes:
    """The payload that the vendor signs."""
    return encode(
        [
            check_uint("issuing_key", claims.issuing_key, U8),
            check_uint("serial", claims.serial, U32),
            check_uint("organisation", claims.organisation, U32),
            check_uint("not_before_day", claims.not_before_day, U16),
            check_uint("days", claims.days, U16),
            check_bytes("subject", claims.subject, SUBJECT_BYTES),
            check_uint("scope", claims.scope, U24),
            check_uint("level", claims.level, U8),
            check_uint("released_until_day", claims.released_until_day, U16),
            check_uint("lease_until_day", claims.lease_until_day, U16),
        ]
    )


def decode_certificate(payload: bytes) -> CertificateClaims:
    """Read certificate claims; `Malformed` for anything else."""
    reader = Reader(payload)
    reader.array(_FIELDS)
    claims = CertificateClaims(
        reader.uint(U8),
        reader.uint(U32),
        reader.uint(U32),
        reader.uint(U16),
        reader.uint(U16),
        reader.bstr(SUBJECT_BYTES),
        reader.uint(U24),
        reader.uint(U8),
        reader.uint(U16),
        reader.uint(U16),
    )
    reader.end()
    return claims

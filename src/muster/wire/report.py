"""A host's audit report: which machines asked in which months (spec/report.md, spec/report.cddl).

The signed part is small and carries the digest of the list. Signing and believing are `muster.trust.report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from muster.wire.activation import U24, U32, VENDOR_ID_BYTES
from muster.wire.cbor import Reader, check_bytes, check_uint, encode, wrong

FORMAT = 1
MACHINE_ID_BYTES = 16
DIGEST_BYTES = 32
MONTHS = 13
MAX_MACHINES = 2_000_000
MAX_REPORTS = 256
_RECORD_BYTES = MACHINE_ID_BYTES + 3 + 2 + 2
_SIGNED_BYTES = 512


class ReportedMachine(NamedTuple):
    """An edition on a machine, in every month from `first` to `last`; months count from January 1970, which is 0."""

    id: bytes
    edition: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ReportClaims:
    """What the host signs. `made_at` is seconds since 1970, `digest` the SHA-256 of the packed list."""

    vendor_id: bytes
    made_at: int
    digest: bytes


class SignedReport(NamedTuple):
    """One report in a file: the COSE_Sign1 and the packed list."""

    signed: bytes
    machines: bytes


def month_of(moment: datetime) -> int:
    """The number of a UTC instant's month."""
    return (moment.year - 1970) * 12 + moment.month - 1


def month_name(month: int) -> str:
    """Like ``2026-11``."""
    return f"{1970 + month // 12}-{month % 12 + 1:02}"


def pack_machines(machines: Sequence[ReportedMachine]) -> bytes:
    """The list, sorted; `ValueError` for more than it may hold."""
    check_uint("machines", len(machines), MAX_MACHINES)
    return b"".join(
        check_bytes("id", m.id, MACHINE_ID_BYTES)
        + m.edition.to_bytes(3, "big")
        + m.first.to_bytes(2, "big")
        + m.last.to_bytes(2, "big")
        for m in sorted(machines)
    )


def unpack_machines(data: bytes) -> list[ReportedMachine]:
    """Read a list; `Malformed` unless it ascends and every machine and edition stands in it once."""
    if len(data) % _RECORD_BYTES or len(data) > MAX_MACHINES * _RECORD_BYTES:
        raise wrong(f"a list of {len(data)} bytes")
    number, at = int.from_bytes, MACHINE_ID_BYTES
    found = [
        ReportedMachine(
            data[i : i + at],
            number(data[i + at : i + at + 3], "big"),
            number(data[i + at + 3 : i + at + 5], "big"),
            number(data[i + at + 5 : i + at + 7], "big"),
        )
        for i in range(0, len(data), _RECORD_BYTES)
    ]
    if any(a[:2] >= b[:2] for a, b in pairwise(found)):
        raise wrong("a list that does not ascend")
    if any(m.edition > U24 or m.first > m.last for m in found):
        raise wrong("months that run backwards")
    return found


def encode_claims(claims: ReportClaims) -> bytes:
    """The payload that the host signs."""
    return encode(
        [
            FORMAT,
            check_bytes("vendor_id", claims.vendor_id, VENDOR_ID_BYTES),
            check_uint("made_at", claims.made_at, U32),
            check_bytes("digest", claims.digest, DIGEST_BYTES),
        ]
    )


def decode_claims(payload: bytes) -> ReportClaims:
    """Read the payload; `Malformed` for anything else."""
    reader = Reader(payload)
    reader.array(4)
    reader.const(FORMAT)
    claims = ReportClaims(reader.bstr(VENDOR_ID_BYTES), reader.uint(U32), reader.bstr(DIGEST_BYTES))
    reader.end()
    return claims


def encode_report_file(reports: Sequence[SignedReport]) -> bytes:
    """The file: one report for each certificate of the host."""
    return encode([FORMAT, [[r.signed, r.machines] for r in reports]])


def decode_report_file(data: bytes) -> tuple[SignedReport, ...]:
    """Read a file without believing it; `Malformed` for anything else."""
    reader = Reader(data)
    reader.array(2)
    reader.const(FORMAT)
    found = []
    for _ in range(reader.array_up_to(MAX_REPORTS)):
        reader.array(2)
        found.append(SignedReport(reader.bstr_up_to(_SIGNED_BYTES), reader.bstr_up_to(MAX_MACHINES * _RECORD_BYTES)))
    reader.end()
    return tuple(found)

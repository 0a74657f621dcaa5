"""What our code makes of the vectors of the vendor's audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from muster.trust.audit import check_openings, commitment, follow_all
from muster.trust.keyset import enter
from muster.wire.audit import decode_audit_file, decode_records, encode_audit_file, encode_records

Given = dict[str, Any]
Found = dict[str, Any]


def audit(given: Given) -> Found:
    data = bytes.fromhex(given["file"])
    file = decode_audit_file(data)
    assert encode_audit_file(file) == data
    keysets = enter(file.documents, fingerprint=bytes.fromhex(given["fingerprint"]))
    head = follow_all(file.seals, keysets, bytes.fromhex(given["known"]) if given["known"] else None)
    check_openings(file.openings, file.seals)
    records = [record for sealed in file.seals for record in decode_records(sealed.records)]
    assert [encode_records(decode_records(sealed.records)) for sealed in file.seals] == [s.records for s in file.seals]
    return {
        "seals": head.number,
        "rows": head.total,
        "records": [{n: v.hex() if isinstance(v, bytes) else v for n, v in r._asdict().items()} for r in records],
        "openings": {commitment(opening).hex(): opening.text for opening in file.openings},
    }


READERS: dict[str, Callable[[Given], Found]] = {"audit": audit}

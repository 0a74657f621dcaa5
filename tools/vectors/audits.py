"""The vendor's audit: chains that hold, and chains that were changed in every place (spec/audit.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from muster.trust.audit import Head, commitment, follow, seal_records
from muster.wire.audit import AuditFile, AuditRecord, Opening, SealedRecords, encode_audit_file, encode_records
from muster.wire.calendar import seconds
from muster.wire.keyset import KeyStatus, Purpose
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import VendorKeys
from tools.vectors import Case, Given, flips, refusals

VENDOR, STRANGER, REVOKED = VendorKeys(), VendorKeys("stranger"), VendorKeys()
NUMBER = VENDOR.issuing_number(Purpose.PRODUCT)
REVOKED.publish(status={NUMBER: KeyStatus.REVOKED})
ADA = Opening(bytes(range(16)), "ada")
EVE = Opening(bytes(range(16, 32)), "eve")
REASON = Opening(bytes(range(32, 48)), '{"reason": "one more desk"}')
NOBODY = Opening(bytes(16), "nobody")
AT = seconds(MORNING) * 1_000_000
ROWS = (
    AuditRecord(1, AT, "vendor.created", "Acme Software", '{"fingerprint": "00"}', commitment(ADA)),
    AuditRecord(2, AT + 1, "account.added", "", '{"role": "operator"}', commitment(ADA), commitment(EVE)),
    AuditRecord(4, AT + 2, "key.extended", "7", "{}", commitment(EVE), b"", commitment(REASON)),
    AuditRecord(3, AT + 3, "key.issued", "8", "{}", commitment(EVE)),
)
OPENINGS = (ADA, EVE, REASON)


def cases() -> Iterator[Case]:
    """All of them."""
    seals = _chain(ROWS[:3], ROWS[3:])
    good = _given(seals)
    expect = {
        "seals": 2,
        "rows": 4,
        "records": [_shown(row) for row in ROWS],
        "openings": {commitment(o).hex(): o.text for o in OPENINGS},
    }
    about = "Two seals over four rows; the fourth took its number early and was committed late."
    yield Case("audit", "two_seals", "audit", about, good, expect)
    erased = {**expect, "openings": {commitment(ADA).hex(): "ada"}}
    about = "A person and a remark were erased: nothing of the chain changes."
    yield Case("audit", "erased", "audit", about, _given(seals, (ADA,)), erased)
    known = {"known": seals[0].signed.hex()}
    yield Case("audit", "known_seal", "audit", "The seal that was kept is in the chain.", {**good, **known}, expect)
    by_spare = _chain(ROWS[:3], ROWS[3:], spares=(0, 1))
    about = "The first seal's key was revoked since; the second, by another key, stands upon it."
    yield Case("audit", "revoked_and_covered", "audit", about, _given(by_spare, documents=REVOKED.documents), expect)
    yield from _broken(seals)


def _broken(seals: Sequence[SealedRecords]) -> Iterator[Case]:
    first, second = seals
    changed = encode_records([ROWS[0]._replace(subject="Acme Hardware"), *ROWS[1:3]])
    other = _chain(ROWS[:2], ROWS[2:3])
    rows = {
        "row_changed": ((first._replace(records=changed), second), "One subject is another."),
        "row_left_out": ((first._replace(records=encode_records(ROWS[:2])), second), "The last row of a seal is gone."),
        "seals_swapped": ((second, first), "The seals in the other order."),
        "seal_left_out": ((second,), "The first seal is gone."),
        "seal_of_another_chain": ((first, other[1]), "A seal of the same vendor that stands upon another one."),
    }
    yield from refusals("audit", "audit", "AUDIT_BROKEN", {n: (_given(s), about) for n, (s, about) in rows.items()})
    stale = {**_given((first,)), "known": second.signed.hex()}
    about = "The newest seal was cut off; the one that was kept elsewhere shows it."
    yield from refusals("audit", "audit", "COPY_STALE", {"cut_off": (stale, about)})
    stranger = {**_given(seals), "fingerprint": STRANGER.fingerprint.hex()}
    yield from refusals(
        "audit", "audit", "VENDOR_MISMATCH", {"another_vendor": (stranger, "Not the vendor that was meant.")}
    )
    revoked = _given(seals, documents=REVOKED.documents)
    yield from refusals(
        "audit", "audit", "KEY_REVOKED", {"revoked": (revoked, "The key of the last seal was revoked since.")}
    )
    good = _given(seals)
    malformed = {
        "trailing": ({**good, "file": good["file"] + "00"}, "Bytes after the end."),
        "opening_of_nobody": (_given(seals, (NOBODY,)), "An opening that no row has."),
    }
    yield from refusals("audit", "audit", "MESSAGE_MALFORMED", malformed)
    yield flips("audit", "audit", _given(seals, ()), ["file"], every=11)


def _chain(*lists: Sequence[AuditRecord], spares: tuple[int, ...] = (0, 0)) -> tuple[SealedRecords, ...]:
    head, seals = Head(), []
    for rows, spare in zip(lists, spares, strict=True):
        sealed = seal_records(
            VENDOR.issuing_key(Purpose.PRODUCT, spare),
            head,
            rows,
            vendor_id=VENDOR.trusted.vendor_id,
            issuing_key=VENDOR.issuing_number(Purpose.PRODUCT, spare),
            sealed_at=seconds(MORNING) + 1,
        )
        seals.append(sealed)
        head = follow(head, seals[-1], VENDOR.trusted)
    return tuple(seals)


def _given(
    seals: Sequence[SealedRecords],
    openings: Sequence[Opening] = OPENINGS,
    *,
    documents: Sequence[bytes] | None = None,
) -> Given:
    file = AuditFile(tuple(VENDOR.documents if documents is None else documents), tuple(seals), tuple(openings))
    return {"file": encode_audit_file(file).hex(), "fingerprint": VENDOR.fingerprint.hex(), "known": None}


def _shown(row: AuditRecord) -> dict[str, object]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row._asdict().items()}

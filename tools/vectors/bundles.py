"""Bundles of proxy activation, taken row by row (spec/bundle.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from muster.base.errors import Code
from muster.trust.bundle import answer_bundle
from muster.trust.cose import LABEL_BUNDLE, sign
from muster.trust.installation import machine_id
from muster.trust.permanent import sign_permanent
from muster.wire.armour import CONFIRMATION_BUNDLE, REQUEST_BUNDLE, armour
from muster.wire.bundle import (
    FORMAT,
    BundleClaims,
    ConfirmationRow,
    RequestBundle,
    RequestRow,
    decode_confirmation_bundle,
    encode_claims,
    encode_confirmation_bundle,
    encode_request_bundle,
    encode_rows,
)
from muster.wire.calendar import seconds
from muster.wire.cbor import ARRAY, Value, encode
from muster.wire.cbor import head as long_head
from muster.wire.installation import pack_installation
from muster.wire.keyset import Purpose
from tests.worlds.clocks import MORNING
from tests.worlds.machines import DESK, LAPTOP
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys
from tools.vectors import Case, Given, flips, refusals
from tools.vectors.confirmations import CERTIFIED, STRANGER
from tools.vectors.ids import IDS, MAK, VENDOR

DATABASE, OTHER_DATABASE = bytes(range(16)), bytes(range(16, 32))
NOW = seconds(MORNING)
DESK_ID, LAPTOP_ID = (
    pack_installation(machine_id(MAK.reference, MAK.secret, CAD_PRO.id, parts)) for parts in (DESK, LAPTOP)
)
HOST_ID = pack_installation(IDS["host"][0])
REQUEST = RequestBundle(
    VENDOR.trusted.vendor_id, DATABASE, NOW, (RequestRow(DESK_ID, "desk-17"), RequestRow(LAPTOP_ID, "Büro 3"))
)
PERMANENT, BUNDLE = VENDOR.issuing_key(Purpose.PERMANENT), VENDOR.issuing_key(Purpose.BUNDLE)
GRANTED = ConfirmationRow(DESK_ID, 0, sign_permanent(PERMANENT, DESK_ID))
EXHAUSTED = ConfirmationRow(LAPTOP_ID, Code.KEY_EXHAUSTED.number)
ROWS = (GRANTED, EXHAUSTED)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _requests()
    yield from _answers()
    yield from _rows()


def _requests() -> Iterator[Case]:
    nameless = RequestBundle(REQUEST.vendor_id, DATABASE, NOW, tuple(RequestRow(r.installation) for r in REQUEST.rows))
    for name, about, bundle in (
        ("request", "Two machines, with names.", REQUEST),
        ("request_nameless", "Without personal data.", nameless),
        ("request_empty", "Nobody asks.", RequestBundle(REQUEST.vendor_id, DATABASE, NOW, ())),
    ):
        rows = [{"installation": row.installation.hex(), "name": row.name} for row in bundle.rows]
        expect = {"database": DATABASE.hex(), "made_at": NOW, "rows": rows}
        yield Case("bundle", name, "request_bundle", about, {"text": encode_request_bundle(bundle)}, expect)
    head: tuple[Value, ...] = (REQUEST.vendor_id, DATABASE, NOW)
    malformed = {
        "request_name_too_long": (encode([FORMAT, *head, [[DESK_ID, "x" * 101]]]), "A name of 101 bytes."),
        "request_name_with_escape": (
            encode([FORMAT, *head, [[DESK_ID, "\x1b[2J"]]]),
            "A name with a control character.",
        ),
        "request_row_of_three": (encode([FORMAT, *head, [[DESK_ID, "", 0]]]), "A row of another shape."),
        "request_too_many": (encode([FORMAT, *head, []])[:-1] + long_head(ARRAY, 10_001), "10,001 rows."),
        "request_trailing": (encode([FORMAT, *head, []]) + b"\x00", "Bytes after the end."),
    }
    yield from refusals(
        "bundle",
        "request_bundle",
        "MESSAGE_MALFORMED",
        {name: ({"text": armour(REQUEST_BUNDLE, data)}, about) for name, (data, about) in malformed.items()},
    )
    newer = {"text": armour(REQUEST_BUNDLE, encode([2, *head, []]))}
    yield from refusals(
        "bundle", "request_bundle", "VERSION_NOT_SUPPORTED", {"request_newer": (newer, "Of a format to come.")}
    )


def _answers() -> Iterator[Case]:
    text = answer_bundle(BUNDLE, REQUEST, NOW, ROWS)
    signed, encoded = decode_confirmation_bundle(text)
    yield _case("confirmation", "One granted, one refused.", text, [None, "KEY_EXHAUSTED"])
    spare = answer_bundle(VENDOR.issuing_key(Purpose.BUNDLE, 1), REQUEST, NOW, ROWS)
    yield _case("confirmation_by_the_spare_key", "Keys are tried.", spare, [None, "KEY_EXHAUSTED"])
    stolen = answer_bundle(STRANGER.issuing_key(Purpose.BUNDLE), REQUEST, NOW, ROWS)
    doubt = "SIGNATURE_INVALID"
    yield _case(
        "confirmation_by_a_stranger",
        "Its head is signed by a stranger; the confirmation proves itself.",
        stolen,
        [None, "KEY_EXHAUSTED"],
        doubt,
    )
    unlabelled = encode_confirmation_bundle(sign(PERMANENT, _claims(text), LABEL_BUNDLE), encoded)
    yield _case(
        "confirmation_by_permanent_key", "Signed by a key for machines.", unlabelled, [None, "KEY_EXHAUSTED"], doubt
    )
    dropped = encode_confirmation_bundle(signed, encode_rows(ROWS[:1]))
    yield _case("confirmation_row_dropped", "A row was taken out.", dropped, [None], doubt)
    rows = {
        "confirmation_row_of_both": encode([[DESK_ID, 11, GRANTED.confirmation]]),
        "confirmation_row_of_neither": encode([[DESK_ID, 0, b""]]),
        "confirmation_rows_trailing": encoded + b"\x00",
    }
    malformed: dict[str, tuple[Given, str]] = {
        name: (_given(encode_confirmation_bundle(signed, data)), "Rows of another shape.")
        for name, data in rows.items()
    }
    yield from refusals("bundle", "confirmation_bundle", "MESSAGE_MALFORMED", malformed)
    other = VendorKeys("stranger")
    foreign = {"confirmation_of_another_vendor": (_given(text, keysets=other), "For customers of another vendor.")}
    yield from refusals("bundle", "confirmation_bundle", "VENDOR_MISMATCH", foreign)
    newer = _given(armour(CONFIRMATION_BUNDLE, encode([2, signed, encoded])))
    yield from refusals(
        "bundle",
        "confirmation_bundle",
        "VERSION_NOT_SUPPORTED",
        {"confirmation_newer": (newer, "Of a format to come.")},
    )
    head = {"signed": signed.hex(), "rows": encoded.hex(), **_given("")}
    yield flips("bundle", "confirmation_head", head, ["signed"], every=3)


def _rows() -> Iterator[Case]:
    mixed = (
        ConfirmationRow(LAPTOP_ID, 0, GRANTED.confirmation),
        ConfirmationRow(DESK_ID, 0, sign_permanent(PERMANENT, DESK_ID, 1)[:1] + GRANTED.confirmation[1:]),
        GRANTED,
    )
    expect = ["CONFIRMATION_UNTRUSTED", "CONFIRMATION_MALFORMED", None]
    text = answer_bundle(BUNDLE, REQUEST, NOW, mixed)
    yield _case("rows_mixed_up", "A confirmation beside another id, one cut short, one as it was.", text, expect)
    elsewhere = RequestBundle(REQUEST.vendor_id, OTHER_DATABASE, NOW, ())
    foreign = answer_bundle(BUNDLE, elsewhere, NOW, (GRANTED, ConfirmationRow(HOST_ID, 5)))
    yield _case(
        "rows_of_another_database",
        "What was not asked for here is not taken.",
        foreign,
        [None, "NOT_FOUND"],
        database=OTHER_DATABASE,
    )
    host = answer_bundle(BUNDLE, REQUEST, NOW, (ConfirmationRow(HOST_ID, 0, CERTIFIED),))
    yield _case("rows_of_a_host", "Verified where it is deposited.", host, [None], asked=[HOST_ID])
    unknown = answer_bundle(BUNDLE, REQUEST, NOW, (ConfirmationRow(DESK_ID, 255),))
    yield _case("rows_unknown_code", "An error that this version does not know.", unknown, ["INTERNAL"])


def _claims(text: str) -> bytes:
    _, encoded = decode_confirmation_bundle(text)
    return encode_claims(BundleClaims(REQUEST.vendor_id, DATABASE, NOW, sha256(encoded).digest()))


def _given(text: str, *, asked: Sequence[bytes] = (DESK_ID, LAPTOP_ID), keysets: VendorKeys = VENDOR) -> Given:
    return {
        "text": text,
        "asked": [installation.hex() for installation in asked],
        "keysets": [document.hex() for document in keysets.documents],
    }


def _case(
    name: str,
    about: str,
    text: str,
    verdicts: list[str | None],
    doubt: str | None = None,
    *,
    database: bytes = DATABASE,
    asked: Sequence[bytes] = (DESK_ID, LAPTOP_ID),
) -> Case:
    expect = {"database": database.hex(), "made_at": NOW, "doubt": doubt, "verdicts": verdicts}
    return Case("bundle", name, "confirmation_bundle", about, _given(text, asked=asked), expect)

"""Requests, claims, hints and keyset transfer as bytes; and every way in which they are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from typing import Any

from muster.wire.activation import (
    ActivationRequest,
    Flags,
    Hint,
    RefusalClaims,
    ReplyClaims,
    State,
    encode_claims,
    encode_hint,
    encode_request,
)
from muster.wire.frame import frame
from muster.wire.keyset import KeysetPart, KeysetRequest, encode_keyset_part, encode_keyset_request
from tests.worlds.vendor_keys import VendorKeys
from tools.vectors import Case, Given, refusals, refused

VENDOR = VendorKeys()
TYPICAL = VENDOR.request(flags=Flags.VIRTUAL)
LARGEST = ActivationRequest(
    b"\xff" * 8, 0xFFFFFF, 0xFFFFFF, 255, 1000, b"\xff" * 16, b"\xff" * 16, b"\xff" * 16, State.NOTIFICATION, Flags(7)
)
SMALLEST = ActivationRequest(bytes(8), 0, 0, 0, 1, bytes(16), bytes(16), bytes(16), State.UNLICENSED)


def plain(value: Any) -> dict[str, Any]:
    """A message's fields as JSON values."""
    fields = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value._asdict()
    return {
        name: field.hex() if isinstance(field, bytes) else int(field) if isinstance(field, int) else field
        for name, field in fields.items()
    }


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _requests()
    yield from _malformed_requests()
    yield from _answers()
    yield from _transfer()


def _requests() -> Iterator[Case]:
    for name, request in (("request_typical", TYPICAL), ("request_largest", LARGEST), ("request_smallest", SMALLEST)):
        body = encode_request(request)
        about = f"An activation request; {len(frame(body))} bytes with its length byte."
        given = {"body": body.hex(), "frame": frame(body).hex()}
        yield Case("activation", name, "request", about, given, {"fields": plain(request)})


def _malformed_requests() -> Iterator[Case]:
    good = encode_request(TYPICAL)
    edition_at = good.index(b"\x19\x03\xe9")
    bad = {
        "request_empty": (b"", "Nothing."),
        "request_truncated": (good[:-1], "The last byte is missing."),
        "request_trailing_byte": (good + b"\x00", "One byte after the end."),
        "request_long_integer": (
            good[:edition_at] + b"\x1a\x00\x00\x03\xe9" + good[edition_at + 3 :],
            "The edition is written in four bytes where two are enough.",
        ),
        "request_indefinite_array": (b"\x9f" + good[1:] + b"\xff", "An array of indefinite length."),
        "request_eleven_elements": (b"\x8b" + good[1:-1], "One element is missing."),
        "request_thirteen_elements": (b"\x8d" + good[1:] + b"\x00", "One element too many."),
        "request_tagged": (b"\xd8\x20" + good, "A tag in front."),
        "request_tag_inside": (good[:edition_at] + b"\xc1" + good[edition_at:], "A tag before the edition."),
        "request_negative_edition": (good[:edition_at] + b"\x39" + good[edition_at + 1 :], "A negative integer."),
        "request_float_edition": (good[:edition_at] + b"\xf9\x3c\x00" + good[edition_at + 3 :], "A float."),
        "request_null_edition": (good[:edition_at] + b"\xf6" + good[edition_at + 3 :], "A simple value."),
        "request_map": (b"\xa6" + good[1:], "A map instead of the array."),
        "request_text_vendor": (good[:3] + b"\x68" + good[4:], "A text string where bytes belong."),
        "request_short_vendor": (good[:3] + b"\x47" + good[4:11] + good[12:], "A vendor id of seven bytes."),
        "request_edition_too_large": (
            good[:edition_at] + b"\x1a\x01\x00\x00\x00" + good[edition_at + 3 :],
            "An edition of 25 bits.",
        ),
        "request_threshold_zero": (good.replace(b"\x18\x19\x50", b"\x00\x50", 1), "A threshold of 0."),
        "request_threshold_1001": (good.replace(b"\x18\x19\x50", b"\x19\x03\xe9\x50", 1), "A threshold of 1,001."),
        "request_unknown_state": (good[:-2] + b"\x05" + good[-1:], "A state of 5."),
        "request_unknown_flag": (good[:-1] + b"\x08", "A flag that version 1 does not have."),
        "request_kind_2": (good[:2] + b"\x02" + good[3:], "A kind that version 1 does not have."),
        "request_oversized": (good + bytes(250 - len(good)), "250 bytes: more than a frame holds."),
        "request_long_array_head": (b"\x98\x0c" + good[1:], "The array's length in two bytes where one is enough."),
        "request_long_string_head": (good[:3] + b"\x58\x08" + good[4:], "A length in two bytes where one is enough."),
        "request_reserved_head": (good[:edition_at] + b"\x1c" + good[edition_at + 1 :], "A head that CBOR reserves."),
        "request_chunked_vendor": (
            good[:3] + b"\x5f\x48" + good[4:12] + b"\xff" + good[12:],
            "A byte string in chunks.",
        ),
        "bomb_nested_arrays": (b"\x81" * 249, "249 arrays inside each other."),
        "bomb_huge_array": (b"\x9b" + b"\xff" * 8, "An array that says it has 2^64 - 1 elements."),
        "bomb_tags": (b"\xc1" * 249, "249 tags in front of each other."),
        "bomb_nested_indefinite": (b"\x9f" * 249, "249 arrays of indefinite length inside each other."),
        "bomb_huge_string": (b"\x8c\x01\x00\x5b" + b"\xff" * 8, "A byte string that says it has 2^64 - 1 bytes."),
    }
    for name, (body, about) in bad.items():
        yield Case("activation", name, "request", about, {"body": body.hex()}, refused("MESSAGE_MALFORMED"))
    newer = good[:1] + b"\x02" + good[2:]
    about = "Another version: told apart from garbage, so that a host can say what it speaks."
    yield Case(
        "activation",
        "request_version_2",
        "request_kind",
        about,
        {"body": newer.hex()},
        refused("VERSION_NOT_SUPPORTED"),
    )
    long = frame(b"\x8c" * 249)[:1] + b"\x8c" * 250
    yield Case(
        "activation",
        "frame_trailing_byte",
        "frame",
        "A byte after the frame.",
        {"bytes": long.hex()},
        refused("MESSAGE_MALFORMED"),
    )
    for name, data in (("frame_zero_length", b"\x00"), ("frame_too_long", b"\xfa" + bytes(250))):
        yield Case(
            "activation",
            name,
            "frame",
            "A length that no frame has.",
            {"bytes": data.hex()},
            refused("MESSAGE_MALFORMED"),
        )
    split = {"bytes": frame(good).hex()}
    yield Case("activation", "frame_whole", "frame", "A frame and its body.", split, {"body": good.hex()})


def _answers() -> Iterator[Case]:
    for name, claims in (
        ("reply_claims_typical", ReplyClaims(25, 1_795_510_800, 120, 10_080)),
        ("reply_claims_largest", ReplyClaims(0xFFFF, 0xFFFFFFFF, 0xFFFF, 0xFFFF)),
        ("refusal_claims_typical", RefusalClaims(6, 1_795_510_800, 120)),
    ):
        payload = encode_claims(claims)
        about = "What a host signs: the payload of a reply (five elements) or a refusal (four)."
        yield Case("activation", name, "claims", about, {"payload": payload.hex()}, {"fields": plain(claims)})
    good = encode_claims(ReplyClaims(25, 1_795_510_800, 120, 10_080))
    for name, payload, about in (
        ("claims_six_elements", b"\x86" + good[1:] + b"\x00", "One element too many."),
        ("claims_trailing_byte", good + b"\x00", "One byte after the end."),
        ("claims_version_2", good[:1] + b"\x02" + good[2:], "Claims of another version."),
    ):
        yield Case("activation", name, "claims", about, {"payload": payload.hex()}, refused("MESSAGE_MALFORMED"))
    hint = Hint(1, 32)
    about = "An unsigned hint: another vendor. Shown to people, never believed."
    yield Case("activation", "hint_vendor", "hint", about, {"body": encode_hint(hint).hex()}, {"fields": plain(hint)})
    rows = {
        "hint_three_elements": (b"\x83\x01\x05\x00", "One element too many."),
        "hint_trailing": (b"\x82\x01\x05\x00", "One byte after the end."),
        "hint_code_256": (b"\x82\x01\x19\x01\x00", "A code of nine bits."),
    }
    hexed: dict[str, tuple[Given, str]] = {name: ({"body": body.hex()}, about) for name, (body, about) in rows.items()}
    yield from refusals("activation", "hint", "MESSAGE_MALFORMED", hexed)


def _transfer() -> Iterator[Case]:
    request = KeysetRequest(VENDOR.fingerprint[:8], 1, 200)
    body = encode_keyset_request(request)
    yield Case(
        "keyset",
        "transfer_request",
        "keyset_request",
        "Asks for keyset 2 from byte 200.",
        {"body": body.hex()},
        {"fields": plain(request)},
    )
    for name, part, about in (
        ("transfer_part", KeysetPart(2, 640, 200, bytes(range(200))), "200 of 640 bytes."),
        ("transfer_nothing_newer", KeysetPart(1, 0, 0, b""), "There is no newer keyset."),
    ):
        body = encode_keyset_part(part)
        yield Case("keyset", name, "keyset_part", about, {"body": body.hex()}, {"fields": plain(part)})
    outside = encode_keyset_part(KeysetPart(2, 640, 500, bytes(140)))[:-141] + b"\x58\xc8" + bytes(200)
    yield Case(
        "keyset",
        "transfer_part_outside",
        "keyset_part",
        "A part that reaches past its keyset.",
        {"body": outside.hex()},
        refused("MESSAGE_MALFORMED"),
    )

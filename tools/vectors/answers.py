"""Answers of hosts: believed, moved, changed, replayed (spec/trust.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from muster.trust.chain import sign_answer
from muster.trust.cose import sign
from muster.wire.activation import RefusalClaims
from muster.wire.calendar import seconds
from muster.wire.product import Edition
from muster.wire.sign1 import Sign1, decode_sign1, encode_sign1
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_PRO, CAD_SERVER, CertifiedHost, VendorKeys, days
from tools.vectors import Case, Given, flips, refusals

VENDOR = VendorKeys()
HOST = CertifiedHost(VENDOR)
REQUEST = VENDOR.request_body()
BELIEVED = {"count": 25, "host_time": seconds(MORNING), "serial": 41, "organisation": 7}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _good()
    yield from _moved()
    yield from _of_another_shape()


def edition_fields(edition: Edition) -> dict[str, Any]:
    """What an edition must be known by to judge an answer."""
    return {
        "id": edition.id,
        "group": edition.group,
        "level": edition.level,
        "threshold": edition.threshold,
        "released_day": edition.released_day,
    }


def answer(
    body: bytes,
    *,
    request: bytes = REQUEST,
    vendor: VendorKeys = VENDOR,
    edition: Edition = CAD_PRO,
    now: datetime = MORNING,
    organisation: int | None = None,
) -> Given:
    """What a client has before it when an answer arrives."""
    return {
        "request": request.hex(),
        "answer": body.hex(),
        "keysets": [document.hex() for document in vendor.documents],
        "edition": edition_fields(edition),
        "now": seconds(now),
        "organisation": organisation,
    }


def _good() -> Iterator[Case]:
    reply = HOST.reply(REQUEST)
    about = f"A reply that activates; {len(reply) + 1} bytes with its length byte."
    yield Case("trust", "reply", "answer", about, answer(reply), BELIEVED)
    below = answer(HOST.reply(REQUEST, count=4))
    yield Case("trust", "reply_below_threshold", "answer", "4 of 25: counted.", below, {**BELIEVED, "count": 4})
    skewed = answer(reply, now=MORNING + days(2))
    yield Case("trust", "clocks_apart", "answer", "Two days between the clocks: no matter.", skewed, BELIEVED)
    pinned = answer(reply, organisation=7)
    yield Case("trust", "own_organisation", "answer", "The machine is pinned to its own.", pinned, BELIEVED)
    other = {"other_organisation": (answer(reply, organisation=8), "The machine is pinned to another.")}
    yield from refusals("trust", "answer", "ORGANISATION_MISMATCH", other)
    refusal = {"refusal": (answer(HOST.refuse(REQUEST, 26)), "A signed refusal: the host cannot store just now.")}
    yield from refusals("trust", "answer", "HOST_BUSY", refusal)
    unknown = {"refusal_unknown_code": (answer(HOST.refuse(REQUEST, 250)), "A code that is not in the catalogue.")}
    yield from refusals("trust", "answer", "INTERNAL", unknown)
    yield flips("trust", "answer", answer(reply), ["answer"], every=1)


def _moved() -> Iterator[Case]:
    reply = HOST.reply(REQUEST)
    requests = {
        "replayed_to_another_nonce": (VENDOR.request_body(nonce=bytes(16)), "An old reply to a new request."),
        "moved_to_another_machine": (VENDOR.request_body(client_id=bytes(16)), "A reply to another machine."),
        "moved_to_another_edition": (VENDOR.request_body(CAD_SERVER), "A reply to a request for another edition."),
        "moved_to_other_parts": (VENDOR.request_body(parts=bytes(16)), "A reply to a request of other hardware."),
    }
    rows = {name: (answer(reply, request=request), about) for name, (request, about) in requests.items()}
    message = decode_sign1(reply)
    other = CertifiedHost(VENDOR, {"serial": 42}).certificate
    swapped = encode_sign1(Sign1(message.payload, message.signature, other))
    rows["certificate_swapped"] = (answer(swapped), "Another certificate of the same host.")
    refusal = sign_answer(HOST.private, REQUEST, HOST.certificate, RefusalClaims(1, seconds(MORNING), 120))
    crossed = refusal[:-64] + message.signature
    rows["signature_of_another_kind"] = (answer(crossed), "A refusal under the signature of a reply.")
    unbound = sign(HOST.private, message.payload, b"muster-reply-v1", HOST.certificate)
    rows["not_bound"] = (answer(unbound), "Signed under the label alone, bound to nothing.")
    yield from refusals("trust", "answer", "SIGNATURE_INVALID", rows)


def _of_another_shape() -> Iterator[Case]:
    reply = HOST.reply(REQUEST)
    message = decode_sign1(reply)
    rows = {
        "no_certificate": (answer(sign(HOST.private, message.payload, b"")), "A signature without certificate."),
        "payload_of_33_bytes": (
            answer(encode_sign1(Sign1(bytes(33), message.signature, HOST.certificate))),
            "A payload longer than any claims.",
        ),
        "hint_as_answer": (answer(b"\x82\x01\x05"), "A hint is no answer: it is unsigned."),
        "empty_answer": (answer(b""), "Nothing."),
        "truncated_answer": (answer(reply[:-1]), "The last byte is missing."),
        "trailing_byte": (answer(reply + b"\x00"), "One byte after the end."),
    }
    yield from refusals("trust", "answer", "MESSAGE_MALFORMED", rows)

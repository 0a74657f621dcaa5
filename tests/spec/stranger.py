"""A client as a stranger would write it: from the pages of spec/ alone, with a crypto library and nothing of Muster."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FIRST_FORM = bytes.fromhex("8443a10132a0")
SECOND_FORM = bytes.fromhex("8443a10132a13a00010000")
DAY = 86_400
PRIME = 2**255 - 19
ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
SMALL = {0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8}


def head(major: int, number: int) -> bytes:
    """The shortest head (encoding.md)."""
    if number < 24:
        return bytes((major << 5 | number,))
    for low, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes((major << 5 | low,)) + number.to_bytes(size, "big")
    raise ValueError(number)


def encode(value: Any) -> bytes:
    """Integers, bytes, text and lists."""
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(4, len(value)) + b"".join(map(encode, value))


def decode(data: bytes) -> Any:
    """One item and nothing after it. Strict because what was read must encode to the same bytes."""
    value, end = _item(data, 0)
    if end != len(data) or encode(value) != data:
        raise ValueError("not the one encoding")
    return value


def _item(data: bytes, at: int) -> tuple[Any, int]:
    major, low = data[at] >> 5, data[at] & 31
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low, 0)
    if low > 27 or major not in {0, 2, 3, 4}:
        raise ValueError("not in the subset")
    number = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else low
    at += 1 + size
    if major == 0:
        return number, at
    if major == 4:
        items = []
        for _ in range(number):
            item, at = _item(data, at)
            items.append(item)
        return items, at
    taken = data[at : at + number]
    if len(taken) != number:
        raise ValueError("it ends too early")
    return (taken if major == 2 else taken.decode()), at + number


def check_point(public: bytes) -> None:
    """sign1.md §Points."""
    y = int.from_bytes(public, "little") % 2**255
    if len(public) != 32 or y >= PRIME or y in SMALL:
        raise ValueError("not a point of large order")


def verify(public: bytes, aad: bytes, payload: bytes, signature: bytes) -> None:
    """sign1.md."""
    check_point(public)
    signed = encode(["Signature1", bytes.fromhex("a10132"), aad, payload])
    Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)


def newest_keyset(documents: list[bytes], fingerprint: bytes, now: int | None = None) -> list[Any]:
    """keyset.md §Chain; with `now` when the newest is new here."""
    if not documents or hashlib.sha256(b"muster-vendor-v1" + documents[0]).digest() != fingerprint:
        raise ValueError("another vendor")
    before: list[Any] | None = None
    for version, document in enumerate(documents, 1):
        payload, signatures = decode(document)
        keyset = decode(payload)
        for public in [*keyset[5], *(key[2] for key in keyset[6])]:
            check_point(public)
        for root, signature in signatures:
            verify(root, b"muster-keyset-v1", payload, signature)
        signers = {root for root, _ in signatures}
        if len(document) > 4096 or len(signers) != len(signatures):
            raise ValueError("too long, or a signature twice")
        for judge in [keyset, *([before] if before else [])]:
            if len(signers & set(judge[5])) < judge[4]:
                raise ValueError("too few root keys")
        if keyset[1] != version or version > 64:
            raise ValueError("not the next version")
        before = keyset
    assert before is not None
    if now is not None and now >= (before[3] + 1) * DAY:
        raise ValueError("expired")
    return before


def read_product(text: str, fingerprint: bytes) -> tuple[list[Any], list[bytes]]:
    """product.md: claims and keysets."""
    block = re.search(r"-----BEGIN MUSTER PRODUCT FILE-----(.*?)-----END MUSTER PRODUCT FILE-----", text, re.DOTALL)
    assert block is not None
    documents, message = decode(base64.b64decode(re.sub(r"[>\s]", "", block[1]), validate=True))
    keyset = newest_keyset(documents, fingerprint)
    payload, signature = _first_form(message)
    claims = decode(payload)
    verify(_issuing(keyset, claims[1], 4, claims[3]), b"muster-product-v1", payload, signature)
    return claims, documents


def _first_form(message: bytes) -> tuple[bytes, bytes]:
    if not message.startswith(FIRST_FORM):
        raise ValueError("not a message of the suite")
    payload, at = _item(message, len(FIRST_FORM))
    signature, end = _item(message, at)
    if end != len(message):
        raise ValueError("bytes after the end")
    return payload, signature


def _issuing(keyset: list[Any], number: int, purpose: int, day: int) -> bytes:
    for key_number, key_purpose, public, first, last, status in keyset[6]:
        if key_number == number and key_purpose == purpose and first <= day <= last and status != 2:
            found: bytes = public
            return found
    raise ValueError("no such issuing key")


def build_request(vendor_id: bytes, edition: list[Any], client_id: bytes, parts: bytes, nonce: bytes) -> bytes:
    """activation.md §Request, in state INITIAL_GRACE; the frame."""
    identifier, _, _, group, level, _, threshold, *_ = edition
    body = encode([1, 0, vendor_id, identifier, group, level, threshold, client_id, parts, nonce, 1, 0])
    return bytes((len(body),)) + body


def judge(
    request: bytes, answer: bytes, keyset: list[Any], edition: list[Any], now: int, *, organisation: int | None = None
) -> int:
    """trust.md §Judging an answer: the count; `ValueError` or the library's error when it is not to be believed."""
    if not answer.startswith(SECOND_FORM):
        raise ValueError("not an answer")
    certificate, at = _item(answer, len(SECOND_FORM))
    payload, at = _item(answer, at)
    signature, end = _item(answer, at)
    if end != len(answer) or len(certificate) > 160 or len(payload) > 32:
        raise ValueError("another shape")
    claims_bytes, vendor_signature = _first_form(certificate)
    claims = decode(claims_bytes)
    number, serial, customer, first, days, subject, scope, level, released_until, lease_until = claims
    verify(_issuing(keyset, number, 1, first), b"muster-host-cert-v1", claims_bytes, vendor_signature)
    reply = decode(payload)
    label = b"muster-reply-v1" if len(reply) == 5 else b"muster-refusal-v1"
    bound = label + hashlib.sha256(request).digest() + hashlib.sha256(certificate).digest()
    verify(subject, bound, payload, signature)
    if serial in keyset[7] or now >= (first + days + 1) * DAY or (lease_until and now >= (lease_until + 1) * DAY):
        raise ValueError("withdrawn or over")
    if len(reply) != 5:
        raise ValueError(f"refused with {reply[1]}")
    if not first * DAY <= reply[2] < (first + days) * DAY:
        raise ValueError("outside the window")
    if scope != edition[3] or level < edition[4] or (released_until and edition[7] > released_until):
        raise ValueError("not covered")
    if organisation not in {None, customer}:
        raise ValueError("another organisation")
    count: int = reply[1]
    return count

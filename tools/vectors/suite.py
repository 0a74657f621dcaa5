"""The one form of signed messages, and everything that is nearly it (spec/sign1.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import count

from muster.trust.cose import LABEL_KEYSET, LABEL_PRODUCT, public_bytes, sign, structure
from muster.wire.cbor import encode
from muster.wire.sign1 import Sign1, decode_sign1, encode_sign1
from tests.worlds.vendor_keys import key_of
from tools.vectors import Case, Given, flips, refusals

PRIVATE = key_of("suite")
PUBLIC = public_bytes(PRIVATE)
PAYLOAD = bytes.fromhex("83010203")
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
COFACTOR = 8
IDENTITY = b"\x01" + bytes(31)

# Names of encodings that no key may have: the points whose order divides 8, and encodings that are not canonical.
POINTS = {
    "identity": "01" + "00" * 31,
    "identity_with_sign": "01" + "00" * 30 + "80",
    "order_2": "ec" + "ff" * 30 + "7f",
    "order_4": "00" * 32,
    "order_8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "order_8_other": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "not_canonical": "ee" + "ff" * 30 + "7f",
    "not_canonical_with_sign": "ee" + "ff" * 31,
}


def forge(point: bytes, message_of: Callable[[int], bytes]) -> tuple[int, bytes]:
    """The first number whose message has a signature under a point of small order, and that signature.

    With R the identity and S = 0, RFC 8032's equation is h·A = 0, which holds when the order of A divides h.
    """
    for number in count():
        digest = hashlib.sha512(IDENTITY + point + message_of(number)).digest()
        if int.from_bytes(digest, "little") % GROUP_ORDER % COFACTOR == 0:
            return number, IDENTITY + bytes(32)
    raise LookupError(point)


def cases() -> Iterator[Case]:
    """All of them."""
    good = sign(PRIVATE, PAYLOAD, LABEL_PRODUCT)
    carrying = sign(PRIVATE, PAYLOAD, LABEL_PRODUCT, b"certificate")
    for name, message, about in (
        ("first_form", good, "A message without certificate."),
        ("second_form", carrying, "A message that carries a certificate; the certificate is not under this signature."),
    ):
        yield Case("sign1", name, "sign1", about, _given(message), {"payload": PAYLOAD.hex()})
    yield flips("sign1", "sign1", _given(good), ["message"], every=1)
    yield from refusals("sign1", "sign1", "MESSAGE_MALFORMED", _malformed(good))
    yield from refusals("sign1", "sign1", "SIGNATURE_INVALID", _invalid(good))
    yield from refusals("sign1", "sign1", "SIGNATURE_INVALID", {f"point_{n}": _forged(p) for n, p in POINTS.items()})


def _given(message: bytes, public: bytes = PUBLIC, aad: bytes = LABEL_PRODUCT) -> Given:
    return {"message": message.hex(), "public": public.hex(), "aad": aad.hex()}


def _malformed(good: bytes) -> dict[str, tuple[Given, str]]:
    body = good[6:]
    rows = {
        "tagged": (b"\xd2" + good, "With the tag of COSE_Sign1."),
        "algorithm_eddsa": (bytes.fromhex("8443a10127a0") + body, "Algorithm -8, EdDSA of any curve."),
        "algorithm_es256": (bytes.fromhex("8443a10126a0") + body, "Algorithm -7, another suite."),
        "algorithm_unprotected": (bytes.fromhex("8440a10132") + body, "The algorithm where nobody signs it."),
        "protected_empty": (bytes.fromhex("8440a0") + body, "No algorithm."),
        "protected_empty_map": (bytes.fromhex("8441a0a0") + body, "No algorithm, as an encoded map."),
        "protected_long_integer": (bytes.fromhex("8444a1013812a0") + body, "The protected header in another encoding."),
        "key_id": (bytes.fromhex("8443a10132a104416b") + body, "A key id in the unprotected header."),
        "certificate_and_key_id": (
            bytes.fromhex("8443a10132a204416b3a0001000041aa") + body, "The certificate is not alone in its header.",
        ),
        "detached": (good[:6] + b"\xf6" + body[5:], "A null payload."),
        "signature_of_63_bytes": (good[:-66] + b"\x58\x3f" + good[-64:-1], "A signature that is too short."),
        "three_elements": (b"\x83" + good[1:-66], "No signature."),
        "five_elements": (b"\x85" + good[1:] + b"\x00", "One element too many."),
        "indefinite": (b"\x9f" + good[1:] + b"\xff", "An array of indefinite length."),
        "trailing": (good + b"\x00", "One byte after the end."),
        "truncated": (good[:-1], "The last byte is missing."),
    }  # fmt: skip
    return {name: (_given(message), about) for name, (message, about) in rows.items()}


def _invalid(good: bytes) -> dict[str, tuple[Given, str]]:
    signature = decode_sign1(good).signature
    above = signature[:32] + (int.from_bytes(signature[32:], "little") + GROUP_ORDER).to_bytes(32, "little")
    other = public_bytes(key_of("another suite"))
    bare = PRIVATE.sign(PAYLOAD)
    return {
        "other_label": (_given(good, aad=LABEL_KEYSET), "Judged as another kind."),
        "no_label": (_given(good, aad=b""), "Judged without a label."),
        "other_key": (_given(good, other), "Judged under another key."),
        "payload_alone": (
            _given(encode_sign1(Sign1(PAYLOAD, bare))), "A signature over the payload instead of Sig_structure.",
        ),
        "s_above_the_order": (
            _given(encode_sign1(Sign1(PAYLOAD, above))), "S plus the order of the group: the same point, another signature.",
        ),
    }  # fmt: skip


def _forged(point: str) -> tuple[Given, str]:
    public = bytes.fromhex(point)
    number, signature = forge(public, lambda number: structure(encode([number]), LABEL_PRODUCT))
    about = (
        "No canonical point of large order. The signature is R = identity, S = 0, and satisfies RFC 8032's equation."
    )
    return _given(encode_sign1(Sign1(encode([number]), signature)), public), about

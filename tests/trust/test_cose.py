"""Signatures: both ways against another implementation, against published vectors, and against hostile points."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed, MusterError, Untrusted
from muster.trust import cose
from muster.wire.sign1 import Sign1, decode_sign1, encode_sign1
from tests.worlds import other_cose
from tests.worlds.vendor_keys import key_of

PRIVATE = key_of("signer")
PUBLIC = cose.public_bytes(PRIVATE)
PRIME = 2**255 - 19
LABELS = [value for name, value in vars(cose).items() if name.startswith("LABEL_")]


@given(payload=st.binary(max_size=300), aad=st.binary(max_size=100), certificate=st.none() | st.binary(max_size=160))
def test_another_implementation_signs_the_same_bytes_and_verifies_ours(
    payload: bytes, aad: bytes, certificate: bytes | None
) -> None:
    ours = cose.sign(PRIVATE, payload, aad, certificate)

    assert other_cose.sign(PRIVATE, payload, aad, certificate) == ours
    assert other_cose.verifies(ours, PUBLIC, aad)
    assert cose.verify(PUBLIC, ours, aad) == payload


def published() -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """(seed, public key, message, signature) of the vectors of the first Ed25519 paper."""
    path = Path(cryptography_vectors.__file__).parent / "asymmetric" / "Ed25519" / "sign.input"
    for line in path.read_text().splitlines():
        secret, public, message, signed = (bytes.fromhex(field) for field in line.split(":")[:4])
        yield secret[:32], public, message, signed[:64]


def test_published_signatures_are_made_and_verified() -> None:
    for seed, public, message, signature in published():
        private = Ed25519PrivateKey.from_private_bytes(seed)
        assert cose.public_bytes(private) == public
        assert private.sign(message) == signature
        cose.verify_raw(public, message, signature)


def test_a_published_signature_over_another_message_is_refused() -> None:
    for _, public, message, signature in itertools.islice(published(), 100):
        with pytest.raises(Untrusted):
            cose.verify_raw(public, message + b"\x00", signature)


def small_order() -> list[bytes]:
    """Every encoding, canonical or not, of the eight points whose order divides 8."""
    of_order_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    y8 = int.from_bytes(of_order_8, "little")
    ys = [0, 1, PRIME - 1, y8, PRIME - y8, PRIME, PRIME + 1]
    return [(y | sign << 255).to_bytes(32, "little") for y in ys for sign in (0, 1)]


@pytest.mark.parametrize("point", small_order(), ids=bytes.hex)
def test_a_point_of_small_order_is_no_key(point: bytes) -> None:
    with pytest.raises(Untrusted) as refused:
        cose.check_public_key(point)

    assert refused.value.code == "SIGNATURE_INVALID"


def test_a_signature_that_verifies_for_every_message_is_refused() -> None:
    """Under the neutral element, R = 0 and S = 0 satisfy the equation whatever was signed: the library takes it."""
    neutral = (1).to_bytes(32, "little")

    with pytest.raises(Untrusted):
        cose.verify_raw(neutral, b"whatever", neutral + bytes(32))


@pytest.mark.parametrize("y", [PRIME, PRIME + 2, PRIME + 18, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_a_coordinate_outside_the_field_is_no_key(y: int, sign: int) -> None:
    with pytest.raises(Untrusted):
        cose.check_public_key((y | sign << 255).to_bytes(32, "little"))


def test_a_point_off_the_curve_verifies_nothing() -> None:
    with pytest.raises(Untrusted):
        cose.verify_raw((2).to_bytes(32, "little"), b"message", bytes(64))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_no_key(size: int) -> None:
    with pytest.raises(Untrusted):
        cose.check_public_key(PUBLIC[:1] * size)


def test_a_signature_with_s_above_the_group_order_is_refused() -> None:
    """S + L satisfies the equation too; taking it would give one message two signatures (RFC 8032 §5.1.7)."""
    order = 2**252 + 27742317777372353535851937790883648493
    good = PRIVATE.sign(b"message")
    other = good[:32] + (int.from_bytes(good[32:], "little") + order).to_bytes(32, "little")

    cose.verify_raw(PUBLIC, b"message", good)
    with pytest.raises(Untrusted):
        cose.verify_raw(PUBLIC, b"message", other)


@pytest.mark.parametrize("certificate", [None, b"certificate"], ids=["plain", "certified"])
def test_any_flipped_bit_of_a_signed_message_is_refused(certificate: bytes | None) -> None:
    message = cose.sign(PRIVATE, b"a payload of the vendor", b"label", certificate)
    unprotected = range(8 * 12, 8 * 23) if certificate else range(0)

    for bit in range(8 * len(message)):
        damaged = bytearray(message)
        damaged[bit // 8] ^= 1 << bit % 8
        if bit in unprotected:
            # The certificate is bound by the answer's own aad, which `muster.trust.chain` makes of it.
            continue
        with pytest.raises(MusterError):
            cose.verify(PUBLIC, bytes(damaged), b"label")


@pytest.mark.parametrize(("used", "asked"), list(itertools.permutations(LABELS, 2)), ids=lambda label: label.decode())
def test_no_signature_can_be_used_as_another_kind(used: bytes, asked: bytes) -> None:
    with pytest.raises(Untrusted):
        cose.verify(PUBLIC, cose.sign(PRIVATE, b"payload", used), asked)


def test_the_ten_labels_are_those_of_the_specification() -> None:
    kinds = ("reply", "refusal", "host-cert", "object", "permanent", "keyset", "product", "bundle", "report", "audit")
    assert sorted(LABELS) == sorted(f"muster-{kind}-v1".encode() for kind in kinds)


def test_a_signature_of_another_key_is_refused() -> None:
    message = decode_sign1(cose.sign(PRIVATE, b"payload", b"label"))

    with pytest.raises(Untrusted):
        cose.verify(cose.public_bytes(key_of("somebody else")), message, b"label")


def test_the_payload_is_verified_as_received_and_never_encoded_again() -> None:
    """A payload that is no deterministic CBOR is none of the signature's business."""
    payload = bytes.fromhex("1800")

    assert cose.verify(PUBLIC, cose.sign(PRIVATE, payload, b"label"), b"label") == payload


def test_a_message_of_another_shape_is_malformed_before_it_is_untrusted() -> None:
    with pytest.raises(Malformed):
        cose.verify(PUBLIC, encode_sign1(Sign1(b"payload", bytes(64))) + b"\x00", b"label")

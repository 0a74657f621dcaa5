from __future__ import annotations

import pytest

from muster.base.errors import Malformed
from muster.wire.sign1 import MAX_CERTIFICATE_BYTES, Sign1, decode_sign1, encode_sign1
from tests.worlds import other_cose

PLAIN = encode_sign1(Sign1(b"payload", bytes(64)))
CERTIFIED = encode_sign1(Sign1(b"payload", bytes(64), b"certificate"))


def test_the_shape_is_that_of_rfc_9052() -> None:
    assert bytes.fromhex("8443a10132a047") + b"payload" + b"\x58\x40" + bytes(64) == PLAIN
    assert CERTIFIED[5:12] == bytes.fromhex("a13a000100004b")


@pytest.mark.parametrize("message", [PLAIN, CERTIFIED], ids=["plain", "certified"])
def test_another_implementation_reads_the_same(message: bytes) -> None:
    theirs = other_cose.read(message)

    assert theirs.payload == b"payload"
    assert theirs.signature == bytes(64)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("43a10132", "43a10126"),  # ES256
        ("43a10132", "43a10127"),  # EdDSA without a named curve
        ("43a10132", "40"),  # no algorithm
        ("a047", "a1044147"),  # a key id
        ("84", "d284"),  # the tag of COSE_Sign1
        ("8443", "8543"),  # five elements
        ("5840", "583f"),  # a short signature
    ],
)
def test_any_other_suite_or_shape_is_refused(old: str, new: str) -> None:
    with pytest.raises(Malformed):
        decode_sign1(bytes.fromhex(PLAIN.hex().replace(old, new, 1)))


def test_a_payload_longer_than_allowed_is_refused() -> None:
    assert decode_sign1(PLAIN, max_payload=7).payload == b"payload"
    with pytest.raises(Malformed):
        decode_sign1(PLAIN, max_payload=6)


def test_a_certificate_longer_than_allowed_is_refused() -> None:
    with pytest.raises(Malformed):
        decode_sign1(encode_sign1(Sign1(b"", bytes(64), bytes(MAX_CERTIFICATE_BYTES + 1))))


def test_a_signature_of_another_size_is_not_written() -> None:
    with pytest.raises(ValueError, match="63 bytes"):
        encode_sign1(Sign1(b"", bytes(63)))

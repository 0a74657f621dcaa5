from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.wire.keyset import (
    MAX_ISSUING_KEYS,
    MAX_KEYSET_BYTES,
    MAX_PART_BYTES,
    MAX_WITHDRAWN,
    IssuingKey,
    Keyset,
    KeysetPart,
    Purpose,
    SignedKeyset,
    decode_keyset,
    decode_keyset_part,
    decode_keyset_request,
    decode_signed_keyset,
    encode_keyset,
    encode_keyset_part,
    encode_signed_keyset,
    part_of,
)


def public(number: int) -> bytes:
    return number.to_bytes(32, "big")


def issuing(number: int) -> IssuingKey:
    return IssuingKey(number, Purpose.HOST, public(number), 0, 0xFFFF)


KEYSET = Keyset(1, 20_000, 21_000, 2, (public(1), public(2)), (issuing(1), issuing(2)), (5, 6))
PAYLOAD = encode_keyset(KEYSET)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"version": 65},
        {"threshold": 0},
        {"threshold": 3},
        {"roots": ()},
        {"roots": (public(2), public(1))},
        {"roots": (public(1), public(1))},
        {"roots": (public(1), bytes(31))},
        {"roots": tuple(map(public, range(1, 10)))},
        {"issuing": (issuing(2), issuing(1))},
        {"issuing": (issuing(1), issuing(1))},
        {"issuing": tuple(issuing(n) for n in range(MAX_ISSUING_KEYS + 1))},
        {"withdrawn": (6, 5)},
        {"withdrawn": (5, 5)},
        {"withdrawn": tuple(range(MAX_WITHDRAWN + 1))},
        {"expires_day": 1 << 16},
    ],
    ids=str,
)
def test_an_impossible_keyset_is_neither_written_nor_read(changes: dict[str, Any]) -> None:
    wrong = KEYSET._replace(**changes)
    rows = [[k.number, int(k.purpose), k.public, k.not_before_day, k.not_after_day, 0] for k in wrong.issuing]
    head = [1, wrong.version, wrong.issued_day, wrong.expires_day, wrong.threshold]

    with pytest.raises(ValueError):
        encode_keyset(wrong)
    with pytest.raises(Malformed):
        decode_keyset(cbor2.dumps([*head, list(wrong.roots), rows, list(wrong.withdrawn)]))


@pytest.mark.parametrize(("place", "value"), [(1, 0), (1, 6), (2, bytes(31)), (5, 3), (0, 256)])
def test_an_impossible_issuing_key_is_malformed(place: int, value: object) -> None:
    elements = cbor2.loads(PAYLOAD)
    elements[6][0][place] = value

    with pytest.raises(Malformed):
        decode_keyset(cbor2.dumps(elements))


def test_the_fullest_keyset_with_every_signature_fits_into_4_kib() -> None:
    fullest = Keyset(
        64,
        0xFFFF,
        0xFFFF,
        8,
        tuple(map(public, range(1, 9))),
        tuple(issuing(n) for n in range(216, 256)),
        tuple(range(2**32 - MAX_WITHDRAWN, 2**32)),
    )
    signatures = tuple((public(n), bytes(64)) for n in range(1, 17))

    document = encode_signed_keyset(SignedKeyset(encode_keyset(fullest), signatures))

    assert len(document) <= MAX_KEYSET_BYTES
    assert decode_signed_keyset(document).payload == encode_keyset(fullest)


def test_a_document_over_4_kib_is_neither_written_nor_read() -> None:
    with pytest.raises(ValueError, match="too long"):
        encode_signed_keyset(SignedKeyset(bytes(MAX_KEYSET_BYTES), ()))
    with pytest.raises(Malformed):
        decode_signed_keyset(bytes(MAX_KEYSET_BYTES + 1))
    with pytest.raises(Malformed):
        decode_keyset(bytes(MAX_KEYSET_BYTES + 1))


@pytest.mark.parametrize("roots", [(2, 1), (1, 1)], ids=["out of order", "doubled"])
def test_a_signature_counts_once(roots: tuple[int, ...]) -> None:
    doubled = SignedKeyset(PAYLOAD, tuple((public(n), bytes(64)) for n in roots))

    with pytest.raises(ValueError, match="out of order or doubled"):
        encode_signed_keyset(doubled)
    with pytest.raises(Malformed):
        decode_signed_keyset(cbor2.dumps([PAYLOAD, [list(pair) for pair in doubled.signatures]]))


def test_a_request_longer_than_a_frame_is_not_read() -> None:
    with pytest.raises(Malformed):
        decode_keyset_request(bytes(250))


@given(document=st.binary(max_size=MAX_KEYSET_BYTES))
def test_a_document_travels_in_parts(document: bytes) -> None:
    arrived = b""
    while True:
        part = decode_keyset_part(encode_keyset_part(part_of(document, 2, len(arrived))))
        assert (part.total, part.offset) == (len(document), len(arrived))
        if not part.data:
            break
        arrived += part.data

    assert arrived == document


def test_nothing_newer_is_an_empty_part() -> None:
    assert part_of(b"", 3, 400) == KeysetPart(3, 0, 0, b"")


@pytest.mark.parametrize(
    "part",
    [
        KeysetPart(2, 0, 0, b"x"),
        KeysetPart(2, 100, 99, b"xy"),
        KeysetPart(2, 100, 101, b""),
        KeysetPart(2, MAX_KEYSET_BYTES + 1, 0, b"x"),
    ],
    ids=["of nothing", "across the end", "after the end", "of a keyset too long"],
)
def test_a_part_outside_its_keyset_is_malformed(part: KeysetPart) -> None:
    with pytest.raises(Malformed):
        decode_keyset_part(encode_keyset_part(part))


def test_a_part_over_its_limit_is_not_written() -> None:
    with pytest.raises(ValueError, match="201 bytes"):
        encode_keyset_part(KeysetPart(2, 4000, 0, bytes(MAX_PART_BYTES + 1)))

"""The strict reader and its mirror, beside cbor2 as the second opinion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.wire.cbor import Reader, Value, check_bytes, check_readable, check_uint, encode, head

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.integers(0, 2**64 - 1), st.binary(max_size=300), st.text(max_size=60)),
    lambda inner: st.lists(inner, max_size=30),
    max_leaves=20,
)


@given(value=values)
def test_the_encoder_writes_what_cbor2_writes_in_canonical_form(value: Value) -> None:
    assert encode(value) == cbor2.dumps(value, canonical=True)


@pytest.mark.parametrize("number", [0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1])
def test_integers_at_the_edges_of_their_widths_come_back(number: int) -> None:
    reader = Reader(encode(number))

    assert reader.uint(2**64 - 1) == number
    reader.end()


@pytest.mark.parametrize("number", [-1, 2**64])
def test_what_64_bits_cannot_hold_is_not_written(number: int) -> None:
    with pytest.raises(ValueError, match="unsigned integer"):
        head(0, number)


@pytest.mark.parametrize(
    ("hex_bytes", "what"),
    [
        ("1800", "zero in two bytes"),
        ("1817", "23 in two bytes"),
        ("1900ff", "255 in three bytes"),
        ("1a0000ffff", "65,535 in five bytes"),
        ("1b00000000ffffffff", "2^32 - 1 in nine bytes"),
        ("1c", "a reserved length"),
        ("1f", "an indefinite length"),
        ("18", "a length without its byte"),
        ("1b000000", "an integer cut short"),
        ("20", "a negative integer"),
        ("f4", "false"),
        ("f6", "null"),
        ("f90000", "a float"),
        ("c000", "a tag"),
        ("a0", "a map"),
        ("", "nothing"),
    ],
)
def test_anything_but_the_shortest_unsigned_integer_is_refused(hex_bytes: str, what: str) -> None:
    with pytest.raises(Malformed):
        Reader(bytes.fromhex(hex_bytes)).uint(2**64 - 1)


@pytest.mark.parametrize(
    ("hex_bytes", "read"),
    [
        ("5f4101ff", lambda r: r.bstr(1)),
        ("5b7fffffffffffffff", lambda r: r.bstr_up_to(2**63)),
        ("9f01ff", lambda r: r.array(1)),
        ("9b7fffffffffffffff", lambda r: r.array_up_to(16)),
        ("4161", lambda r: r.text(10)),
        ("6161", lambda r: r.bstr(1)),
        ("61ff", lambda r: r.text(10)),
        ("6109", lambda r: r.text(10)),
        ("63e280ae", lambda r: r.text(10)),
        ("65616263", lambda r: r.text(10)),
        ("64616263", lambda r: r.text(3)),
        ("43616263", lambda r: r.bstr_up_to(2)),
        ("43616263", lambda r: r.bstr(4)),
        ("05", lambda r: r.uint(4)),
        ("05", lambda r: r.const(4)),
        ("83", lambda r: r.array(2)),
        ("a10132", lambda r: r.literal(bytes.fromhex("a10126"))),
    ],
    ids=[
        "bytes in chunks", "a bomb of bytes", "an array without end", "a bomb of elements", "bytes for text", "text for bytes",
        "text that is not UTF-8", "a tab", "a character that turns the line round", "text cut short", "text too long",
        "bytes too long", "bytes too short", "a number too large", "another constant", "another count", "another suite",
    ],
)  # fmt: skip
def test_other_shapes_are_refused(hex_bytes: str, read: Callable[[Reader], object]) -> None:
    with pytest.raises(Malformed):
        read(Reader(bytes.fromhex(hex_bytes)))


def test_bytes_after_the_end_are_refused() -> None:
    reader = Reader(b"\x01\x02")
    reader.uint(1)

    with pytest.raises(Malformed, match="1 bytes after the end"):
        reader.end()


def test_looking_ahead_takes_nothing() -> None:
    reader = Reader(b"\xa0\x01")

    assert reader.starts(b"\xa0")
    assert not reader.starts(b"\xa1")
    reader.literal(b"\xa0")
    assert reader.uint(1) == 1


@pytest.mark.parametrize("value", [-1, 256])
def test_an_encoder_does_not_write_a_number_outside_its_width(value: int) -> None:
    with pytest.raises(ValueError, match="level"):
        check_uint("level", value, 255)


def test_an_encoder_does_not_write_bytes_of_another_size() -> None:
    with pytest.raises(ValueError, match="nonce has 15 bytes"):
        check_bytes("nonce", bytes(15), 16)


def test_what_its_own_decoder_refuses_is_not_written() -> None:
    with pytest.raises(ValueError, match="is more than 4"):
        check_readable(b"\x05", lambda data: Reader(data).uint(4))

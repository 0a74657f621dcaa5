from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.wire.frame import MAX_BODY, MAX_FRAME, PORT, FrameReader, frame


@given(body=st.binary(min_size=1, max_size=MAX_BODY), cuts=st.lists(st.integers(1, MAX_BODY), max_size=5))
def test_a_frame_in_any_pieces_gives_its_body_with_the_last_one(body: bytes, cuts: list[int]) -> None:
    framed, reader = frame(body), FrameReader()
    edges = sorted({0, len(framed), *(cut for cut in cuts if cut < len(framed))})
    pieces = [framed[a:b] for a, b in itertools.pairwise(edges)]

    answers = [reader.feed(piece) for piece in pieces]

    assert answers == [None] * (len(pieces) - 1) + [body]


def test_the_largest_frame_has_250_bytes() -> None:
    assert len(frame(bytes(MAX_BODY))) == MAX_FRAME == 250
    assert PORT == 1688


@pytest.mark.parametrize("size", [0, MAX_BODY + 1, 1000])
def test_a_body_that_is_empty_or_too_long_is_not_framed(size: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        frame(bytes(size))


def test_nothing_yet_is_nothing_yet() -> None:
    assert FrameReader().feed(b"") is None


@pytest.mark.parametrize("first", [b"\x00", b"\xfa", b"\xff"])
def test_an_impossible_length_is_refused_at_its_first_byte(first: bytes) -> None:
    with pytest.raises(Malformed):
        FrameReader().feed(first)


def test_a_second_frame_on_one_connection_is_refused() -> None:
    with pytest.raises(Malformed, match="bytes after the frame"):
        FrameReader().feed(frame(b"one") + b"\x01")

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.wire.activation import (
    MAX_HEADS,
    ActivationRequest,
    Flags,
    Hint,
    RefusalClaims,
    ReplyClaims,
    RequestReader,
    State,
    decode_claims,
    decode_request,
    encode_claims,
    encode_hint,
    encode_request,
    is_hint,
    request_kind,
)
from muster.wire.frame import MAX_BODY
from muster.wire.keyset import KeysetRequest, encode_keyset_request

REQUEST = ActivationRequest(
    vendor_id=bytes(8),
    edition=1001,
    group=1,
    level=10,
    threshold=25,
    client_id=bytes(16),
    parts=bytes(16),
    nonce=bytes(16),
    state=State.LICENSED,
    flags=Flags.RENEWAL,
)


def test_a_request_is_the_array_of_the_specification() -> None:
    assert cbor2.loads(encode_request(REQUEST)) == [
        1, 0, bytes(8), 1001, 1, 10, 25, bytes(16), bytes(16), bytes(16), 2, 4
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"vendor_id": bytes(7)},
        {"client_id": bytes(17)},
        {"parts": b""},
        {"nonce": bytes(15)},
        {"edition": 1 << 24},
        {"group": -1},
        {"level": 256},
        {"threshold": 1001},
        {"threshold": 0},
    ],
    ids=str,
)
def test_a_request_outside_its_widths_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        encode_request(REQUEST._replace(**changes))


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, 2), (1, 1), (3, 1 << 24), (5, 256), (6, 0), (6, 1001), (10, 5), (11, 8), (7, bytes(15)), (2, "acme")],
)
def test_a_request_with_an_illegal_element_is_malformed(place: int, value: object) -> None:
    elements = cbor2.loads(encode_request(REQUEST))
    elements[place] = value

    with pytest.raises(Malformed):
        decode_request(cbor2.dumps(elements))


def test_the_kind_is_read_from_the_first_two_elements() -> None:
    assert request_kind(encode_request(REQUEST)) == 0
    assert request_kind(encode_keyset_request(KeysetRequest(bytes(8), 1, 0))) == 1


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_of_ours_is_named_as_such(version: int) -> None:
    with pytest.raises(Malformed) as refused:
        request_kind(cbor2.dumps([version, 0, "whatever", {"a": 1}]))

    assert refused.value.code == "VERSION_NOT_SUPPORTED"


@pytest.mark.parametrize("body", [b"", b"\x80", b"\x81\x01", b"\x82\x01\x02", b"\x9f", bytes(MAX_BODY + 1)])
def test_what_is_no_request_has_no_kind(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        request_kind(body)

    assert refused.value.code == "MESSAGE_MALFORMED"


def test_a_request_longer_than_a_frame_is_not_read() -> None:
    with pytest.raises(Malformed, match="too long"):
        decode_request(encode_request(REQUEST) + bytes(MAX_BODY))


@pytest.mark.parametrize("size", [0, 1, 3, 6])
def test_claims_of_another_size_are_malformed(size: int) -> None:
    with pytest.raises(Malformed):
        decode_claims(cbor2.dumps([1] * size))


def test_reply_and_refusal_are_told_apart() -> None:
    assert isinstance(decode_claims(encode_claims(ReplyClaims(1, 2, 3, 4))), ReplyClaims)
    assert isinstance(decode_claims(encode_claims(RefusalClaims(1, 2, 3))), RefusalClaims)


def test_a_hint_is_told_from_a_signed_answer_by_its_first_byte() -> None:
    assert is_hint(encode_hint(Hint(1, 5)))
    assert not is_hint(b"\x84")
    assert not is_hint(b"")


def test_a_state_is_shown_by_its_name() -> None:
    assert [str(state) for state in State] == [
        "UNLICENSED", "INITIAL_GRACE", "LICENSED", "RENEWAL_GRACE", "NOTIFICATION"
    ]  # fmt: skip


HEADS = [
    REQUEST,
    REQUEST._replace(edition=7),
    REQUEST._replace(level=0, threshold=5),
    REQUEST._replace(vendor_id=bytes(8)),
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(HEADS), st.binary(min_size=50, max_size=50), st.integers(-1, 140), st.integers(0, 255)
        ),
        max_size=8,
    )
)
def test_the_reader_of_many_requests_takes_exactly_what_the_decoder_takes(
    asked: list[tuple[ActivationRequest, bytes, int, int]],
) -> None:
    reader = RequestReader()
    for request, chance, place, byte in asked:
        body = bytearray(
            encode_request(request._replace(client_id=chance[:16], parts=chance[16:32], nonce=chance[32:48]))
        )
        if 0 <= place < len(body):
            body[place] = byte
        elif place >= len(body):
            body += chance[: byte % 4]
        try:
            expected: ActivationRequest | str = decode_request(bytes(body))
        except Malformed as error:
            expected = error.message
        try:
            found: ActivationRequest | str = reader.read(bytes(body))
        except Malformed as error:
            found = error.message
        assert found == expected


def test_the_reader_forgets_editions_before_they_fill_its_memory() -> None:
    reader = RequestReader()
    for edition in range(MAX_HEADS + 5):
        assert reader.read(encode_request(REQUEST._replace(edition=edition))).edition == edition
    assert len(reader._heads) <= MAX_HEADS

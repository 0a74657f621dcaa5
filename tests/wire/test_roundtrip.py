"""What holds for every message: legal values come back, hostile bytes raise `Malformed` and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Malformed
from muster.wire import activation, certificate, confirmation, installation, keyset, product, record, sign1
from muster.wire.activation import U8, U16, U24, U32
from muster.wire.frame import MAX_FRAME, frame
from tests.worlds import legal_values as legal


@dataclass(frozen=True)
class Message:
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    values: st.SearchStrategy[Any]
    is_cbor: bool = True


MESSAGES = {
    "request": Message(activation.encode_request, activation.decode_request, legal.requests),
    "reply claims": Message(activation.encode_claims, activation.decode_claims, legal.reply_claims),
    "refusal claims": Message(activation.encode_claims, activation.decode_claims, legal.refusal_claims),
    "hint": Message(activation.encode_hint, activation.decode_hint, legal.hints),
    "keyset request": Message(keyset.encode_keyset_request, keyset.decode_keyset_request, legal.keyset_requests),
    "keyset part": Message(keyset.encode_keyset_part, keyset.decode_keyset_part, legal.keyset_parts),
    "keyset": Message(keyset.encode_keyset, keyset.decode_keyset, legal.keysets),
    "signed keyset": Message(keyset.encode_signed_keyset, keyset.decode_signed_keyset, legal.signed_keysets),
    "certificate": Message(certificate.encode_certificate, certificate.decode_certificate, legal.certificates),
    "sign1": Message(sign1.encode_sign1, sign1.decode_sign1, legal.signed),
    "product": Message(product.encode_product, product.decode_product, legal.products),
    "product file": Message(product.encode_product_file, product.decode_product_file, legal.product_files),
    "record": Message(record.encode_record, record.decode_record, legal.records),
    "secrets": Message(
        record.encode_secrets, record.decode_secrets, st.dictionaries(legal.u24, legal.exactly(32), max_size=3)
    ),
    "installation id": Message(
        installation.pack_installation, installation.unpack_installation, legal.installation_ids, is_cbor=False
    ),
    "confirmation": Message(
        confirmation.pack_confirmation, confirmation.unpack_confirmation, legal.confirmations, is_cbor=False
    ),
}
message = pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)


@message
@given(data=st.data())
def test_every_legal_value_comes_back(message: Message, data: st.DataObject) -> None:
    value = data.draw(message.values)

    encoded = message.encode(value)

    assert message.decode(encoded) == value
    assert message.encode(message.decode(encoded)) == encoded
    if message.is_cbor:
        assert cbor2.dumps(cbor2.loads(encoded), canonical=True) == encoded


@message
@given(data=st.data())
def test_a_legal_value_followed_by_anything_is_refused(message: Message, data: st.DataObject) -> None:
    encoded = message.encode(data.draw(message.values))

    with pytest.raises(Malformed):
        message.decode(encoded + data.draw(st.binary(min_size=1, max_size=3)))


@message
@given(data=st.data())
def test_a_legal_value_cut_short_is_refused(message: Message, data: st.DataObject) -> None:
    encoded = message.encode(data.draw(message.values))

    with pytest.raises(Malformed):
        message.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def _read(message: Message, data: bytes) -> None:
    """Either refused as malformed, or understood without a loss: any other exception fails the test."""
    try:
        value = message.decode(data)
    except Malformed:
        return
    assert message.encode(value) == data


@message
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_are_malformed_or_canonical(message: Message, data: bytes) -> None:
    _read(message, data)


@message
@given(data=st.data())
def test_damaged_messages_are_malformed_or_canonical(message: Message, data: st.DataObject) -> None:
    """Closer to the parser's inner branches than arbitrary bytes: legal ones with a few bytes changed."""
    encoded = bytearray(message.encode(data.draw(message.values)))
    for _ in range(data.draw(st.integers(1, 3))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))

    _read(message, bytes(encoded))


@given(request=legal.requests, ask=legal.keyset_requests, part=legal.keyset_parts, hint=legal.hints)
def test_every_plain_message_fits_into_one_frame(
    request: activation.ActivationRequest, ask: keyset.KeysetRequest, part: keyset.KeysetPart, hint: activation.Hint
) -> None:
    bodies = (
        activation.encode_request(request),
        keyset.encode_keyset_request(ask),
        keyset.encode_keyset_part(part),
        activation.encode_hint(hint),
    )

    assert all(len(frame(body)) <= MAX_FRAME for body in bodies)


@given(claims=st.one_of(legal.reply_claims, legal.refusal_claims), certified=legal.certificates)
def test_every_signed_answer_fits_into_one_frame(
    claims: activation.ReplyClaims | activation.RefusalClaims, certified: certificate.CertificateClaims
) -> None:
    travelling = sign1.encode_sign1(sign1.Sign1(certificate.encode_certificate(certified), bytes(64)))
    body = sign1.encode_sign1(sign1.Sign1(activation.encode_claims(claims), bytes(64), travelling))

    assert len(frame(body)) <= MAX_FRAME


def test_the_largest_frames_are_those_of_the_specification() -> None:
    """spec/activation.md §Sizes."""
    everything = activation.Flags.VIRTUAL | activation.Flags.EPHEMERAL | activation.Flags.RENEWAL
    request = activation.ActivationRequest(
        bytes(8), U24, U24, U8, 1000, bytes(16), bytes(16), bytes(16), activation.State.NOTIFICATION, everything
    )
    certified = certificate.CertificateClaims(U8, U32, U32, U16, U16, bytes(32), U24, U8, U16, U16)
    travelling = sign1.encode_sign1(sign1.Sign1(certificate.encode_certificate(certified), bytes(64)))
    claims = activation.encode_claims(activation.ReplyClaims(U16, U32, U16, U16))
    bodies = (
        activation.encode_request(request),
        sign1.encode_sign1(sign1.Sign1(claims, bytes(64), travelling)),
        keyset.encode_keyset_request(keyset.KeysetRequest(bytes(8), U16, U16)),
        keyset.encode_keyset_part(keyset.KeysetPart(U16, 4096, 3896, bytes(200))),
    )

    assert [len(frame(body)) for body in bodies] == [81, 237, 19, 214]

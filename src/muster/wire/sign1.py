"""COSE_Sign1 of the one suite (spec/sign1.md, spec/sign1.cddl; RFC 9052, untagged; Ed25519 as alg -19, RFC 9864).

``[ <<{1: -19}>>, {} / {-65537: certificate}, payload, signature ]``. The headers have exactly these two forms, so they
are matched byte by byte and no map is ever parsed. Verification is `muster.trust.cose`.
"""

from __future__ import annotations

from typing import NamedTuple

from muster.wire.cbor import Reader, check_bytes, encode

SIGNATURE_BYTES = 64
PROTECTED = bytes.fromhex("a10132")
MAX_CERTIFICATE_BYTES = 160
MAX_PAYLOAD_BYTES = 65_536

_HEAD = bytes.fromhex("84") + encode(PROTECTED)
_NO_CERTIFICATE = bytes.fromhex("a0")
_CERTIFICATE = bytes.fromhex("a13a00010000")


class Sign1(NamedTuple):
    """A signed payload, with the certificate of its signer where the message carries one."""

    payload: bytes
    signature: bytes
    certificate: bytes | None = None


def encode_sign1(message: Sign1) -> bytes:
    """The message as bytes."""
    check_bytes("signature", message.signature, SIGNATURE_BYTES)
    header = _NO_CERTIFICATE
    if message.certificate is not None:
        header = _CERTIFICATE + encode(message.certificate)
    return _HEAD + header + encode(message.payload) + encode(message.signature)


def decode_sign1(data: bytes, max_payload: int = MAX_PAYLOAD_BYTES) -> Sign1:
    """Read a message without believing it; `Malformed` for any other shape or suite."""
    reader = Reader(data)
    reader.literal(_HEAD)
    certificate = None
    if reader.starts(_CERTIFICATE):
        reader.literal(_CERTIFICATE)
        certificate = reader.bstr_up_to(MAX_CERTIFICATE_BYTES)
    else:
        reader.literal(_NO_CERTIFICATE)
    message = Sign1(reader.bstr_up_to(max_payload), reader.bstr(SIGNATURE_BYTES), certificate)
    reader.end()
    return message

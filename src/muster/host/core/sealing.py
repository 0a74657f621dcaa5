"""Signing answers quickly: what is the same in every answer of a certificate is put together once.

The bytes are those of `muster.trust.chain.sign_answer`, which stays the definition; a test holds the two together.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.trust.cose import LABEL_REFUSAL, LABEL_REPLY, structure
from muster.wire.activation import RefusalClaims, ReplyClaims, encode_claims
from muster.wire.cbor import encode
from muster.wire.sign1 import SIGNATURE_BYTES, Sign1, encode_sign1

_HASH_BYTES = hashlib.sha256().digest_size
_EMPTY = encode(b"")
_SIGNATURE_HEAD = encode(bytes(SIGNATURE_BYTES))[:-SIGNATURE_BYTES]
_MAX_PAYLOADS = 256


class Seal:
    """One certificate and the private key of its subject."""

    def __init__(self, certificate: bytes, private: Ed25519PrivateKey) -> None:
        self._sign = private.sign
        self._certificate_hash = hashlib.sha256(certificate).digest()
        self._reply = _before_hash(LABEL_REPLY)
        self._refusal = _before_hash(LABEL_REFUSAL)
        whole = encode_sign1(Sign1(b"", bytes(SIGNATURE_BYTES), certificate))
        self._head = whole[: -len(_EMPTY + _SIGNATURE_HEAD) - SIGNATURE_BYTES]
        self._payloads: dict[tuple[int, int, int, int], bytes] = {}

    def reply(self, body: bytes, count: int, now: int, retry_minutes: int, renewal_minutes: int) -> bytes:
        """The answer to the request `body`: a count at `now` (seconds since 1970)."""
        key = (count, now, retry_minutes, renewal_minutes)
        payload = self._payloads.get(key)
        if payload is None:
            if len(self._payloads) >= _MAX_PAYLOADS:
                self._payloads.clear()
            payload = self._payloads[key] = encode(encode_claims(ReplyClaims(*key)))
        return self._answer(self._reply, body, payload)

    def refusal(self, body: bytes, claims: RefusalClaims) -> bytes:
        """A signed no to the request `body`."""
        return self._answer(self._refusal, body, encode(encode_claims(claims)))

    def _answer(self, before: bytes, body: bytes, payload: bytes) -> bytes:
        signature = self._sign(before + hashlib.sha256(body).digest() + self._certificate_hash + payload)
        return self._head + payload + _SIGNATURE_HEAD + signature


def _before_hash(label: bytes) -> bytes:
    """The signed structure up to the request's hash."""
    return structure(b"", label + bytes(2 * _HASH_BYTES))[: -2 * _HASH_BYTES - len(_EMPTY)]

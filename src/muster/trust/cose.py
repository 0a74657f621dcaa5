"""COSE_Sign1 with Ed25519, the one algorithm of the suite (spec/sign1.md; RFC 9052 §4.4, RFC 8032).

Signatures are verified over the received payload, never over a re-encoding. Every kind of document has its own label in
`external_aad`, so that no signature can be used as another kind.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from muster.base.errors import Code, Untrusted
from muster.wire.cbor import encode
from muster.wire.sign1 import PROTECTED, Sign1, decode_sign1, encode_sign1

LABEL_REPLY = b"muster-reply-v1"
LABEL_REFUSAL = b"muster-refusal-v1"
LABEL_HOST_CERTIFICATE = b"muster-host-cert-v1"
LABEL_OBJECT = b"muster-object-v1"
LABEL_PERMANENT = b"muster-permanent-v1"
LABEL_KEYSET = b"muster-keyset-v1"
LABEL_PRODUCT = b"muster-product-v1"
LABEL_BUNDLE = b"muster-bundle-v1"
LABEL_REPORT = b"muster-report-v1"
LABEL_AUDIT = b"muster-audit-v1"

VERIFIED_REMEMBERED = 256

_FIELD_PRIME = 2**255 - 19
_SMALL_ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
# The y-coordinates of the eight points whose order divides 8: a signature under such a key proves nothing.
_SMALL_ORDER = frozenset({0, 1, _FIELD_PRIME - 1, _SMALL_ORDER_8, _FIELD_PRIME - _SMALL_ORDER_8})
_SIGN_BIT = 1 << 255


def check_public_key(raw: bytes) -> bytes:
    """`raw` when it is a canonical Ed25519 point of large order; `Untrusted` otherwise (spec/sign1.md §Points)."""
    y = int.from_bytes(raw, "little") & ~_SIGN_BIT
    if len(raw) != 32 or y >= _FIELD_PRIME or y in _SMALL_ORDER:  # noqa: PLR2004 - RFC 8032: 32 bytes
        raise Untrusted(Code.SIGNATURE_INVALID, "a public key is not a canonical Ed25519 point of large order")
    return raw


def public_bytes(private: Ed25519PrivateKey) -> bytes:
    """The 32 public bytes of a private key."""
    return private.public_key().public_bytes_raw()


def structure(payload: bytes, aad: bytes) -> bytes:
    """The bytes that are signed: Sig_structure of RFC 9052 §4.4."""
    return encode(["Signature1", PROTECTED, aad, payload])


def signature(private: Ed25519PrivateKey, payload: bytes, aad: bytes) -> bytes:
    """The bare 64-byte signature of a detached payload."""
    return private.sign(structure(payload, aad))


def sign(private: Ed25519PrivateKey, payload: bytes, aad: bytes, certificate: bytes | None = None) -> bytes:
    """A COSE_Sign1 message over `payload`, bound to `aad`; deterministic."""
    return encode_sign1(Sign1(payload, signature(private, payload, aad), certificate))


def verify_raw(public: bytes, message: bytes, signature_: bytes, what: str = "the signature") -> None:
    """`Untrusted` unless `signature_` over `message` verifies under `public`."""
    check_public_key(public)
    try:
        _verify(public, message, signature_)
    except (InvalidSignature, ValueError) as error:
        raise Untrusted(Code.SIGNATURE_INVALID, f"{what} does not verify") from error


@lru_cache(maxsize=VERIFIED_REMEMBERED)
def _verify(public: bytes, message: bytes, signature_: bytes) -> None:
    """Raises for a signature that does not verify; one that did is remembered, since evidence is judged again and again."""
    Ed25519PublicKey.from_public_bytes(public).verify(signature_, message)


def verify_signature(public: bytes, payload: bytes, signature_: bytes, aad: bytes) -> None:
    """`Untrusted` unless the detached COSE signature over `payload` verifies."""
    verify_raw(public, structure(payload, aad), signature_)


def verify(public: bytes, message: bytes | Sign1, aad: bytes) -> bytes:
    """The payload of a message that verifies under `public` and `aad`; `Malformed` or `Untrusted` otherwise."""
    if isinstance(message, bytes):
        message = decode_sign1(message)
    verify_signature(public, message.payload, message.signature, aad)
    return message.payload

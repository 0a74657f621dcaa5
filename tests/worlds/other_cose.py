"""Another implementation of COSE (pycose), taught the one number that is younger than it: -19, Ed25519 of RFC 9864."""

from __future__ import annotations

from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pycose.algorithms import CoseAlgorithm, EdDSA
from pycose.headers import Algorithm
from pycose.keys.curves import Ed25519 as Curve
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

CERTIFICATE_HEADER = -65537


@CoseAlgorithm.register_attribute()
class Ed25519(EdDSA):
    """Fully specified Ed25519."""

    identifier = -19
    fullname = "ED25519"


def read(message: bytes) -> Any:
    """An untagged COSE_Sign1 as pycose sees it."""
    return Sign1Message.from_cose_obj(list(cbor2.loads(message)), allow_unknown_attributes=True)


def verifies(message: bytes, public: bytes, aad: bytes) -> bool:
    theirs = read(message)
    theirs.key = OKPKey(crv=Curve, x=public)
    theirs.external_aad = aad
    return bool(theirs.verify_signature())


def sign(private: Ed25519PrivateKey, payload: bytes, aad: bytes, certificate: bytes | None = None) -> bytes:
    uhdr = {} if certificate is None else {CERTIFICATE_HEADER: certificate}
    theirs = Sign1Message(phdr={Algorithm: Ed25519}, uhdr=uhdr, payload=payload, external_aad=aad)
    theirs.key = OKPKey(crv=Curve, d=private.private_bytes_raw(), x=private.public_key().public_bytes_raw())
    return bytes(theirs.encode(tag=False))

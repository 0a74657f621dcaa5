"""The row of sizes: the longest request and the longest answers that any legal values give, with the byte in front."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.trust.chain import issue_certificate, sign_answer
from muster.wire.activation import (
    CLIENT_ID_BYTES,
    MAX_THRESHOLD,
    NONCE_BYTES,
    PARTS_BYTES,
    U8,
    U16,
    U24,
    U32,
    VENDOR_ID_BYTES,
    ActivationRequest,
    Flags,
    RefusalClaims,
    ReplyClaims,
    State,
    encode_request,
)
from muster.wire.certificate import SUBJECT_BYTES, CertificateClaims
from muster.wire.frame import MAX_FRAME, frame
from muster.wire.keyset import Purpose


def rows() -> list[str]:
    """One row. Integers take most bytes where they are largest; everything else has one length."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    request = encode_request(
        ActivationRequest(
            bytes(VENDOR_ID_BYTES), U24, U24, U8, MAX_THRESHOLD, bytes(CLIENT_ID_BYTES), bytes(PARTS_BYTES),
            bytes(NONCE_BYTES), max(State), Flags.VIRTUAL | Flags.EPHEMERAL | Flags.RENEWAL,
        )
    )  # fmt: skip
    claims = CertificateClaims(U8, U32, U32, U16, U16, bytes(SUBJECT_BYTES), U24, U8, U16, U16)
    certificate = issue_certificate(key, claims, Purpose.HOST)
    answers = ReplyClaims(U16, U32, U16, U16), RefusalClaims(U8, U32, U16)
    sizes = [len(frame(sign_answer(key, request, certificate, told))) for told in answers]
    told = ", ".join(map(str, (len(frame(request)), *sizes)))
    return [f"| request, reply, refusal with the largest legal values, bytes | {told} | <= {MAX_FRAME} | – |"]

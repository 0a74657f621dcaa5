"""A vendor that exists for one load test: its keys are made, used and forgotten. Nobody else trusts it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.entropy import Entropy
from muster.trust.chain import issue_certificate
from muster.trust.cose import public_bytes
from muster.trust.humanid import format_confirmation, parse_installation
from muster.trust.keyset import TrustedKeysets, enter, sign_keyset
from muster.trust.product import issue_product
from muster.trust.productkey import KeyKind, make_key
from muster.wire.activation import (
    CLIENT_ID_BYTES,
    NONCE_BYTES,
    PARTS_BYTES,
    ActivationRequest,
    State,
    encode_request,
)
from muster.wire.certificate import CertificateClaims
from muster.wire.confirmation import confirmation_of, pack_confirmation
from muster.wire.installation import HostId, SubjectKind
from muster.wire.keyset import IssuingKey, Keyset, Purpose
from muster.wire.product import DeviceClass, Edition, Group, Policy, ProductClaims
from muster.wire.sign1 import decode_sign1

NAME = "Load test"
DAYS = 2
THRESHOLD = 25
EDITION, GROUP, ORGANISATION = 1, 1, 1
_KEY_BYTES, _CHANCE_BYTES = 32, 16
_TAIL_BYTES = 3 * 17 + 2
"""Client id, parts, nonce, state and flags of a request (spec/activation.md)."""


class Throwaway:
    """`day`: the first day of everything it signs."""

    def __init__(self, entropy: Entropy, day: int) -> None:
        root, self._host, product = (Ed25519PrivateKey.from_private_bytes(entropy.token(_KEY_BYTES)) for _ in range(3))
        self._day = day
        keys = ((1, Purpose.HOST, self._host), (2, Purpose.PRODUCT, product))
        issuing = tuple(IssuingKey(n, purpose, public_bytes(key), day, day + DAYS) for n, purpose, key in keys)
        keyset = sign_keyset(Keyset(1, day, day + DAYS, 1, (public_bytes(root),), issuing, ()), [root])
        self.trusted: TrustedKeysets = enter([keyset])
        edition = Edition(EDITION, "load-test", NAME, GROUP, 0, DeviceClass.CLIENT, THRESHOLD)
        claims = ProductClaims(2, 1, day, NAME, "", Policy(), (Group(GROUP, "load-test"),), (edition,))
        self.product_file = issue_product(product, claims, [keyset]).encode()
        self.key = make_key(KeyKind.HOST, GROUP, entropy.token(_CHANCE_BYTES)).formatted
        zeros = bytes(CLIENT_ID_BYTES), bytes(PARTS_BYTES), bytes(NONCE_BYTES)
        request = ActivationRequest(self.trusted.vendor_id, EDITION, GROUP, 0, THRESHOLD, *zeros, State.INITIAL_GRACE)
        self._head = encode_request(request)[:-_TAIL_BYTES]

    def confirm(self, digits: str) -> str:
        """The confirmation id for a host's installation id."""
        installation = parse_installation(digits)
        assert isinstance(installation, HostId)  # noqa: S101 - made by the host a moment ago
        claims = CertificateClaims(1, 1, ORGANISATION, self._day, DAYS, installation.subject, GROUP, 255)
        certificate = issue_certificate(self._host, claims, Purpose.HOST)
        confirmation = confirmation_of(claims, decode_sign1(certificate).signature, SubjectKind.HOST)
        return format_confirmation(pack_confirmation(confirmation))

    def request(self, chance: bytes) -> bytes:
        """The body of a request by a machine that nobody has seen; `chance` has 48 bytes."""
        client_id, parts, nonce = chance[:16], chance[16:32], chance[32:48]
        return b"".join(
            (self._head, b"\x50", client_id, b"\x50", parts, b"\x50", nonce, bytes((State.INITIAL_GRACE, 0)))
        )

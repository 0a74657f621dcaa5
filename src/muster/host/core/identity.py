"""What a host is to one vendor under one host key: a key pair, an installation id, and a certificate once confirmed.

The host key itself is not kept: its installation id proves it (spec/installation.md §Host). One identity is one small
file, so that a copy of it is a copy of everything that is hard to replace. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, Refused, Untrusted
from muster.host.core.answering import Mandate
from muster.trust.chain import verify_certificate
from muster.trust.cose import public_bytes
from muster.trust.installation import host_id
from muster.trust.keyset import TrustedKeysets
from muster.trust.product import Product
from muster.trust.productkey import KeyKind, ProductKey
from muster.wire.activation import U24
from muster.wire.calendar import day_start
from muster.wire.cbor import Reader, encode
from muster.wire.certificate import CertificateClaims, decode_certificate, encode_certificate
from muster.wire.confirmation import CertificateConfirmation, ConfirmationFormat, unpack_confirmation
from muster.wire.installation import HostId, SubjectKind, byte_length, pack_installation, unpack_installation
from muster.wire.keyset import Purpose
from muster.wire.sign1 import MAX_CERTIFICATE_BYTES, Sign1, decode_sign1, encode_sign1

FORMAT = 1
PRIVATE_BYTES = 32
PARTIAL_CHARACTERS = 5
MAX_NAME_BYTES = 200
MAX_IDENTITY_BYTES = 1024
_FIELDS = 7


@dataclass(frozen=True, slots=True)
class Identity:
    """`scope` is the group's id, `partial` the key's last five characters, `certificate` empty until confirmed.

    `organisation` is the name its administrator gave it: a certificate carries only the number.
    """

    installation: HostId
    scope: int
    partial: str
    private: bytes
    certificate: bytes = b""
    organisation: str = ""

    @property
    def claims(self) -> CertificateClaims | None:
        """What the certificate says; None until confirmed."""
        return decode_certificate(decode_sign1(self.certificate).payload) if self.certificate else None

    def mandate(self, keysets: TrustedKeysets) -> Mandate | None:
        """The right to answer; None until confirmed. `Untrusted` when the vendor revoked the key behind it."""
        if not self.certificate:
            return None
        claims = verify_certificate(self.certificate, keysets, Purpose.HOST)
        return Mandate(self.certificate, claims, Ed25519PrivateKey.from_private_bytes(self.private))


def make_identity(product: Product, key: ProductKey, private: bytes) -> Identity:
    """A new identity for a host key; `private` is 32 fresh random bytes.

    `Refused` with KEY_WRONG_KIND for another kind of key, KEY_UNKNOWN for a group that the product file does not name.
    """
    check_key(product, key)
    public = public_bytes(Ed25519PrivateKey.from_private_bytes(private))
    return Identity(host_id(key.reference, key.secret, public), key.scope, key.partial, private)


def check_key(product: Product, key: ProductKey) -> None:
    """`Refused` unless `key` is a host key of a group that the vendor's product file names."""
    if key.kind is not KeyKind.HOST:
        kind = "a generic key" if key.kind is KeyKind.GENERIC else "a multiple activation key"
        raise Refused(
            Code.KEY_WRONG_KIND,
            f"…{key.partial} is {kind}: it belongs on machines, a host needs a host key",
            f"On the machine: muster client install-key …{key.partial}",
        )
    if product.group(key.scope) is None:
        known = ", ".join(g.name for g in product.claims.groups)
        raise Refused(
            Code.KEY_UNKNOWN,
            f"the host key …{key.partial} is for group {key.scope}, which {product.claims.vendor} does not have",
            f"Its product file names {known}; install a newer one (muster host install FILE) or another key.",
        )


def confirmed(
    identity: Identity, confirmation: CertificateConfirmation, keysets: TrustedKeysets, now: datetime
) -> Identity:
    """The identity with the certificate that a confirmation completes.

    `Untrusted` with CONFIRMATION_UNTRUSTED when it was made for another installation id or by another vendor,
    CERTIFICATE_EXPIRED or CERTIFICATE_WITHDRAWN when it is of no use any more.
    """
    claims = confirmation.claims(identity.installation.subject, identity.scope)
    certificate = encode_sign1(Sign1(encode_certificate(claims), confirmation.signature))
    try:
        verify_certificate(certificate, keysets, Purpose.HOST)
    except MusterError as error:
        raise Untrusted(
            Code.CONFIRMATION_UNTRUSTED, f"{Code.CONFIRMATION_UNTRUSTED.meaning} ({error.message})"
        ) from error
    if keysets.is_withdrawn(claims.serial):
        raise Untrusted(Code.CERTIFICATE_WITHDRAWN, f"the vendor has withdrawn certificate {claims.serial}")
    if now >= day_start(claims.end_day):
        raise Refused(
            Code.CERTIFICATE_EXPIRED, f"certificate {claims.serial} ended on {day_start(claims.end_day):%Y-%m-%d}"
        )
    return replace(identity, certificate=certificate)


def confirm_one(
    candidates: Sequence[tuple[Identity, TrustedKeysets]], confirmation: bytes, now: datetime
) -> tuple[int, Identity]:
    """Which of the candidates a packed confirmation is for, and that identity with its certificate.

    Digits do not say whose they are: the signature does. `Misconfigured` with NO_KEY without candidates.
    """
    said = unpack_confirmation(confirmation)
    if not isinstance(said, CertificateConfirmation) or said.format is not ConfirmationFormat.HOST:
        raise Malformed(
            Code.CONFIRMATION_MALFORMED,
            "this confirmation is not for an activation host",
            "Machines take theirs with muster client confirm, directories with muster directory activate.",
        )
    if not candidates:
        raise Misconfigured(Code.NO_KEY, "no host key is installed", "muster host install-key, then installation-id")
    doubt: MusterError | None = None
    for index, (identity, keysets) in enumerate(candidates):
        try:
            return index, confirmed(identity, said, keysets, now)
        except MusterError as error:
            doubt = error if doubt is None or error.code is not Code.CONFIRMATION_UNTRUSTED else doubt
    raise doubt or Untrusted(Code.CONFIRMATION_UNTRUSTED)


def encode_identity(identity: Identity) -> bytes:
    """The bytes of an identity's file."""
    return encode(
        [
            FORMAT,
            pack_installation(identity.installation),
            identity.scope,
            identity.partial,
            identity.private,
            identity.certificate,
            identity.organisation,
        ]
    )


def decode_identity(data: bytes) -> Identity:
    """Read an identity's file; `Malformed` for anything else."""
    reader = Reader(data)
    reader.array(_FIELDS)
    reader.const(FORMAT)
    installation = unpack_installation(reader.bstr(byte_length(SubjectKind.HOST)))
    if not isinstance(installation, HostId):
        raise Malformed(Code.STATE_CORRUPT, "the installation id in it is not a host's")
    identity = Identity(
        installation,
        reader.uint(U24),
        reader.text(PARTIAL_CHARACTERS),
        reader.bstr(PRIVATE_BYTES),
        reader.bstr_up_to(MAX_CERTIFICATE_BYTES),
        reader.text(MAX_NAME_BYTES),
    )
    reader.end()
    return identity

"""Opening and making product files (spec/product.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Malformed, Misconfigured, Refused, Untrusted
from muster.trust.cose import LABEL_PRODUCT, sign, verify
from muster.trust.keyset import TrustedKeysets, enter, merge
from muster.trust.productkey import ProductKey, generic_key
from muster.wire.armour import PRODUCT_FILE, armour, dearmour
from muster.wire.cbor import wrong
from muster.wire.keyset import Purpose
from muster.wire.product import (
    Edition,
    Group,
    Policy,
    ProductClaims,
    ProductFile,
    decode_product,
    decode_product_file,
    encode_product,
    encode_product_file,
)
from muster.wire.sign1 import decode_sign1


class Product(NamedTuple):
    """A verified product file: its claims and the vendor's keysets."""

    claims: ProductClaims
    keysets: TrustedKeysets

    @property
    def fingerprint(self) -> bytes:
        """The vendor fingerprint, 32 bytes."""
        return self.keysets.fingerprint

    @property
    def policy(self) -> Policy:
        """The vendor's numbers."""
        return self.claims.policy

    def edition(self, name: str) -> Edition:
        """The edition of a name; `Misconfigured` with EDITION_UNKNOWN names those that exist."""
        for edition in self.claims.editions:
            if edition.name == name:
                return edition
        known = ", ".join(e.name for e in self.claims.editions) or "none"
        raise Misconfigured(Code.EDITION_UNKNOWN, f"{self.claims.vendor} has no edition {name!r}", f"known: {known}")

    def edition_by_id(self, number: int) -> Edition | None:
        """The edition of an id, or None."""
        return next((e for e in self.claims.editions if e.id == number), None)

    def group(self, number: int) -> Group | None:
        """The group of an id, or None."""
        return next((g for g in self.claims.groups if g.id == number), None)

    def generic_key(self, edition: Edition) -> ProductKey:
        """The public key of an edition."""
        return generic_key(self.fingerprint, edition.id)


def issue_product(private: Ed25519PrivateKey, claims: ProductClaims, keysets: Sequence[bytes]) -> str:
    """The armoured product file, signed by a product key; deterministic."""
    signed = sign(private, encode_product(claims), LABEL_PRODUCT)
    return armour(PRODUCT_FILE, encode_product_file(ProductFile(tuple(keysets), signed)))


def open_product(
    text: bytes | str,
    *,
    now: datetime | None = None,
    fingerprint: bytes | None = None,
    known: TrustedKeysets | None = None,
    least_serial: int = 0,
) -> Product:
    """Verify a product file and return what it says.

    `now` is given when the file is new here (its newest keyset must not be expired), `fingerprint` when the vendor is
    pinned, `known` when keysets are trusted already: the longer chain wins, and without `now` the known one:
    a file that was installed before then opens even when a newer keyset revokes its key.
    PRODUCT_TOO_OLD when its serial is below `least_serial`.
    """
    try:
        file = decode_product_file(dearmour(text, PRODUCT_FILE))
        message = decode_sign1(file.product)
        if message.certificate is not None:
            raise wrong("a product with a certificate")
        claims = decode_product(message.payload)
    except Malformed as error:
        raise Malformed(Code.PRODUCT_MALFORMED, error.message) from error
    if known is None:
        keysets = enter(file.keysets, fingerprint=fingerprint, now=now)
    elif fingerprint not in {None, known.fingerprint}:
        raise Untrusted(
            Code.VENDOR_MISMATCH, f"the vendor is {known.fingerprint.hex()[:16]}…, not the one that is pinned"
        )
    else:
        keysets = known if now is None else merge(known, file.keysets, now=now)
    # A file that is here already stays readable when its key is revoked: what it activated is judged by other keys.
    even_revoked = now is None and known is not None
    public = keysets.issuing(claims.issuing_key, Purpose.PRODUCT, claims.issued_day, even_revoked=even_revoked)
    verify(public, message, LABEL_PRODUCT)
    if claims.serial < least_serial:
        raise Refused(Code.PRODUCT_TOO_OLD, f"product file {claims.serial} is older than {least_serial}")
    return Product(claims, keysets)

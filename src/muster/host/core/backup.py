"""The small file that a lost host is made again from: product files and host keys with their certificates.

Counts are not in it: they refill. Neither are settings, which belong to a machine. What was damaged is told by a digest;
whoever holds the file holds the private keys, so it is to be kept like them. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from muster.base.errors import Code, Malformed, MusterError
from muster.host.core.identity import MAX_IDENTITY_BYTES, Identity, decode_identity, encode_identity
from muster.trust.product import Product, open_product
from muster.wire.armour import HOST_BACKUP, MAX_TEXT_BYTES, armour, dearmour
from muster.wire.cbor import Reader, encode

FORMAT = 1
MAX_VENDORS = 64
MAX_IDENTITIES = 256
MAX_CONTENT_BYTES = MAX_TEXT_BYTES
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Kept:
    """What one vendor's part of a backup is; `text` is the product file as it was installed."""

    text: bytes
    product: Product
    identities: tuple[Identity, ...]


def encode_backup(vendors: Sequence[Kept]) -> str:
    """The armoured text of a backup."""
    content = encode([FORMAT, [[v.text, [encode_identity(i) for i in v.identities]] for v in vendors]])
    return armour(HOST_BACKUP, encode([content, hashlib.sha256(content).digest()]))


def decode_backup(text: bytes) -> tuple[Kept, ...]:
    """Read a backup whole, product files verified; `Malformed` for anything that is not one or is damaged."""
    outer = Reader(dearmour(text, HOST_BACKUP))
    outer.array(2)
    content, digest = outer.bstr_up_to(MAX_CONTENT_BYTES), outer.bstr(_DIGEST_BYTES)
    outer.end()
    if hashlib.sha256(content).digest() != digest:
        raise Malformed(Code.STATE_CORRUPT, "the backup is damaged", "Take another copy of it.")
    try:
        return _vendors(Reader(content))
    except Malformed as error:
        raise Malformed(Code.STATE_CORRUPT, f"the backup is damaged: {error.message}") from error
    except MusterError as error:
        raise Malformed(Code.STATE_CORRUPT, f"a product file in the backup proves nothing: {error.message}") from error


def _vendors(reader: Reader) -> tuple[Kept, ...]:
    reader.array(2)
    reader.const(FORMAT)
    kept = []
    for _ in range(reader.array_up_to(MAX_VENDORS)):
        reader.array(2)
        product_text = reader.bstr_up_to(MAX_TEXT_BYTES)
        number = reader.array_up_to(MAX_IDENTITIES)
        identities = tuple(decode_identity(reader.bstr_up_to(MAX_IDENTITY_BYTES)) for _ in range(number))
        kept.append(Kept(product_text, open_product(product_text), identities))
    reader.end()
    return tuple(kept)

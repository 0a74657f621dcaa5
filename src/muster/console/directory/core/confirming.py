"""A directory's installation id, and the activation object that the vendor's confirmation completes.

Pure. The host key only makes the installation id; a confirmation is recognised by its signature, so it needs no key.
"""

from __future__ import annotations

from datetime import datetime

from muster.base.errors import Code, Malformed, MusterError, Refused, Untrusted
from muster.trust.directory import Proven, verify_object
from muster.trust.humanid import parse_confirmation
from muster.trust.installation import directory_id, directory_subject
from muster.trust.product import Product
from muster.trust.productkey import KeyKind, ProductKey
from muster.wire.calendar import day_start
from muster.wire.certificate import encode_certificate
from muster.wire.confirmation import (
    CertificateConfirmation,
    ConfirmationFormat,
    decode_confirmation_file,
    unpack_confirmation,
)
from muster.wire.directory import MAX_NAME_CHARACTERS, ActivationObject
from muster.wire.installation import DirectoryId, unpack_installation
from muster.wire.sign1 import Sign1, encode_sign1


def installation(product: Product, key: ProductKey, ident: bytes) -> DirectoryId:
    """The installation id of the directory `ident` under a host key.

    `Refused` with KEY_WRONG_KIND for another kind of key, KEY_UNKNOWN for a group that the product file does not name.
    """
    if key.kind is not KeyKind.HOST:
        kind = "a generic key" if key.kind is KeyKind.GENERIC else "a multiple activation key"
        raise Refused(
            Code.KEY_WRONG_KIND,
            f"…{key.partial} is {kind}: it belongs on machines; a directory is activated with a host key",
            f"On the machine: muster client install-key …{key.partial}",
        )
    if product.group(key.scope) is None:
        known = ", ".join(group.name for group in product.claims.groups)
        raise Refused(
            Code.KEY_UNKNOWN,
            f"the host key …{key.partial} is for group {key.scope}, which {product.claims.vendor} does not have",
            f"Its product file names {known}; take a newer product file, or another key.",
        )
    return directory_id(key.reference, key.secret, directory_subject(ident))


def confirmation_in(text: str) -> bytes:
    """The packed confirmation in a confirmation file or in digits; `Malformed` names a wrong group of digits."""
    if "BEGIN MUSTER" not in text:
        return parse_confirmation(text)
    installation_, confirmation = decode_confirmation_file(text)
    if not isinstance(unpack_installation(installation_), DirectoryId):
        raise _for_another()
    return confirmation


def complete(product: Product, ident: bytes, confirmation: bytes, now: datetime) -> tuple[ActivationObject, Proven]:
    """The object of directory `ident`, with the vendor's keysets after the first beside it.

    `Untrusted` with CONFIRMATION_UNTRUSTED when it was made for another directory or by another vendor; CERTIFICATE_EXPIRED
    and CERTIFICATE_WITHDRAWN when it is of no use any more.
    """
    said = unpack_confirmation(confirmation)
    if not isinstance(said, CertificateConfirmation) or said.format is not ConfirmationFormat.DIRECTORY:
        raise _for_another()
    # Digits do not say for which group: the signature does.
    for group in product.claims.groups:
        claims = said.claims(directory_subject(ident), group.id)
        certificate = encode_sign1(Sign1(encode_certificate(claims), said.signature))
        found = ActivationObject(product.keysets.vendor_id, group.id, certificate, product.keysets.documents[1:])
        try:
            proven = verify_object(found, ident, product.keysets, now)
        except MusterError as error:
            if error.code is Code.CERTIFICATE_WITHDRAWN:
                raise
            continue
        if now >= day_start(claims.end_day):
            ended = f"{day_start(claims.end_day):%Y-%m-%d}"
            raise Refused(Code.CERTIFICATE_EXPIRED, f"activation object {claims.serial} ended on {ended}")
        return found, proven
    raise Untrusted(
        Code.CONFIRMATION_UNTRUSTED,
        "the confirmation was made for another directory, or by another vendor",
        "Compare the installation id that the vendor confirmed with that of muster directory installation-id.",
    )


def default_name(product: Product, scope: int, serial: int) -> str:
    """A name that tells people what an object is for; fits into 40 characters."""
    group = product.group(scope)
    ending = f" {serial}"
    words = f"{product.claims.vendor} {group.name if group else scope}"
    printable = "".join(c for c in words if c.isprintable())
    return printable[: MAX_NAME_CHARACTERS - len(ending)].strip() + ending


def _for_another() -> Malformed:
    return Malformed(
        Code.CONFIRMATION_MALFORMED,
        "this confirmation is not for a directory",
        "Hosts take theirs with muster host confirm, machines with muster client confirm.",
    )

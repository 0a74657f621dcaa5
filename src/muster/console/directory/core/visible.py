"""What an administrator is shown of objects in a directory: what they say, and whether it is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from muster.base.errors import Code, MusterError, Refused
from muster.trust.chain import judge_receipt
from muster.trust.directory import verify_object
from muster.trust.product import Product
from muster.wire.calendar import day_start
from muster.wire.certificate import NO_LIMIT, CertificateClaims, decode_certificate
from muster.wire.directory import ActivationObject
from muster.wire.sign1 import decode_sign1

_UNCHECKED = Refused(
    Code.NOT_SET_UP, "no product file of its vendor is here to check it against", "Name one with --product FILE."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One object. `error` says why it activates nobody; None when it verifies. `is_checked`: a product file was there."""

    name: str
    dn: str
    vendor: str
    group: str
    claims: CertificateClaims | None
    error: MusterError | None
    is_checked: bool

    def plain(self) -> dict[str, Any]:
        """As JSON knows values; every field is always there."""
        claims = self.claims
        limit = claims.lease_until_day if claims else NO_LIMIT
        return {
            "name": self.name,
            "dn": self.dn,
            "vendor": self.vendor,
            "group": self.group,
            "serial": claims.serial if claims else None,
            "organisation": claims.organisation if claims else None,
            "level": claims.level if claims else None,
            "expires_at": f"{day_start(claims.end_day):%Y-%m-%dT%H:%M:%SZ}" if claims else None,
            "leases_until": f"{day_start(limit):%Y-%m-%d}" if limit != NO_LIMIT else None,
            "verifies": self.error is None,
            "code": str(self.error.code) if self.error and self.is_checked else None,
            "problem": self.error.message if self.error else None,
        }


def shown(
    ident: bytes,
    products: Mapping[bytes, Product],
    now: datetime,
    *,
    name: str,
    dn: str,
    found: ActivationObject | MusterError,
) -> Row:
    """One object, judged for the directory `ident` by the product file of its vendor."""
    if isinstance(found, MusterError):
        return Row(name, dn, "", "", None, found, is_checked=True)
    product = products.get(found.vendor_id)
    claims = _claims(found)
    if product is None:
        return Row(name, dn, found.vendor_id.hex(), str(found.scope), claims, _UNCHECKED, is_checked=False)
    error: MusterError | None = None
    try:
        proven = verify_object(found, ident, product.keysets, now)
        judge_receipt(proven.claims, proven.keysets, now)
        if now < day_start(proven.claims.not_before_day):
            error = Refused(
                Code.CERTIFICATE_NOT_YET_VALID, f"activation object {proven.claims.serial} is not valid yet"
            )
    except MusterError as problem:
        error = problem
    group = product.group(claims.scope) if claims else None
    group_name = group.name if group else str(found.scope)
    return Row(name, dn, product.claims.vendor, group_name, claims, error, is_checked=True)


def _claims(found: ActivationObject) -> CertificateClaims | None:
    try:
        return decode_certificate(decode_sign1(found.certificate).payload)
    except MusterError:
        return None

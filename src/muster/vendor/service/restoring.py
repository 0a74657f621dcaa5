"""Whether a copy may take the place of the books, and how nothing is given twice after it (docs/operate/vendor-record.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from muster.base.errors import Code, Refused, Untrusted
from muster.trust.audit import Head, read_seal
from muster.vendor.ports import Books
from muster.vendor.service.auditing import holds, verify_audit
from muster.vendor.service.setting_up import PRODUCT_SERIAL
from muster.vendor.service.vendor import FINGERPRINT, Vendor

SKIPPED_SERIALS = 100_000
"""Serials of certificates that are left out after a restore: more than could have been given since the copy."""
SKIPPED_PRODUCTS = 1_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How far books go: their vendor, their newest seal, the number of their newest row."""

    fingerprint: str | None
    seal: bytes | None
    row: int


def standing_of(vendor: Vendor) -> Standing:
    """How far the books of a vendor go."""

    def work(books: Books) -> Standing:
        newest = books.audit_rows(1)
        return Standing(books.setting(FINGERPRINT), books.newest_seal(), newest[0].id if newest else 0)

    return vendor.store.run(work)


def check_copy(copy: Vendor, here: Standing | None, known: Sequence[bytes], *, force: bool) -> Head:
    """The head of a copy's verified audit; with `force` also of one that goes back.

    `here` are the books that would be replaced, None where there are none; `known` are seals that were exported. `Refused`
    with COPY_STALE when the copy goes back behind any of them, `Untrusted` with VENDOR_MISMATCH or AUDIT_BROKEN whatever
    `force` says.
    """
    found, head = standing_of(copy), verify_audit(copy).head
    if here is not None and here.fingerprint is not None and here.fingerprint != found.fingerprint:
        raise Untrusted(Code.VENDOR_MISMATCH, "the copy is of another vendor")
    if force:
        return head
    for seal in (*known, *([here.seal] if here is not None and here.seal is not None else ())):
        if not holds(copy, seal):
            raise _stale(f"the copy ends with seal {head.number} and does not hold seal {read_seal(seal)[1].number}")
    if here is not None and here.row > found.row:
        raise _stale(f"the copy ends with row {found.row} of the audit, the database here with row {here.row}")
    return head


def skip(vendor: Vendor, head: Head, *, force: bool) -> None:
    """Leave serials out, so that none is given again that was given after the copy was made; and write it down."""

    def work(books: Books) -> None:
        books.skip_serials(SKIPPED_SERIALS)
        serial = int(books.setting(PRODUCT_SERIAL) or 0) + SKIPPED_PRODUCTS
        books.set_setting(PRODUCT_SERIAL, str(serial))
        vendor.write(books, "books.restored", str(head.number), forced=force, skipped=SKIPPED_SERIALS)

    vendor.store.run(work)


def _stale(cause: str) -> Refused:
    return Refused(Code.COPY_STALE, cause)

"""Vendors' product files in the console: which editions there are, whose keysets are believed, where a vendor is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.console.ports import Books, StoredProduct, VendorService
from muster.console.service.acting import Console
from muster.trust.product import Product, open_product


def add_product(console: Console, text: bytes | str) -> Product:
    """Verify a product file and keep it in place of the vendor's older one.

    Raises what `open_product` raises; `Refused` (PRODUCT_TOO_OLD) for an older one.
    """
    now = console.clock.now()
    product = open_product(text, now=now)
    vendor_id = product.keysets.vendor_id
    armoured = text.decode("ascii", errors="replace") if isinstance(text, bytes) else text

    def work(books: Books) -> Product:
        known = next((each for each in books.products() if each.vendor_id == vendor_id), None)
        verified = product
        if known is not None:
            before = open_product(known.text)
            verified = open_product(text, now=now, known=before.keysets, least_serial=before.claims.serial)
        claims = verified.claims
        details = {"vendor": claims.vendor, "serial": claims.serial}
        books.audit(now, console.actor, "product.added", vendor_id.hex(), details)
        books.keep_product(StoredProduct(vendor_id, claims.vendor, claims.serial, armoured))
        return verified

    return console.store.run(work)


def products(console: Console) -> list[Product]:
    """The product files that were added, each with the keysets in it."""
    return [open_product(each.text) for each in console.store.run(lambda books: books.products())]


def product_of(console: Console, vendor_id: bytes) -> Product:
    """The product file of a vendor; `Refused` (VENDOR_MISMATCH) when none was added."""
    for product in products(console):
        if product.keysets.vendor_id == vendor_id:
            return product
    raise Refused(
        Code.VENDOR_MISMATCH,
        f"no product file of vendor {vendor_id.hex()} is known here",
        "Add it first: muster console products add FILE",
    )


def vendor_named(console: Console, name: str) -> Product:
    """The product file of a vendor by its name or id; without a name the only one. `Misconfigured` names what there is."""
    found = products(console)
    fitting = [p for p in found if not name or name.lower() in {p.claims.vendor.lower(), p.keysets.vendor_id.hex()}]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(product.claims.vendor for product in found) or "none"
    problem = f"no product file of {name!r} is known here" if name else "which vendor?"
    raise Misconfigured(Code.NOT_FOUND, problem, f"known: {known}; muster console products add FILE adds one")


def remove_product(console: Console, product: Product) -> None:
    """Take a vendor's product file out; keys and confirmations stay."""
    now = console.clock.now()

    def work(books: Books) -> None:
        details = {"vendor": product.claims.vendor, "serial": product.claims.serial}
        books.audit(now, console.actor, "product.removed", product.keysets.vendor_id.hex(), details)
        books.remove_product(product.keysets.vendor_id)

    console.store.run(work)


async def fetch_product(console: Console, product: Product, service: VendorService) -> Product:
    """The newest product file of the vendor's service, kept; the one that is here where that brings nothing better."""
    try:
        return add_product(console, await service.product_file(product.keysets.vendor_id))
    except MusterError:
        return product


def product_row(product: Product) -> Mapping[str, Any]:
    """A product file as scripts read it."""
    claims = product.claims
    return {
        "vendor": claims.vendor,
        "vendor_id": product.keysets.vendor_id.hex(),
        "serial": claims.serial,
        "service": claims.service or None,
        "editions": [edition.name for edition in claims.editions],
    }

"""Files that the vendor hands out to anybody: the newest product file, and each keyset."""

from __future__ import annotations

import hashlib

from muster.base.errors import Code, Refused
from muster.vendor.core import keysets as plan
from muster.vendor.ports import Books
from muster.vendor.service.setting_up import export_product
from muster.vendor.service.vendor import Vendor, definition_in
from muster.wire.keyset import Purpose

PUBLISHED, PUBLISHED_OF = "published product file", "published product file of"


def published_product(vendor: Vendor) -> str:
    """The product file that is handed out: the same bytes until the definition, the keysets or its issuing key change.

    `Misconfigured` with NOT_SET_UP before the first definition.
    """

    def held(books: Books) -> tuple[str, str | None]:
        newest = vendor.chain.of(books).newest
        issuing = plan.current(newest, Purpose.PRODUCT, vendor.today)
        definition_in(books)
        facts = f"{newest.version} {issuing.number} {books.definition()}"
        source = hashlib.sha256(facts.encode()).hexdigest()
        return source, books.setting(PUBLISHED) if books.setting(PUBLISHED_OF) == source else None

    source, text = vendor.store.run(held)
    if text is not None:
        return text
    made = export_product(vendor)

    def keep(books: Books) -> str:
        # Another node may have made one meanwhile: all hand out the same.
        now, there = held(books)
        if there is not None:
            return there
        if now == source:
            books.set_setting(PUBLISHED, made)
            books.set_setting(PUBLISHED_OF, source)
        return made

    return vendor.store.run(keep)


def published_keyset(vendor: Vendor, number: int) -> bytes:
    """The signed keyset of a version; `Refused` with NOT_FOUND."""
    documents = vendor.store.run(lambda books: books.keysets())
    if not 0 < number <= len(documents):
        raise Refused(Code.NOT_FOUND, f"there is no keyset {number}")
    return documents[number - 1]

"""A new vendor, its catalogue and its customers."""

from __future__ import annotations

from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.config import load_text
from muster.base.errors import Code, Misconfigured, Refused
from muster.trust.cose import public_bytes
from muster.trust.keyset import enter, fingerprint_of, sign_keyset
from muster.trust.product import issue_product
from muster.vendor.core import keysets as plan
from muster.vendor.core.definition import Definition, check_same_vendor
from muster.vendor.ports import Books, Keys, Organisation
from muster.vendor.service.vendor import FINGERPRINT, NAME, Vendor, definition_in, find_organisation
from muster.wire.calendar import EPOCH, MAX_DAY, day_number, day_start
from muster.wire.keyset import Keyset, Purpose

PRIVATE_BYTES = 32
MAX_ORGANISATION_BYTES = 200
PRODUCT_SERIAL = "product file serial"


def private_keys(entropy_token: bytes) -> Ed25519PrivateKey:
    """A private key from 32 random bytes."""
    return Ed25519PrivateKey.from_private_bytes(entropy_token)


def first_keyset(
    roots: list[Ed25519PrivateKey], threshold: int, issuing: dict[Purpose, list[Ed25519PrivateKey]], today: int
) -> tuple[Keyset, bytes]:
    """Keyset 1 and its signed document."""
    publics = {purpose: [public_bytes(key) for key in keys] for purpose, keys in issuing.items()}
    keyset = plan.first([public_bytes(root) for root in roots], threshold, publics, today)
    return keyset, sign_keyset(keyset, roots)


def record_vendor(vendor: Vendor, name: str, document: bytes) -> str:
    """Write a new vendor into empty books; the vendor fingerprint in hexadecimal."""
    fingerprint = fingerprint_of(document).hex()

    def work(books: Books) -> None:
        if books.setting(NAME) is not None:
            raise Refused(Code.ALREADY_SET_UP, f"the database holds the vendor {books.setting(NAME)!r} already")
        books.set_setting(NAME, name)
        books.set_setting(FINGERPRINT, fingerprint)
        books.add_keyset(1, document)
        vendor.write(books, "vendor.created", name, fingerprint=fingerprint)

    vendor.store.run(work)
    return fingerprint


def import_product(vendor: Vendor, text: str, source: str) -> Definition:
    """Check a product definition and make it the one that holds; `Misconfigured` names every mistake's line.

    An id of an edition or group means the same for ever, also after it was left out: another use is refused.
    """
    definition = load_text(Definition, text, source)

    def work(books: Books) -> None:
        check_same_vendor(definition, books.setting(NAME) or definition.vendor.name)
        for earlier in books.definitions():
            _check_ids(load_text(Definition, earlier, "an earlier definition"), definition)
        if text != books.definition():
            books.add_definition(text)
        vendor.write(books, "product.imported", definition.vendor.name, editions=len(definition.edition))

    vendor.store.run(work)
    return definition


def _check_ids(before: Definition, after: Definition) -> None:
    """An id means the same for ever: machines and certificates in the field know nothing else."""
    for noun, old, new in (
        ("edition", {e.id: e.name for e in before.editions()}, {e.id: e.name for e in after.editions()}),
        ("group", {g.id: g.name for g in before.groups()}, {g.id: g.name for g in after.groups()}),
    ):
        for number, name in new.items():
            moved = next((i for i, n in old.items() if n == name and i != number), None)
            if moved is not None or old.get(number, name) != name:
                raise Misconfigured(
                    Code.SETTINGS_INVALID,
                    f"{noun} {name!r} with id {number}: an earlier definition had {noun} {old.get(number) or name!r} "
                    f"with id {number if number in old else moved}",
                    "An id is never given to another name, nor a name another id; choose a new one.",
                )


def export_product(vendor: Vendor) -> str:
    """The armoured product file of the definition that holds, under the next serial."""
    keys: Keys = vendor.keys
    today = vendor.today

    def work(books: Books) -> tuple[Definition, int, tuple[bytes, ...]]:
        definition, serial = definition_in(books), books.grow(PRODUCT_SERIAL)
        vendor.write(books, "product.exported", definition.vendor.name, serial=serial)
        return definition, serial, books.keysets()

    definition, serial, documents = vendor.store.run(work)
    issuing = plan.current(enter(documents).newest, Purpose.PRODUCT, today)
    return issue_product(keys.issuing(issuing.public), definition.claims(issuing.number, serial, today), documents)


def add_organisation(vendor: Vendor, name: str) -> Organisation:
    """A new customer."""
    name = " ".join(name.split())
    if not name or not name.isprintable() or len(name.encode()) > MAX_ORGANISATION_BYTES:
        raise Misconfigured(Code.USAGE, "the organisation has no usable name", "give a name of up to 200 bytes")

    def work(books: Books) -> Organisation:
        added = books.add_organisation(name, vendor.clock.now())
        vendor.write(books, "organisation.added", name)
        return added

    return vendor.store.run(work)


def block_organisation(vendor: Vendor, name: str, *, blocked: bool) -> None:
    """Refuse, or take up again, everything for a customer. What was activated runs on."""

    def work(books: Books) -> None:
        organisation = find_organisation(books, name)
        books.block_organisation(organisation, blocked=blocked)
        vendor.write(books, "organisation.blocked" if blocked else "organisation.unblocked", organisation.name)

    vendor.store.run(work)


def end_contract(vendor: Vendor, name: str, until: date | None) -> None:
    """Set the last day of a customer's contract, or take it away with None.

    Nothing new is given after it; leases and activations that are given from now on end on it. What was given stays.
    """
    if until is not None and not EPOCH.date() <= until <= day_start(MAX_DAY).date():
        raise Misconfigured(Code.USAGE, f"{until} is no day that can be written", "choose a day before 2149")

    def work(books: Books) -> None:
        organisation = find_organisation(books, name)
        books.end_organisation(organisation, day_number(until) if until else 0)
        vendor.write(books, "organisation.contract", organisation.name, until=until)

    vendor.store.run(work)

"""The audit verified and exported (spec/audit.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from muster.base.errors import Code, Refused, Untrusted
from muster.trust.audit import Head, check_openings, commitment, follow_all, read_seal
from muster.trust.keyset import enter
from muster.vendor.ports import Books
from muster.vendor.service.sealing import seal_all
from muster.vendor.service.vendor import Vendor
from muster.wire.armour import AUDIT_SEAL, armour, dearmour
from muster.wire.audit import AuditFile, Opening, SealedRecords, decode_audit_file, decode_records, encode_audit_file

AT_ONCE = 50
"""Seals that are read in one transaction."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain that holds: its head, and how many rows are not sealed yet."""

    head: Head
    unsealed: int


@dataclass(frozen=True, slots=True)
class Exported:
    """An audit file, and its newest seal alone as armoured text."""

    file: bytes
    seal: str
    head: Head


def sealed_records(vendor: Vendor) -> Iterator[SealedRecords]:
    """Every seal with its rows, a few in each transaction: what is sealed does not change."""
    after = 0
    while found := vendor.store.run(lambda books, after=after: books.seals(after, AT_ONCE)):  # type: ignore[misc]
        yield from found
        after += len(found)


def verify_audit(vendor: Vendor, known: bytes | None = None) -> Verified:
    """Verify the books' own chain, and that names and remarks are those that were sealed; raises as `follow_all` does."""
    head = follow_all(sealed_records(vendor), vendor.keysets(), known)
    vendor.store.run(_check_erasable)
    return Verified(head, vendor.store.run(lambda books: books.count_unsealed()))


def _check_erasable(books: Books) -> None:
    for kept in books.erasable():
        if kept.opening is not None and commitment(kept.opening) != kept.digest:
            raise Untrusted(Code.AUDIT_BROKEN, "a name or remark is not the one that was sealed")


def verify_file(data: bytes, fingerprint: bytes, known: bytes | None = None) -> Verified:
    """Verify an audit file of the vendor with this fingerprint; raises as `follow_all` does, and `Malformed`."""
    file = decode_audit_file(data)
    head = follow_all(file.seals, enter(file.documents, fingerprint=fingerprint), known)
    check_openings(file.openings, file.seals)
    return Verified(head, 0)


def export_audit(vendor: Vendor, *, with_people: bool) -> Exported:
    """Seal what is not sealed, verify everything, and make the file; `with_people`, with names and remarks.

    `Refused` with NOT_FOUND where there is nothing.
    """
    seal_all(vendor)
    seals = tuple(sealed_records(vendor))
    if not seals:
        raise Refused(Code.NOT_FOUND, "no row of the audit was ever written")
    head = follow_all(seals, vendor.keysets())

    def work(books: Books) -> AuditFile:
        _check_erasable(books)
        kept = [found.opening for found in books.erasable() if found.opening] if with_people else []
        vendor.write(books, "audit.exported", str(head.number), with_people=with_people)
        return AuditFile(books.keysets(), seals, tuple(kept))

    file = vendor.store.run(work)
    if with_people:  # names that came after the last seal belong to no row of the file
        file = file._replace(openings=_of_rows(file))
    return Exported(encode_audit_file(file), armour(AUDIT_SEAL, seals[-1].signed), head)


def _of_rows(file: AuditFile) -> tuple[Opening, ...]:
    sealed = {c for s in file.seals for r in decode_records(s.records) for c in (r.actor, r.about, r.remark)}
    return tuple(opening for opening in file.openings if commitment(opening) in sealed)


def read_known(text: str) -> bytes:
    """The seal in an armoured AUDIT SEAL; `Malformed` for anything else."""
    signed = dearmour(text, AUDIT_SEAL)
    read_seal(signed)
    return signed


def holds(vendor: Vendor, known: bytes) -> bool:
    """Whether the chain in the books holds this very seal."""
    _, claims = read_seal(known)
    found = vendor.store.run(lambda books: books.seals(claims.number - 1, 1))
    return bool(found) and found[0].signed == known

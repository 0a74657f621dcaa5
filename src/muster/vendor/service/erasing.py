"""A person found in the vendor's books, and erased from the audit (docs/operate/vendor-record.md §Erasing a person)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from muster.base.errors import Code, Misconfigured, Refused
from muster.vendor.ports import Books, PersonKept, RemarkKept, Search
from muster.vendor.service.selling import MAX_REASON
from muster.vendor.service.vendor import Vendor

MIN_TEXT, MAX_TEXT = 2, 200
MOST_PEOPLE, MOST_REMARKS, MOST_CUSTOMERS = 20, 30, 10
"""Of one search; whoever finds as many searches for more of the name."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Where a text stands. `people` and `remarks` can be erased; `customers` stand in rows for good."""

    people: tuple[PersonKept, ...]
    remarks: tuple[RemarkKept, ...]
    customers: tuple[str, ...]


def find_traces(vendor: Vendor, text: str) -> Traces:
    """Where a name, a mail address or any other words of a person stand; `Misconfigured` for too few characters."""
    text = text.strip()
    if not MIN_TEXT <= len(text) <= MAX_TEXT:
        raise Misconfigured(
            Code.USAGE,
            f"a search for a person takes {MIN_TEXT} to {MAX_TEXT} characters",
            "Enter a name or a mail address, or a part of it.",
        )

    def work(books: Books) -> Traces:
        customers = books.list_organisations(Search(text=text, size=MOST_CUSTOMERS)).rows
        names = tuple(row.organisation.name for row in customers)
        return Traces(books.find_people(text, MOST_PEOPLE), books.find_remarks(text, MOST_REMARKS), names)

    return vendor.store.run(work)


def erase(vendor: Vendor, people: Collection[int], remarks: Collection[int], reason: str) -> None:
    """Erase names by their numbers, and remarks by their rows, all or none; `reason` is written down.

    `Refused` with NOT_FOUND where one is gone or never was; `Misconfigured` without a reason, or with one that names
    whom it erases: it would bring the name back.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise Misconfigured(Code.USAGE, "an erasure needs a reason", f"Write one of up to {MAX_REASON} characters.")
    if not people and not remarks:
        raise Misconfigured(Code.USAGE, "nothing was chosen", "Choose names or remarks to erase.")

    def work(books: Books) -> None:
        for number in sorted(set(people)):
            name = books.erase_person(number)
            if name is None:
                raise Refused(Code.NOT_FOUND, f"person {number} is not in the audit", "Search again.")
            if name.lower() in reason.lower():
                raise Misconfigured(
                    Code.USAGE, "the reason names the person who is erased", "Name a case or a letter by its number."
                )
            vendor.write(books, "person.erased", str(number), reason=reason)
        for row in sorted(set(remarks)):
            if books.erase_remark(row) is None:
                raise Refused(Code.NOT_FOUND, f"row {row} of the audit holds no remark", "Search again.")
            vendor.write(books, "remark.erased", str(row), reason=reason)

    vendor.store.run(work)


def erase_person(vendor: Vendor, name: str, reason: str) -> int:
    """Erase a person's name from all rows; the number that stands for it from now on. `Refused` with NOT_FOUND."""
    number = vendor.store.run(lambda books: books.person(name))
    if number is None:
        raise Refused(Code.NOT_FOUND, f"nobody of the name {name!r} is in the audit", "muster vendor audit")
    erase(vendor, [number], [], reason)
    return number


def erase_remark(vendor: Vendor, row: int, reason: str) -> None:
    """Erase what somebody wrote into a row of the audit. `Refused` with NOT_FOUND where there is nothing."""
    erase(vendor, [], [row], reason)

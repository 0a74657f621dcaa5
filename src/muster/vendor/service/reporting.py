"""Audit reports of customers' hosts, proven and merged: distinct machines per customer, edition and month.

Reports that are taken are kept as they came, so that a later one of another host still counts no machine twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from muster.base.errors import Code, MusterError, Refused
from muster.trust.report import Report, count_machines, prove_reports, verify_report
from muster.vendor.ports import Books, Organisation, ReportRow
from muster.vendor.service.vendor import Vendor, definition_in
from muster.wire.calendar import moment
from muster.wire.report import SignedReport, decode_report_file, month_name, month_of, unpack_machines


@dataclass(frozen=True, slots=True)
class Tally:
    """`machines` distinct ones asked as `edition` in `month` (like 2026-11); names where the vendor knows them."""

    organisation: int
    organisation_name: str
    edition: str
    month: str
    machines: int


@dataclass(frozen=True, slots=True)
class Merged:
    """`reports` were proven; their tallies by customer, edition and month."""

    reports: int
    tallies: tuple[Tally, ...]


def merge_reports(vendor: Vendor, files: Iterable[tuple[str, bytes]]) -> Merged:
    """Verify every report of the files (name and bytes) and count each machine once in a month, whatever hosts saw it.

    One report that does not hold refuses all, with its file named: `Malformed` or `Untrusted`.
    """
    keysets, number = vendor.keysets(), 0

    def counted() -> Iterator[tuple[bytes, Report]]:
        nonlocal number
        for proven in prove_reports(files, lambda _: keysets):
            number += 1
            yield proven

    found = count_machines(counted())
    organisations, editions = _names(vendor)
    tallies = (
        Tally(o, organisations.get(o, ""), editions.get(e, str(e)), month_name(m), machines)
        for (_, o, e, m), machines in found.items()
    )
    return Merged(number, tuple(tallies))


@dataclass(frozen=True, slots=True)
class Taken:
    """`new` reports were kept, of `reports` that were proven; `customers` are those whose numbers changed."""

    reports: int
    new: int
    customers: tuple[str, ...]


def take_reports(vendor: Vendor, files: Iterable[tuple[str, bytes]]) -> Taken:
    """Verify every report of the files, keep those that are new, and count the months anew that they tell of.

    All or nothing; raises as `merge_reports` does, and `Refused` with NOT_FOUND for a customer that the books do not hold.
    """
    keysets, proven = vendor.keysets(), list[tuple[SignedReport, Report]]()
    for name, data in files:
        try:
            proven += [(report, verify_report(report, keysets)) for report in decode_report_file(data)]
        except MusterError as error:
            raise type(error)(error.code, f"{name}: {error.message}", error.hint) from error
    return vendor.store.run(lambda books: _take(vendor, books, proven))


def _take(vendor: Vendor, books: Books, proven: Sequence[tuple[SignedReport, Report]]) -> Taken:
    names = {row.id: row.name for row in books.organisations()}
    changed: dict[int, tuple[int, int]] = {}
    new = 0
    for signed, report in proven:
        organisation, row = report.certificate.organisation, _row(signed, report)
        if organisation not in names:
            raise Refused(Code.NOT_FOUND, f"the books hold no organisation {organisation}", "Restore the newest copy.")
        if not books.add_report(row):
            continue
        new += 1
        first, last = changed.get(organisation, (row.first_month, row.last_month))
        changed[organisation] = min(first, row.first_month), max(last, row.last_month)
        vendor.write(
            books, "report.taken", names[organisation], serial=row.serial, machines=len({m.id for m in report.machines})
        )
    for organisation, (first, last) in changed.items():
        months = range(first, last + 1)
        books.set_reported(organisation, months, _counted(books.reports_about(organisation, first, last), months))
    return Taken(len(proven), new, tuple(sorted(names[number] for number in changed)))


def _row(signed: SignedReport, report: Report) -> ReportRow:
    made_at = moment(report.made_at)
    newest = month_of(made_at)
    return ReportRow(
        report.certificate.organisation,
        report.certificate.serial,
        hashlib.sha256(signed.signed).digest(),
        signed.signed,
        signed.machines,
        min((machine.first for machine in report.machines), default=newest),
        newest,
        made_at,
    )


def _counted(lists: Sequence[bytes], months: range) -> dict[tuple[int, int], int]:
    """Distinct machines by edition and month, of packed lists that were proven when they were taken."""
    seen: dict[tuple[int, int], set[bytes]] = {}
    for packed in lists:
        for machine in unpack_machines(packed):
            for month in range(max(machine.first, months.start), min(machine.last + 1, months.stop)):
                seen.setdefault((machine.edition, month), set()).add(machine.id)
    return {key: len(ids) for key, ids in seen.items()}


def _names(vendor: Vendor) -> tuple[dict[int, str], dict[int, str]]:
    rows: tuple[Organisation, ...] = vendor.store.run(lambda books: books.organisations())
    definition = vendor.store.run(definition_in)
    return {row.id: row.name for row in rows}, {e.id: e.name for e in definition.edition}

"""Audit reports of customers' hosts, proven and merged: distinct machines per customer, edition and month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from muster.base.errors import MusterError
from muster.trust.report import verify_report
from muster.vendor.ports import Organisation
from muster.vendor.service.vendor import Vendor, definition_in
from muster.wire.report import decode_report_file, month_name


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
    seen: dict[tuple[int, int, int], set[bytes]] = {}
    for name, data in files:
        try:
            for report in decode_report_file(data):
                proven, number = verify_report(report, keysets), number + 1
                for machine in proven.machines:
                    for month in range(machine.first, machine.last + 1):
                        key = proven.certificate.organisation, machine.edition, month
                        seen.setdefault(key, set()).add(machine.id)
        except MusterError as error:
            raise type(error)(error.code, f"{name}: {error.message}", error.hint) from error
    organisations, editions = _names(vendor)
    tallies = (
        Tally(o, organisations.get(o, ""), editions.get(e, str(e)), month_name(m), len(ids))
        for (o, e, m), ids in sorted(seen.items())
    )
    return Merged(number, tuple(tallies))


def _names(vendor: Vendor) -> tuple[dict[int, str], dict[int, str]]:
    rows: tuple[Organisation, ...] = vendor.store.run(lambda books: books.organisations())
    definition = vendor.store.run(definition_in)
    return {row.id: row.name for row in rows}, {e.id: e.name for e in definition.edition}

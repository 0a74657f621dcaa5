"""Audit reports of hosts: proven, and changed in every place (spec/report.md)."""

from __future__ import annotations

from collections.abc import Iterator

from muster.trust.report import machine_id, sign_report
from muster.wire.calendar import seconds
from muster.wire.report import ReportedMachine, encode_report_file, month_of
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_PRO, CertifiedHost, VendorKeys, days
from tools.vectors import Case, Given, flips, refusals

VENDOR = VendorKeys()
HOST = CertifiedHost(VENDOR)
VENDOR_ID = VENDOR.trusted.vendor_id
ORGANISATION = 7
CLIENTS = tuple(number.to_bytes(16, "big") for number in (1, 2))


def cases() -> Iterator[Case]:
    """All of them."""
    newest = month_of(MORNING)
    names = sorted(machine_id(VENDOR_ID, ORGANISATION, client) for client in CLIENTS)
    machines = [ReportedMachine(name, CAD_PRO.id, newest - n, newest) for n, name in enumerate(names)]
    good = _file(machines)
    rows = [{"id": m.id.hex(), "edition": m.edition, "first": m.first, "last": m.last} for m in machines]
    clients = [client.hex() for client in CLIENTS]
    expect = {
        "organisation": ORGANISATION,
        "made_at": seconds(MORNING),
        "machines": rows,
        "ids": [n.hex() for n in names],
    }
    yield Case("report", "two_machines", "report", "One since last month.", {**good, "client_ids": clients}, expect)
    yield from refusals(
        "report",
        "report",
        "MESSAGE_MALFORMED",
        {
            "month_to_come": (_file([ReportedMachine(names[0], 1, newest, newest + 1)]), "A month that was not yet."),
            "month_too_old": (_file([ReportedMachine(names[0], 1, newest - 13, newest)]), "Only 13 months are told."),
            "doubled": (_file([machines[0], machines[0]]), "One machine and edition, twice."),
            "trailing": ({**good, "file": good["file"] + "00"}, "Bytes after the end."),
        },
    )
    late = _file(machines, at=seconds(MORNING + days(20_000)))
    yield from refusals(
        "report", "report", "CERTIFICATE_EXPIRED", {"made_late": (late, "Made after the end of the certificate.")}
    )
    yield flips("report", "report", good, ["file"], every=7)


def _file(machines: list[ReportedMachine], at: int = seconds(MORNING)) -> Given:
    signed = sign_report(HOST.private, HOST.certificate, VENDOR_ID, at, machines)
    return {
        "file": encode_report_file([signed]).hex(),
        "keysets": [document.hex() for document in VENDOR.documents],
        "client_ids": [],
    }

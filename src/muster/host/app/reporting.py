"""The audit report that an administrator may send to the vendor (spec/report.md). Nothing is sent by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from muster.base.clock import Clock, SystemClock
from muster.base.errors import Code, Refused
from muster.host.adapters.home_folder import HomeFolder
from muster.host.app.storing import view_of
from muster.host.core.answering import Mandate
from muster.platform.durable_file import PRIVATE, replace_file
from muster.trust.report import machine_id, sign_report
from muster.wire.calendar import MAX_SECONDS, moment, seconds
from muster.wire.report import MONTHS, ReportedMachine, encode_report_file, month_of


def report(home: Path, out: Path, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None) -> int:
    """Write the report of every certificate that holds now into `out`; how many machines and editions are in it.

    `Refused` with HOST_NOT_ACTIVATED when no certificate holds.
    """
    folder, now = HomeFolder(home, environment), seconds((clock or SystemClock()).now())
    chosen: dict[tuple[bytes, int, int], Mandate] = {}
    for vendor_id, vendor in folder.read().vendors.items():
        for mandate in vendor.mandates:
            claims = mandate.claims
            if claims.serial in vendor.withdrawn or mandate.trouble(now):
                continue
            key = vendor_id, claims.organisation, claims.scope
            if key not in chosen or chosen[key].claims.end_day < claims.end_day:
                chosen[key] = mandate
    if not chosen:
        raise Refused(Code.HOST_NOT_ACTIVATED, "no certificate holds that could sign a report")
    view, newest = view_of(folder), month_of(moment(now))
    lists: dict[tuple[bytes, int, int], list[ReportedMachine]] = {key: [] for key in chosen}
    for row in view.machines(0, MAX_SECONDS):
        first = max(month_of(moment(row.first_seen)), newest - MONTHS + 1)
        last = min(month_of(moment(row.last_seen)), newest)
        if first > last:
            continue
        for (vendor_id, organisation, scope), machines in lists.items():
            if row.group == (vendor_id, scope):
                name = machine_id(vendor_id, organisation, row.client_id)
                machines.append(ReportedMachine(name, row.edition, first, last))
    signed = [sign_report(m.private, m.certificate, key[0], now, lists[key]) for key, m in sorted(chosen.items())]
    replace_file(out, encode_report_file(signed), PRIVATE)
    return sum(len(machines) for machines in lists.values())

"""The console's reports: what is licensed and how, what ends soon, keys against use, silence, doubles, hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from muster.base.errors import Code, Misconfigured
from muster.console.core.lines import instant
from muster.console.core.reports import Column, Report
from muster.console.service.acting import Console
from muster.console.service.keeping import key_rows
from muster.console.service.products import product_of, products
from muster.trust.keyset import TrustedKeysets
from muster.trust.report import count_machines, prove_reports
from muster.wire.report import month_name

DAYS = 30
MAX_DAYS = 3_650
SIGNED = "signed"

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is made of: `days` from now on, or back; `limit` rows, None: all."""

    days: int = DAYS
    limit: int | None = None


Made = tuple[Rows, int | None]
"""Rows, and how many there are where these are only the first."""


def report(
    console: Console,
    name: str,
    *,
    days: int = DAYS,
    limit: int | None = None,
    files: Iterable[tuple[str, bytes]] = (),
) -> Report:
    """A report by its name. `days` from now on, or back; `files` (name and bytes) are signed reports of hosts.

    `limit`: only the first rows, where there may be one for each machine.
    `Misconfigured` for a name that is none, days beyond `MAX_DAYS`, a signed report without files; what proving raises.
    """
    if name not in REPORTS:
        raise Misconfigured(Code.USAGE, f"there is no report {name[:40]!r}", f"reports are {', '.join(REPORTS)}")
    if not 0 < days <= MAX_DAYS:
        raise Misconfigured(Code.USAGE, f"{days} days are outside 1 … {MAX_DAYS}", "choose another number")
    title, told, columns, make = REPORTS[name]
    rows, total = (_signed(console, files), None) if name == SIGNED else make(console, Asked(days, limit))
    return Report(name, title, told.format(days=days), columns, rows, console.clock.now(), total)


def _overview(console: Console, _: Asked) -> Made:
    found = console.store.run(lambda books: books.shares())
    return [
        {"product": s.product, "edition": s.edition, "state": s.state, "method": s.method, "machines": s.machines}
        for s in found
    ], None


def _expiring(console: Console, asked: Asked) -> Made:
    now = console.clock.now()
    until = now + timedelta(days=asked.days)
    found, total = console.store.run(lambda books: books.ending(until, asked.limit))
    return [
        {
            "machine": each.machine,
            "product": each.product or None,
            "edition": each.edition,
            "state": each.state,
            "method": each.method or None,
            "expires_at": instant(each.expires_at),
            "days": (each.expires_at - now).days,
            "last_contact": instant(each.contact_at),
        }
        for each in found
    ], total


def _unseen(console: Console, asked: Asked) -> Made:
    since = console.clock.now() - timedelta(days=asked.days)
    found, total = console.store.run(lambda books: books.silent(since, asked.limit))
    return [
        {
            "machine": each.machine,
            "address": each.address,
            "group": each.group or None,
            "last_contact": instant(each.contact_at),
            "last_action": each.action or None,
            "last_result": each.result or None,
            "last_text": each.result_text or None,
        }
        for each in found
    ], total


def _doubles(console: Console, asked: Asked) -> Made:
    found, total = console.store.run(lambda books: books.doubles(asked.limit))
    return [
        {
            "client_id": each.client_id,
            "machines": each.machines,
            "machine": each.machine,
            "edition": each.edition,
            "state": each.state,
            "host": each.host or None,
            "last_contact": instant(each.contact_at),
        }
        for each in found
    ], total


def _hosts(console: Console, _: Asked) -> Made:
    return [
        {
            "host": host.host,
            "edition": host.edition,
            "machines": host.machines,
            "count": host.count,
            "threshold": host.threshold,
            "below": host.below,
        }
        for host in console.store.run(lambda books: books.hosts())
    ], None


def _keys(console: Console, _: Asked) -> Made:
    """Keys of the console with the machines that show them, then keys that only machines show."""
    uses = console.store.run(lambda books: books.key_use())
    shown: Counter[str] = Counter()
    for use in uses:
        shown[use.partial] += use.machines
    kept = key_rows(console)
    rows = [
        {
            **{name: key[name] for name in ("partial_key", "kind", "remaining", "total", "refreshed_at", "note")},
            "editions": ", ".join(key["editions"]),
            "machines": shown[key["partial_key"]],
            "here": "yes",
        }
        for key in kept
    ]
    known = {key["partial_key"] for key in kept}
    nothing = dict.fromkeys(("remaining", "total", "refreshed_at", "note"))
    rows += [
        {
            **nothing,
            "partial_key": use.partial,
            "kind": use.kind,
            "editions": use.edition,
            "machines": use.machines,
            "here": "no",
        }
        for use in uses
        if use.partial not in known
    ]
    return rows, None


def _signed(console: Console, files: Iterable[tuple[str, bytes]]) -> Rows:
    known: dict[bytes, TrustedKeysets] = {}

    def keysets_of(vendor_id: bytes) -> TrustedKeysets:
        if vendor_id not in known:
            known[vendor_id] = product_of(console, vendor_id).keysets
        return known[vendor_id]

    given = list(files)
    if not given:
        raise Misconfigured(Code.USAGE, "no report of a host was given", "Make one: muster host report --out FILE")
    found = count_machines(prove_reports(given, keysets_of))
    vendors = {product.keysets.vendor_id: product.claims for product in products(console)}
    return [
        {
            "month": month_name(month),
            "vendor": vendors[vendor_id].vendor,
            "organisation": organisation,
            "edition": next((e.name for e in vendors[vendor_id].editions if e.id == edition), str(edition)),
            "machines": machines,
        }
        for (vendor_id, organisation, edition, month), machines in sorted(found.items(), key=lambda item: item[0][3])
    ]


def _nothing(_: Console, __: Asked) -> Made:
    return (), None


_MACHINE = Column("machine", "Machine")
_EDITION = Column("edition", "Edition")
_NUMBER = Column("machines", "Machines", is_number=True)
_LAST = Column("last_contact", "Last contact")
_KEY = Column("partial_key", "Key ends in")

REPORTS: dict[str, tuple[str, str, tuple[Column, ...], Callable[[Console, Asked], Made]]] = {
    "overview": (
        "Licence overview",
        "Every edition with its states and methods. Empty: machines of which nothing is known yet.",
        (Column("product", "Product"), _EDITION, Column("state", "State"), Column("method", "Method"), _NUMBER),
        _overview,
    ),
    "expiring": (
        "About to expire",
        "What ends within {days} days, what has ended included, the soonest first.",
        (
            *(_MACHINE, Column("product", "Product"), _EDITION, Column("state", "State"), Column("method", "Method")),
            *(Column("expires_at", "Expires"), Column("days", "Days left", is_number=True), _LAST),
        ),
        _expiring,
    ),
    "keys": (
        "Keys against use",
        (
            "Keys of this console, what their vendors say is left, and how many machines show them; then keys that only "
            "machines show. Machines tell the last five characters, so two keys that end alike are counted as one."
        ),
        (
            *(_KEY, Column("kind", "Kind"), Column("editions", "Editions"), Column("here", "In this console")),
            *(_NUMBER, Column("remaining", "Left", is_number=True), Column("total", "Of", is_number=True)),
            *(Column("refreshed_at", "Asked"), Column("note", "Note")),
        ),
        _keys,
    ),
    "not-seen": (
        "Not seen lately",
        "Machines that were not spoken with for {days} days, or never.",
        (
            *(_MACHINE, Column("address", "Address"), Column("group", "Group"), _LAST),
            *(Column("last_action", "Last action"), Column("last_result", "Result"), Column("last_text", "Reason")),
        ),
        _unseen,
    ),
    "duplicates": (
        "Duplicate client ids",
        "Machines that share a client id were copied from one image, and hosts count them as one. Rearm all but one.",
        (
            *(Column("client_id", "Client id"), _NUMBER, _MACHINE, _EDITION, Column("state", "State")),
            *(Column("host", "Host"), _LAST),
        ),
        _doubles,
    ),
    "hosts": (
        "Hosts and their counts",
        "What machines tell of the hosts that answer them: the greatest count and threshold that any of them was told.",
        (
            *(Column("host", "Host"), _EDITION, _NUMBER, Column("count", "Count", is_number=True)),
            *(
                Column("threshold", "Threshold", is_number=True),
                Column("below", "Machines below", is_number=True),
            ),
        ),
        _hosts,
    ),
    SIGNED: (
        "Signed host reports, merged",
        "Proven reports of hosts: distinct machines by month, each counted once, whatever hosts saw it.",
        (
            *(Column("month", "Month"), Column("vendor", "Vendor"), Column("organisation", "Organisation number")),
            *(_EDITION, _NUMBER),
        ),
        _nothing,
    ),
}

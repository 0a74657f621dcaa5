"""How results look on a terminal. Text from elsewhere is cleaned first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from muster.base import terminal
from muster.base.errors import MusterError
from muster.base.terminal import clean
from muster.host.app import Identity, Publication, Status, ZoneRecords, lines

DONE, FAILED, UNREACHABLE = 0, 1, 3


def show_setup(
    identity: Identity, digits: str, service: str, records: Sequence[ZoneRecords], problem: MusterError | None
) -> None:
    """What `setup` leaves to do: activate, at the vendor's `service` where one is known, or confirm; publish; serve."""
    if identity.certificate:
        terminal.result(f"host key …{identity.partial} is confirmed already")
    else:
        terminal.result(
            "Installation id, for the vendor to confirm (as a file: muster host installation-id --file OUT):\n"
        )
        terminal.result(f"  {digits}\n")
        terminal.result("Left to do:")
        way, where = ("", clean(service)) if service else (" --service URL", "the vendor's service, at its address")
        terminal.result(f"  {f'muster host activate{way}':<38}  asks {where}")
        terminal.result("  or muster host confirm CONFIRMATION-ID  with the vendor's answer to the id")
    terminal.result(
        "  muster host serve                       answers machines, and publishes in DNS when [dns] says how"
    )
    if problem is not None:
        terminal.result(f"\nDNS: {problem.message}. {problem.hint}")
    elif records:
        terminal.result("\nDNS records that let machines find this host:\n")
        for line in lines(records):
            terminal.result(f"  {line}" if line else "")


def show_status(found: Status) -> None:
    """The status in sentences and small tables."""
    report = found.report
    terminal.result(f"listens on     {', '.join(report['listen'])}")
    for row in report["certificates"]:
        of = clean(row["organisation_name"] or f"organisation {row['organisation']}")
        what = f"{row['serial']} of {clean(row['vendor'])} for {clean(row['scope'])}, level {row['level']}"
        terminal.result(f"certificate    {what}, {of}, until {row['expires_at'][:10]}")
    for row in report["groups"]:
        terminal.result(f"count          {clean(row['group'])}: {row['count']} (keeps the newest {row['cache_size']})")
    requests = report["requests"]
    states = ", ".join(f"{number} {state}" for state, number in requests["by_state"].items())
    told = f"{requests['total']}, {requests['refused']} of them refused" + (f" ({states})" if states else "")
    terminal.result(f"requests       {told}")
    terminal.result(f"machines       {report['machines_30d']} in the last 30 days")
    for row in report["dns"]:
        terminal.result(f"DNS            {_zone(row)}")
    for concern in found.concerns:
        terminal.warn(clean(f"{concern.message} [{concern.code}]", 400))
        terminal.note(f"hint: {concern.hint}")


def _zone(row: dict[str, Any]) -> str:
    since = f"published {row['published_at'][:16]}Z" if row["published_at"] else "not published"
    seen = f", looked up: {row['seen']}" if row["seen"] else ""
    return f"{row['zone']}: {since}{seen}" + (f"; last attempt failed: {row['error']['code']}" if row["error"] else "")


def show_records(records: Sequence[ZoneRecords], *, as_json: bool) -> None:
    """The records of a dry run."""
    if not as_json:
        for line in lines(records):
            terminal.result(line)
        return
    zones = [
        {
            "zone": zone.zone,
            "ttl": zone.ttl,
            "services": [
                {"name": s.owner, "priority": s.priority, "weight": s.weight, "port": s.port, "target": s.target}
                for s in zone.services
            ],
            "addresses": [{"name": a.name, "type": a.rdtype, "address": str(a.address)} for a in zone.addresses],
        }
        for zone in records
    ]
    terminal.result_json({"zones": zones})


def show_publications(publications: Sequence[Publication], *, as_json: bool) -> int:
    """How every zone stands after publishing or retiring; the exit code."""
    if as_json:
        rows = [
            {
                "zone": p.zone,
                "published_at": f"{p.published_at:%Y-%m-%dT%H:%M:%SZ}" if p.published_at else None,
                "error": {"code": str(p.error), "message": p.problem, "hint": p.remedy} if p.error else None,
            }
            for p in publications
        ]
        terminal.result_json({"dns": rows})
    for p in () if as_json else publications:
        if p.error:
            terminal.report(MusterError(p.error, p.problem, p.remedy))
        else:
            terminal.result(f"{p.zone}: {'published' if p.records else 'withdrawn'}")
    if not publications and not as_json:
        terminal.result("nothing was published")
    codes = [UNREACHABLE if p.error == "DNS_UNREACHABLE" else FAILED for p in publications if p.error]
    return max(codes, default=DONE)

"""What a simulation came to, in words and as JSON (docs/operate/simulate.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from muster.base.config import format_duration
from muster.simulate.series import MINUTE, Series, Survived
from muster.wire.activation import State

EVERYWHERE = "every host"


@dataclass(frozen=True, slots=True)
class Line:
    """A name and what was found."""

    name: str
    value: str


def moment_of(series: Series, at: int) -> datetime:
    """A second of the simulation as a moment, UTC."""
    return datetime.combine(series.scenario.begins, time(), UTC) + timedelta(seconds=at)


def lines(series: Series) -> list[Line]:
    """For people."""
    scenario, present = series.scenario, series.present
    found = [
        Line("machines", f"{scenario.total:,} for {scenario.days} days, seed {scenario.seed}"),
        Line("attempts", f"{series.attempts:,}, of which {series.activations:,} activated or renewed"),
    ]
    for edition, at in sorted(series.first_licensed.items()):
        found.append(Line(f"first {edition}", f"LICENSED on {_day(series, at)}"))
    if series.all_licensed is not None:
        found.append(Line("all", f"LICENSED on {_day(series, series.all_licensed)}"))
    states = ", ".join(f"{present[state]:,} {state}" for state in State if present[state] > 0)
    found += [
        Line("at the end", states),
        Line("lost", f"{len(series.lost):,} machines lost their activation, {len(series.losses):,} times"),
    ]
    for host in scenario.host:
        last = series.counts[host.name][-1] if series.counts[host.name] else 0
        busiest, total = series.busiest_minute(host.name), sum(series.requests[host.name])
        found.append(Line(host.name, f"{total:,} requests, {busiest:,} in the busiest minute, count {last} at the end"))
    found += [Line("outage", _outage(series, survived)) for survived in series.survived()]
    longest = series.longest_unnoticed()
    if longest is not None:
        found.append(Line("unnoticed", f"an outage for {_days(longest)} at the longest"))
    if series.codes:
        codes = ", ".join(f"{code} {number:,}" for code, number in series.codes.most_common())
        found.append(Line("not activated", codes))
    found.append(
        Line(
            "checked",
            f"{series.checks:,} attempts went the whole way, signed and verified; {series.disagreements} differed",
        )
    )
    return found


def as_json(series: Series) -> dict[str, Any]:
    """For programs; times in ISO 8601, durations as in a scenario."""
    scenario, longest = series.scenario, series.longest_unnoticed()
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "days": scenario.days,
        "machines": scenario.total,
        "attempts": series.attempts,
        "activations": series.activations,
        "not_activated": dict(sorted(series.codes.items())),
        "first_licensed": {edition: _text(series, at) for edition, at in sorted(series.first_licensed.items())},
        "all_licensed": None if series.all_licensed is None else _text(series, series.all_licensed),
        "states": {str(state): max(0, series.present[state]) for state in State},
        "machines_that_lost": len(series.lost),
        "losses": len(series.losses),
        "hosts": {
            host.name: {
                "requests": sum(series.requests[host.name]),
                "busiest_minute": series.busiest_minute(host.name),
                "busiest_at": _busiest_at(series, host.name),
                "count": series.counts[host.name][-1] if series.counts[host.name] else 0,
            }
            for host in scenario.host
        },
        "outages": [
            {
                "host": s.outage.host,
                "begins": format_duration(s.outage.begins),
                "lasts": format_duration(s.outage.lasts),
                "losses": s.losses,
                "unnoticed": format_duration(s.unnoticed),
            }
            for s in series.survived()
        ],
        "longest_unnoticed_outage": None if longest is None else format_duration(longest),
        "checked": series.checks,
        "disagreements": series.disagreements,
    }


def _busiest_at(series: Series, host: str) -> str | None:
    most = series.busiest_minute(host)
    return _text(series, series.requests[host].index(most) * MINUTE) if most else None


def _outage(series: Series, survived: Survived) -> str:
    outage, losses = survived.outage, survived.losses
    who = EVERYWHERE if outage.host == "*" else outage.host
    noticed = f"nobody noticed for {_days(survived.unnoticed)}, then {losses:,} machines lost their activation"
    told = noticed if losses else "nobody noticed"
    return f"{who} for {format_duration(outage.lasts)} from {_day(series, int(outage.begins.total_seconds()))}: {told}"


def _days(length: timedelta) -> str:
    """Whole days of what took days; else as a scenario writes it."""
    return f"{length.days} days" if length >= timedelta(days=2) else format_duration(length)


def _day(series: Series, at: int) -> str:
    return f"{moment_of(series, at):%Y-%m-%d %H:%M} (day {at // 86_400 + 1})"


def _text(series: Series, at: int) -> str:
    return f"{moment_of(series, at):%Y-%m-%dT%H:%M:%SZ}"

"""What a simulation saw: hourly samples, requests by minute, and what became of machines and outages."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from muster.simulate.scenario import Outage, Scenario
from muster.wire.activation import State

HOUR, MINUTE = 3_600, 60


@dataclass(frozen=True, slots=True)
class Survived:
    """An outage, how many machines lost their activation before it was over, and how long nobody had."""

    outage: Outage
    losses: int
    unnoticed: timedelta


@dataclass(slots=True)
class Series:
    """Everything by time since the first midnight. `states` and `counts` hold a sample an hour."""

    scenario: Scenario
    states: dict[State, array[int]] = field(default_factory=lambda: {state: array("L") for state in State})
    counts: dict[str, array[int]] = field(default_factory=dict)
    requests: dict[str, array[int]] = field(default_factory=dict)
    present: Counter[State] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    activations: int = 0
    first_licensed: dict[str, int] = field(default_factory=dict)
    all_licensed: int | None = None
    losses: list[int] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    checks: int = 0
    disagreements: int = 0

    def __post_init__(self) -> None:
        for host in self.scenario.host:
            self.counts[host.name] = array("L")
            self.requests[host.name] = array("L", bytes(8 * self.scenario.days * 24 * 60))

    def asked(self, host: str, at: int) -> None:
        """A request reached this host."""
        self.requests[host][at // MINUTE] += 1

    def moved(self, number: int, edition: str, before: State, after: State, at: int) -> None:
        """A machine came to another state."""
        self.present[before] -= 1
        self.present[after] += 1
        if after is State.LICENSED:
            self.first_licensed.setdefault(edition, at)
            if self.present[State.LICENSED] == self.scenario.total:
                self.all_licensed = self.all_licensed or at
        elif before is State.LICENSED:
            self.losses.append(at)
            self.lost.add(number)

    def sample(self, counts: dict[str, int]) -> None:
        """An hour is over."""
        for state in State:
            self.states[state].append(max(0, self.present[state]))
        for name, count in counts.items():
            self.counts[name].append(count)

    def survived(self) -> list[Survived]:
        """Every outage, with the losses between its begin and its end."""
        found = []
        for outage in self.scenario.outage:
            first, last = (int(t.total_seconds()) for t in (outage.begins, outage.begins + outage.lasts))
            losses = [at for at in self.losses if first <= at < last]
            unnoticed = timedelta(seconds=min(losses) - first) if losses else outage.lasts
            found.append(Survived(outage, len(losses), unnoticed))
        return found

    def longest_unnoticed(self) -> timedelta | None:
        """The longest that an outage went on and nobody had lost an activation; None when there was no outage."""
        return max((s.unnoticed for s in self.survived()), default=None)

    def busiest_minute(self, host: str) -> int:
        """The most requests that a host had in one minute."""
        return max(self.requests[host], default=0)

"""What the licensing service does by itself, and when it wakes next (spec/control.md §Service, spec/states.md §Timers).

Pure: editions as they stand and the time come in, a moment goes out. A machine that has nothing due and nothing to tell
sleeps until then; nothing here runs at an interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from muster.base.errors import BY_NUMBER, Code
from muster.client.core.licensing import COMFORTABLE, Scene, is_due, next_attempt
from muster.trust.standing import Standing
from muster.wire.activation import State

INSISTS_FOR = timedelta(minutes=15)
# How long after the network changed it is tried: a lease from DHCP and a route come first, then ever more rarely.
INSISTENT = tuple(timedelta(seconds=s) for s in (2, 15, 45, 120, 300, 600, 900))
TROUBLE_PAUSE = timedelta(minutes=1)
"""Before looking again where the disk, or something that nobody expected, was in the way."""

# Failures that another network may heal. Who was counted, or refused by a certified host, was heard.
_ELSEWHERE = frozenset(
    {
        Code.NO_HOST_FOUND,
        Code.HOST_UNREACHABLE,
        Code.HOST_UNTRUSTED,
        Code.HOST_NOT_ACTIVATED,
        Code.VENDOR_MISMATCH,
        Code.ORGANISATION_MISMATCH,
        Code.DNS_UNREACHABLE,
        Code.DIRECTORY_UNREACHABLE,
        Code.MESSAGE_MALFORMED,
        Code.SERVICE_UNREACHABLE,
        Code.SERVICE_UNTRUSTED,
    }
)


@dataclass(frozen=True, slots=True)
class Insistence:
    """The network changed at `since`; so many attempts were made on that account."""

    since: datetime
    tries: int = 0

    def next_at(self) -> datetime | None:
        """When to try next; None when the quarter of an hour is over."""
        return self.since + INSISTENT[self.tries] if self.tries < len(INSISTENT) else None

    def tried(self, now: datetime) -> Insistence:
        """After an attempt at `now`: what was due meanwhile is not made up for."""
        later = (i for i, delay in enumerate(INSISTENT) if i >= self.tries and self.since + delay > now)
        return replace(self, tries=next(later, len(INSISTENT)))


def is_comfortable(standing: Standing, now: datetime) -> bool:
    """Activated for so long that a start of the machine is no reason to ask."""
    ends = standing.expires_at
    return standing.state is State.LICENSED and (ends is None or ends - now > COMFORTABLE)


def wants_at_start(scene: Scene) -> bool:
    """Whether the edition asks when the service starts; one that the directory activated looks there at every start."""
    if scene.part.directory is not None and scene.part.key is not None and next_attempt(scene) is not None:
        return True
    due = next_attempt(scene)
    return due is not None and (due <= scene.now or not is_comfortable(scene.standing(), scene.now))


def hopes_for_network(scene: Scene) -> bool:
    """Whether another network may do what the last attempt did not."""
    attempts = scene.part.attempts
    return attempts.failures > 0 and BY_NUMBER.get(attempts.code) in _ELSEWHERE and next_attempt(scene) is not None


def wants_now(scene: Scene, insistence: Insistence | None) -> bool:
    """Whether the edition asks now: by its own deadline, or because the network changed."""
    if is_due(scene):
        return True
    at = insistence.next_at() if insistence is not None else None
    return at is not None and at <= scene.now and hopes_for_network(scene)


def next_wake(scenes: Iterable[Scene], insistence: Insistence | None) -> datetime | None:
    """The next moment at which something is due or something changes by itself; None when nothing ever does."""
    moments: list[datetime] = []
    for scene in scenes:
        moments += _moments(scene)
        at = insistence.next_at() if insistence is not None else None
        if at is not None and hopes_for_network(scene):
            moments.append(at)
    return min(moments, default=None)


def _moments(scene: Scene) -> list[datetime]:
    standing, due = scene.standing(), next_attempt(scene)
    turns = [standing.expires_at, standing.grace_ends_at]
    if standing.expires_at is not None:
        turns.append(standing.expires_at - COMFORTABLE)
    return ([] if due is None else [due]) + [turn for turn in turns if turn is not None and turn > scene.now]


@dataclass(frozen=True, slots=True)
class Told:
    """What was told last of an edition: its state, and whether its end was announced."""

    state: str
    is_ending: bool = False


def news(scenes: Iterable[Scene], told: Mapping[str, Told]) -> tuple[dict[str, Told], list[dict[str, str]]]:
    """What is to be told from now on as known, and the events that say what changed since."""
    known, events = dict(told), []
    for scene in scenes:
        standing, name = scene.standing(), scene.edition.name
        is_ending = standing.state is State.LICENSED and not is_comfortable(standing, scene.now)
        before = told.get(name)
        known[name] = Told(str(standing.state), is_ending)
        if before is None or before.state != str(standing.state):
            events.append({"event": "edition.state", "edition": name, "state": str(standing.state)})
            if before is not None:
                events[-1]["before"] = before.state
            if standing.reason is not None:
                events[-1]["code"] = str(standing.reason)
        # Whoever was activated for less than thirty days from the start is not warned of it.
        if is_ending and before is not None and not before.is_ending and before.state == str(standing.state):
            events.append({"event": "edition.ending", "edition": name, "expires_at": f"{standing.expires_at:%Y-%m-%d}"})
    return known, events


def told_before(rows: Iterable[Mapping[str, object]]) -> dict[str, Told]:
    """What the journal says was told, oldest first."""
    told: dict[str, Told] = {}
    for row in rows:
        name = row.get("edition")
        if isinstance(name, str) and row.get("event") == "edition.state":
            told[name] = Told(str(row.get("state")))
        elif isinstance(name, str) and row.get("event") == "edition.ending" and name in told:
            told[name] = replace(told[name], is_ending=True)
    return told

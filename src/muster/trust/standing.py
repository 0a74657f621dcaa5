"""The state of an edition on a machine: one table, and the state that evidence and time give (spec/states.md).

Rule 1: the states change only as `TABLE` says; the diagram in the spec is generated from it.
Rule 2: the state is never stored. `stand` replays the events that evidence and clocks amount to, so the licensing service
and the vendor's program come to the same state, and it is never better than the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from muster.base.errors import Code
from muster.trust.evidence import Method, Proof, Situation
from muster.wire.activation import State
from muster.wire.calendar import moment
from muster.wire.record import Moment, VendorRecord

CLOCK_BACK_TOLERANCE = timedelta(days=1)
USED_SLACK = timedelta(hours=1)


class Event(StrEnum):
    """What can happen to an edition."""

    KEY_INSTALLED = "key installed"
    KEY_REMOVED = "key removed"
    ACTIVATED = "activated"
    EVIDENCE_HOLDS = "evidence holds again"
    LEASE_ENDED = "lease ended"
    HARDWARE_CHANGED = "hardware changed"
    EVIDENCE_VOIDED = "signing key revoked"
    DOMAIN_LEFT = "domain left"
    KEY_REPLACED = "key of another kind installed"
    CLOCK_SUSPECT = "clock suspect"
    GRACE_ENDED = "grace ended"
    REARMED = "rearmed"


_U, _I, _L, _R, _N = State

TABLE: dict[tuple[State, Event], State] = {
    (_U, Event.KEY_INSTALLED): _I,
    (_I, Event.ACTIVATED): _L,
    (_I, Event.GRACE_ENDED): _N,
    (_I, Event.REARMED): _I,
    (_I, Event.KEY_REMOVED): _U,
    (_L, Event.ACTIVATED): _L,
    (_L, Event.LEASE_ENDED): _R,
    (_L, Event.HARDWARE_CHANGED): _R,
    (_L, Event.EVIDENCE_VOIDED): _R,
    (_L, Event.DOMAIN_LEFT): _R,
    (_L, Event.KEY_REPLACED): _R,
    (_L, Event.CLOCK_SUSPECT): _R,
    (_L, Event.REARMED): _I,
    (_L, Event.KEY_REMOVED): _U,
    (_R, Event.ACTIVATED): _L,
    (_R, Event.EVIDENCE_HOLDS): _L,
    (_R, Event.GRACE_ENDED): _N,
    (_R, Event.REARMED): _I,
    (_R, Event.KEY_REMOVED): _U,
    (_N, Event.ACTIVATED): _L,
    (_N, Event.EVIDENCE_HOLDS): _L,
    (_N, Event.REARMED): _I,
    (_N, Event.KEY_REMOVED): _U,
}

_TROUBLES = {
    Code.LEASE_ENDED: Event.LEASE_ENDED,
    Code.HARDWARE_CHANGED: Event.HARDWARE_CHANGED,
    Code.KEY_REVOKED: Event.EVIDENCE_VOIDED,
    Code.NO_DOMAIN: Event.DOMAIN_LEFT,
    Code.KEY_WRONG_KIND: Event.KEY_REPLACED,
    Code.CLOCK_SUSPECT: Event.CLOCK_SUSPECT,
}
_RANK = {State.LICENSED: 3, State.RENEWAL_GRACE: 2, State.NOTIFICATION: 1}


class Standing(NamedTuple):
    """The state at one instant, and what it rests on. `reason` says why it is not LICENSED, when evidence is there."""

    state: State
    history: tuple[Event, ...]
    method: Method | None = None
    permanent: bool = False
    expires_at: datetime | None = None
    grace_ends_at: datetime | None = None
    reason: Code | None = None
    organisation: int | None = None
    serial: int | None = None
    count: int = 0  # type: ignore[assignment]  # nobody counts the fields of a record


class Instant(NamedTuple):
    """Both clocks at once. `is_suspect`: the wall clock stands before a time it has shown."""

    now: datetime
    used: int
    is_suspect: bool


def replay(events: Sequence[Event]) -> State:
    """The state that events lead to from UNLICENSED; `KeyError` for an order that cannot happen: a bug."""
    state = State.UNLICENSED
    for event in events:
        state = TABLE[state, event]
    return state


def used_now(record: VendorRecord, boot_id: bytes, boot_seconds: float) -> int:
    """Seconds of use so far: those recorded and those since, on the boot-time clock.

    Where the system tells no boot id (zeros), the machine was restarted when its boot-time clock went back.
    """
    since = int(boot_seconds)
    if boot_id == record.boot_id and (any(boot_id) or since >= record.boot_seconds):
        since -= record.boot_seconds
    return record.used + max(0, since)


def is_suspect(high_water: int, now: datetime) -> bool:
    """Whether `now` is more than a day below the latest wall clock seen."""
    return now < moment(high_water) - CLOCK_BACK_TOLERANCE


def stand(situation: Situation, now: datetime, used: int) -> Standing:
    """The standing of an edition at `now` (UTC) with `used` seconds of use. Pure: no signature is verified here."""
    if situation.record.key is None:
        return Standing(State.UNLICENSED, ())
    instant = Instant(now, used, is_suspect(situation.high_water, now))
    if not situation.proofs:
        return _without_evidence(situation, instant)
    standings = [_on(proof, situation, instant) for proof in situation.proofs]
    if len(standings) == 1:
        return standings[0]
    return max(standings, key=lambda s: (_RANK[s.state], s.permanent, s.expires_at or s.grace_ends_at or now))


def _left(start: Moment, length: timedelta, instant: Instant) -> timedelta:
    """What is left of `length` since `start`: by the wall clock, unless use says clearly less or the clock is suspect."""
    by_use = length - timedelta(seconds=instant.used - start.used)
    by_wall = moment(start.at) + length - instant.now
    return by_use if instant.is_suspect or by_use < by_wall - USED_SLACK else by_wall


def _without_evidence(situation: Situation, instant: Instant) -> Standing:
    policy = situation.product.policy
    length = policy.first_grace if situation.is_proven else min(policy.first_grace, policy.unproven_grace)
    left = _left(situation.record.installed, length, instant)
    events: tuple[Event, ...] = (Event.KEY_INSTALLED,)
    if left <= timedelta(0):
        events = (*events, Event.GRACE_ENDED)
        return Standing(replay(events), events, reason=_reason(instant))
    return Standing(replay(events), events, grace_ends_at=instant.now + left, reason=_reason(instant))


def _reason(instant: Instant) -> Code | None:
    return Code.CLOCK_SUSPECT if instant.is_suspect else None


def _on(proof: Proof, situation: Situation, instant: Instant) -> Standing:
    """The standing that one proof gives."""
    left = _proof_left(proof, situation, instant)
    trouble = proof.trouble
    if trouble is None and left is not None and left <= timedelta(0):
        trouble = Code.LEASE_ENDED
    elif trouble is None and instant.is_suspect and left is not None:
        trouble = Code.CLOCK_SUSPECT
    events: tuple[Event, ...] = (Event.KEY_INSTALLED, Event.ACTIVATED)
    if trouble is None:
        expires = None if left is None else instant.now + left
        return _standing(events, proof, expires_at=expires, permanent=left is None)
    events = (*events, _TROUBLES[trouble])
    grace = min(
        _left(since, situation.product.policy.renewal_grace, instant)
        for since in _troubled_since(proof, left, trouble, situation, instant)
    )
    if grace <= timedelta(0):
        return _standing((*events, Event.GRACE_ENDED), proof, reason=trouble)
    return _standing(events, proof, grace_ends_at=instant.now + grace, reason=trouble)


def _troubled_since(
    proof: Proof, left: timedelta | None, trouble: Code, situation: Situation, instant: Instant
) -> list[Moment]:
    """When the proof stopped to hold. One that has ended gains no second grace from a trouble that came later."""
    since = []
    if left is not None and left <= timedelta(0):
        since.append(_end_of(proof, left, instant))
    if trouble is not Code.LEASE_ENDED:
        noted = situation.record.trouble
        since.append(noted if noted != Moment() else Moment(max(situation.high_water, proof.start.at), instant.used))
    return since


def _proof_left(proof: Proof, situation: Situation, instant: Instant) -> timedelta | None:
    """How long a proof still holds; None for ever. Beyond `limit` the latest clock seen decides while ours is suspect."""
    lefts = []
    if proof.validity is not None:
        lefts.append(_left(proof.start, proof.validity, instant))
    if proof.limit is not None:
        lefts.append(proof.limit - (moment(situation.high_water) if instant.is_suspect else instant.now))
    return min(lefts, default=None)


def _end_of(proof: Proof, left: timedelta, instant: Instant) -> Moment:
    """When a proof that has ended ended, on both clocks (`left` is negative)."""
    overrun = int(-left.total_seconds())
    at = max(proof.start.at, int((instant.now - moment(0)).total_seconds()) - overrun)
    return Moment(at, max(proof.start.used, instant.used - overrun))


def _standing(events: tuple[Event, ...], proof: Proof, **facts: object) -> Standing:
    return Standing(
        replay(events),
        events,
        proof.method,
        organisation=proof.organisation,
        serial=proof.serial,
        count=proof.count,
        **facts,  # type: ignore[arg-type]
    )

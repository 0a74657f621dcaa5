"""When a machine asks, and what follows from the answer (spec/states.md §Timers).

Pure: the outcome of an attempt and the time come in, a changed record goes out, with the next deadline in it. A good
lease is replaced only by one that ends later, and no failure ever takes one away.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from muster.base.errors import Code, MusterError
from muster.client.core.attempt import Counted, Outcome
from muster.client.core.discovery import Source
from muster.client.core.machine import keep, moment_of, part_of
from muster.trust.evidence import Method, gather
from muster.trust.hardware import Parts
from muster.trust.product import Product
from muster.trust.standing import Standing, stand
from muster.wire.activation import State
from muster.wire.calendar import MAX_SECONDS, moment, seconds
from muster.wire.product import Edition, Policy
from muster.wire.record import (
    MAX_MESSAGE_BYTES,
    MAX_SKIPS,
    NEVER,
    Attempts,
    EditionRecord,
    KeyKindCode,
    Lease,
    VendorRecord,
)

JITTER = 0.1
BACK_OFF_FROM = 12
BACK_OFF_FACTOR = 1.5
MAX_BACK_OFF = timedelta(hours=12)
MAX_STEPS = 20
COMFORTABLE = timedelta(days=30)
FOREIGN_HOST_SKIPPED = timedelta(hours=24)
MAX_FAILURES = 0xFFFF
PEOPLE_TAKE = timedelta(days=1)
# What a vendor answers to a multiple activation key until people do something about it.
_WAITS_FOR_PEOPLE = frozenset(
    {
        Code.KEY_BLOCKED,
        Code.KEY_EXHAUSTED,
        Code.KEY_UNKNOWN,
        Code.KEY_WRONG_EDITION,
        Code.KEY_WRONG_KIND,
        Code.LEASE_ENDED,
        Code.NO_SERVICE,
        Code.ORGANISATION_BLOCKED,
    }
)
# What a host may set (spec/states.md §Timers); beyond that it is not heard.
MIN_HOST_INTERVAL, MAX_HOST_INTERVAL = timedelta(minutes=15), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Scene:
    """One edition of one vendor on this machine, at one instant."""

    product: Product
    edition: Edition
    record: VendorRecord
    hardware: Parts
    now: datetime
    part: EditionRecord = field(init=False, compare=False, repr=False)
    """What the record says of the edition."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "part", part_of(self.record, self.edition.id))

    def having(self, record: VendorRecord) -> Scene:
        """The same at the same instant, with another record."""
        return replace(self, record=record)

    def standing(self) -> Standing:
        """The edition's state; verifies what the record holds."""
        situation = gather(self.product, self.edition, self.record, self.hardware)
        return stand(situation, self.now, self.record.used)


def retry_delay(base: timedelta, failures: int, standing: Standing, now: datetime, fraction: float) -> timedelta:
    """How long to wait after the `failures`-th failure in a row; `fraction` in [0, 1) spreads the machines by 10 %.

    Only who can afford it backs off: LICENSED with more than 30 days left.
    """
    delay = base
    ends = standing.expires_at
    if failures >= BACK_OFF_FROM and standing.state is State.LICENSED and (ends is None or ends - now > COMFORTABLE):
        steps = min(failures - BACK_OFF_FROM + 1, MAX_STEPS)
        delay = max(base, min(MAX_BACK_OFF, base * BACK_OFF_FACTOR**steps))
    return delay * (1 + JITTER * (2 * fraction - 1))


def renewal_interval(policy: Policy, attempts: Attempts) -> timedelta:
    """The host's own interval once one has answered, the policy's before."""
    return _of_host(attempts.renew_minutes) if attempts.renew_minutes else policy.renewal


def retry_interval(policy: Policy, attempts: Attempts) -> timedelta:
    """The host's own interval once one has answered, the policy's before."""
    return _of_host(attempts.retry_minutes) if attempts.retry_minutes else policy.retry


def _of_host(minutes: int) -> timedelta:
    return min(max(timedelta(minutes=minutes), MIN_HOST_INTERVAL), MAX_HOST_INTERVAL)


def next_attempt(scene: Scene) -> datetime | None:
    """When the edition is due; None when nothing needs to be asked: no key, activated for good, a clock beyond 2106."""
    part, attempts = scene.part, scene.part.attempts
    standing = scene.standing()
    if part.key is None or standing.permanent:
        return None
    if standing.method is Method.MAK and standing.state is State.LICENSED:
        return standing.expires_at
    # An attempt in the future was made under a clock that has been put back since, and so was its deadline.
    if attempts.next_at == NEVER or moment(attempts.attempted_at) > scene.now:
        return scene.now
    if attempts.next_at == MAX_SECONDS:
        # A clock at the end of its width: a deadline that cannot be written down would be past at once, for ever.
        return None
    due = moment(attempts.next_at)
    if standing.reason is not None and not attempts.failures:
        # What went well at the last attempt does not hold any more: ask at once, yet no faster than retries.
        due = min(due, moment(attempts.attempted_at) + retry_interval(scene.product.policy, attempts))
    return due


def is_due(scene: Scene) -> bool:
    """Whether the edition should ask now."""
    due = next_attempt(scene)
    return due is not None and due <= scene.now


def settle(scene: Scene, outcome: Outcome, fraction: float, *, caching: bool = True) -> VendorRecord:
    """The record after an attempt. `fraction` in [0, 1) is the jitter of a retry."""
    record = scene.record
    if outcome.counted is not None:
        record = _with_answer(scene, outcome.counted)
        if caching:
            record = _with_cached_host(record, outcome)
    if record.skips or outcome.foreign:
        record = record._replace(skips=_skips(record, outcome, scene.now))
    part = part_of(record, scene.edition.id)
    return keep(record, part._replace(attempts=_attempts(scene, record, part, outcome, fraction)))


def _with_answer(scene: Scene, counted: Counted) -> VendorRecord:
    """Keep a certified answer: as the proof that one came, and as a lease when it activates and ends later."""
    record = scene.record
    lease = Lease(counted.request, counted.answer, record.salt, moment_of(record, scene.now))
    # A fresh signed answer ends every doubt about a clock that was put back.
    renewed = record._replace(proof=lease, high_water=seconds(scene.now))
    if counted.claims.count < scene.edition.threshold:
        return renewed
    with_lease = keep(renewed, part_of(renewed, scene.edition.id)._replace(lease=lease))
    before, after = scene.standing(), scene.having(with_lease).standing()
    return renewed if ends_later(before, after) else with_lease


def ends_later(before: Standing, after: Standing) -> bool:
    """Whether the old host lease is good and ends later than the new one."""
    if before.state is not State.LICENSED or before.method is not Method.HOST:
        return False
    return before.expires_at is not None and after.expires_at is not None and before.expires_at > after.expires_at


def _with_cached_host(record: VendorRecord, outcome: Outcome) -> VendorRecord:
    """Remember the host that answered, where it was not configured anyway."""
    asked = outcome.trials[-1].candidate if outcome.trials else None
    counted = outcome.counted
    if counted is None:
        return record
    asked = next((t.candidate for t in outcome.trials if t.candidate.address == counted.host), asked)
    if asked is None or asked.source not in {Source.DNS, Source.CACHE}:
        return record
    found = str(counted.host), record.cached_priority if asked.priority is None else asked.priority
    if found == (record.cached_host, record.cached_priority):
        return record
    return record._replace(cached_host=found[0], cached_priority=found[1])


def _skips(record: VendorRecord, outcome: Outcome, now: datetime) -> tuple[tuple[str, int], ...]:
    """Hosts of other vendors and until when they are left out."""
    kept = {host: until for host, until in record.skips if now < moment(until) <= now + FOREIGN_HOST_SKIPPED}
    for address in outcome.foreign:
        kept[str(address)] = seconds(now + FOREIGN_HOST_SKIPPED)
    newest = sorted(kept.items(), key=lambda pair: -pair[1])[:MAX_SKIPS]
    return tuple(sorted(newest))


def _attempts(scene: Scene, record: VendorRecord, part: EditionRecord, outcome: Outcome, fraction: float) -> Attempts:
    told, counted = part.attempts, outcome.counted
    at = seconds(scene.now)
    if counted is not None:
        claims, host = counted.claims, str(counted.host)
        told = Attempts(
            told.failures, at, told.next_at, told.code, told.message,
            claims.count, host, claims.retry_minutes, claims.renew_minutes,
        )  # fmt: skip
    elif outcome.retry_minutes:
        told = told._replace(retry_minutes=outcome.retry_minutes, attempted_at=at)
    else:
        told = told._replace(attempted_at=at)
    if outcome.error is None:
        due = scene.now + renewal_interval(scene.product.policy, told)
        return Attempts(0, at, seconds(due), 0, "", told.count, told.host, told.retry_minutes, told.renew_minutes)
    return failed(scene.having(record), told, outcome.error, fraction)


def failed(scene: Scene, told: Attempts, error: MusterError, fraction: float) -> Attempts:
    """What is remembered of a failure, and when the next attempt is due."""
    failures = min(told.failures + 1, MAX_FAILURES)
    base = retry_interval(scene.product.policy, told)
    if error.code in _WAITS_FOR_PEOPLE and scene.part.key is not None and scene.part.key.kind is KeyKindCode.MAK:
        base = max(base, PEOPLE_TAKE)
    due = scene.now + retry_delay(base, failures, scene.standing(), scene.now, fraction)
    message = error.message.encode()[:MAX_MESSAGE_BYTES].decode(errors="ignore")
    printable = "".join(c for c in message if c.isprintable())
    return told._replace(
        failures=failures,
        attempted_at=seconds(scene.now),
        next_at=seconds(due),
        code=error.code.number,
        message=printable,
    )

"""Deadlines, and what an answer changes (spec/states.md §Timers)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Refused, Unreachable
from muster.client.core.attempt import Counted, Outcome, Trial, below_threshold
from muster.client.core.discovery import Address, Candidate, Source
from muster.client.core.licensing import Scene, is_due, next_attempt, retry_delay, settle
from muster.trust.standing import Standing
from muster.wire.activation import ReplyClaims, State
from muster.wire.calendar import seconds
from muster.wire.product import Policy
from muster.wire.record import Attempts
from tests.worlds.clocks import MORNING
from tests.worlds.machines import MAK, Machine

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KMS = Address("kms1.corp.example")
LICENSED = Standing(State.LICENSED, (), expires_at=MORNING + 100 * DAY)


def scene_of(machine: Machine, after: timedelta = timedelta()) -> Scene:
    return Scene(machine.vendor.product(), machine.edition, machine.record, machine.hardware, MORNING + after)


def answered(
    machine: Machine, *, count: int = 25, at: datetime = MORNING, source: Source = Source.DNS, renew: int = 10_080
) -> Outcome:
    """An attempt that a certified host answered."""
    request = machine.request()
    claims = ReplyClaims(count, seconds(at), 120, renew)
    counted = Counted(KMS, request, machine.host.reply(request, count, at), 7, claims)
    error = None if count >= 25 else below_threshold(count, 25)
    trial = Trial(Candidate(KMS, source, 3 if source is Source.DNS else None), error)
    return Outcome(machine.vendor.trusted, counted, error, (trial,))


def failed(machine: Machine, **changes: Any) -> Outcome:
    return replace(
        Outcome(machine.vendor.trusted, error=Unreachable(Code.HOST_UNREACHABLE, "kms1 is silent")), **changes
    )


def settled(machine: Machine, outcome: Outcome, after: timedelta = timedelta(), **how: Any) -> Attempts:
    """Settle an attempt `after` MORNING with no jitter; the machine keeps the record."""
    machine.record = settle(scene_of(machine, after), outcome, 0.5, **how)
    return machine.part.attempts


@pytest.mark.parametrize(
    ("failures", "hours"),
    [(1, 2.0), (11, 2.0), (12, 3.0), (13, 4.5), (14, 6.75), (15, 10.125), (16, 12.0), (5000, 12.0)],
)
def test_a_licensed_machine_backs_off_from_the_twelfth_failure_on(failures: int, hours: float) -> None:
    assert retry_delay(2 * HOUR, failures, LICENSED, MORNING, 0.5) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "standing",
    [
        Standing(State.LICENSED, (), expires_at=MORNING + 29 * DAY),
        Standing(State.INITIAL_GRACE, (), grace_ends_at=MORNING + 29 * DAY),
        Standing(State.RENEWAL_GRACE, ()),
        Standing(State.NOTIFICATION, ()),
    ],
    ids=["ends soon", "first grace", "renewal grace", "notification"],
)
def test_who_is_in_need_never_backs_off(standing: Standing) -> None:
    assert retry_delay(2 * HOUR, 1000, standing, MORNING, 0.5) == 2 * HOUR


@given(st.integers(1, 0xFFFF), st.floats(0, 1, exclude_max=True), st.integers(15, 43_200))
def test_jitter_is_ten_percent_and_no_delay_is_shorter_than_the_interval(
    failures: int, fraction: float, minutes: int
) -> None:
    base = timedelta(minutes=minutes)
    middle = retry_delay(base, failures, LICENSED, MORNING, 0.5)
    assert base <= middle <= max(base, 12 * HOUR)
    assert abs(retry_delay(base, failures, LICENSED, MORNING, fraction) / middle - 1) <= 0.1001


def test_a_key_that_was_just_installed_is_due_at_once_and_none_without_a_key() -> None:
    machine = Machine()
    assert is_due(scene_of(machine))
    machine.change(key=None)
    assert next_attempt(scene_of(machine)) is None


def test_an_answer_above_the_threshold_is_a_lease_and_the_next_attempt_a_renewal() -> None:
    machine = Machine()
    attempts = settled(machine, answered(machine))
    assert machine.part.lease is not None
    assert scene_of(machine).standing().expires_at == MORNING + 180 * DAY
    assert (attempts.failures, attempts.code, attempts.count) == (0, 0, 25)
    assert next_attempt(scene_of(machine)) == MORNING + 7 * DAY


def test_an_answer_below_the_threshold_is_proof_of_a_host_and_no_lease() -> None:
    machine = Machine()
    attempts = settled(machine, answered(machine, count=24))
    assert machine.part.lease is None
    assert machine.record.proof is not None
    assert attempts.code == Code.COUNT_BELOW_THRESHOLD.number
    assert next_attempt(scene_of(machine)) == MORNING + 2 * HOUR


def test_a_good_lease_survives_failures_and_answers_below_the_threshold() -> None:
    machine = Machine()
    settled(machine, answered(machine))
    lease = machine.part.lease
    settled(machine, answered(machine, count=3, at=MORNING + DAY), DAY)
    settled(machine, failed(machine), 2 * DAY)
    assert machine.part.lease == lease
    assert scene_of(machine, 3 * DAY).standing().state is State.LICENSED


def test_a_good_lease_is_replaced_only_by_one_that_ends_later() -> None:
    machine = Machine()
    settled(machine, answered(machine))
    lease = machine.part.lease
    machine.host.changes["lease_until_day"] = 20_800
    settled(machine, answered(machine, at=MORNING + DAY), DAY)
    assert machine.part.lease == lease, "a contract that ends soon must not shorten what was given"
    del machine.host.changes["lease_until_day"]
    settled(machine, answered(machine, at=MORNING + 2 * DAY), 2 * DAY)
    assert machine.part.lease != lease
    assert scene_of(machine, 2 * DAY).standing().expires_at == MORNING + 182 * DAY


@pytest.mark.parametrize(("minutes", "days_"), [(1440, 1.0), (1, 15 / 1440), (0xFFFF, 30.0), (0, 7.0)])
def test_the_hosts_interval_is_heard_within_its_limits(minutes: int, days_: float) -> None:
    machine = Machine()
    settled(machine, answered(machine, renew=minutes))
    assert next_attempt(scene_of(machine)) == MORNING + timedelta(days=days_)


def test_a_certified_host_that_refuses_says_when_to_come_back() -> None:
    machine = Machine()
    settled(machine, failed(machine, error=Refused(Code.HOST_BUSY), retry_minutes=30))
    assert next_attempt(scene_of(machine)) == MORNING + HOUR / 2


def test_a_fresh_answer_takes_high_water_back_to_the_clock() -> None:
    machine = Machine()
    machine.seen(400 * DAY)
    assert scene_of(machine).standing().reason is Code.CLOCK_SUSPECT
    settled(machine, answered(machine))
    assert machine.record.high_water == seconds(MORNING)
    assert scene_of(machine).standing().state is State.LICENSED


def test_a_clock_that_was_put_back_does_not_put_off_the_next_attempt() -> None:
    machine = Machine()
    settled(machine, failed(machine), 100 * DAY)
    assert is_due(scene_of(machine, DAY)), "its deadline was set by a clock of the future"
    settled(machine, failed(machine), DAY)
    assert not is_due(scene_of(machine, DAY + HOUR))
    assert is_due(scene_of(machine, DAY + 3 * HOUR))


def test_a_lease_that_stops_to_hold_is_renewed_without_waiting_for_the_week() -> None:
    machine = Machine()
    settled(machine, answered(machine))
    machine.seen(20 * DAY)
    assert scene_of(machine, HOUR).standing().reason is Code.CLOCK_SUSPECT
    assert not is_due(scene_of(machine, HOUR)), "yet no faster than retries"
    assert is_due(scene_of(machine, 2 * HOUR))


def test_nothing_is_asked_for_a_permanent_activation_and_a_trial_asks_at_its_end() -> None:
    machine = Machine()
    machine.deposit()
    assert next_attempt(scene_of(machine)) is None
    trial = Machine()
    trial.deposit(end_day=seconds(MORNING) // 86_400 + 10)
    assert next_attempt(scene_of(trial)) == scene_of(trial).standing().expires_at
    assert not is_due(scene_of(trial, 10 * DAY))


@pytest.mark.parametrize(
    ("source", "caching", "cached"),
    [
        (Source.DNS, True, "kms1.corp.example:1688"),
        (Source.MACHINE, True, ""),
        (Source.DNS, False, ""),
    ],
)
def test_a_host_that_was_found_is_remembered(source: Source, cached: str, *, caching: bool) -> None:
    machine = Machine()
    settled(machine, answered(machine, count=1, source=source), caching=caching)
    assert machine.record.cached_host == cached
    assert machine.record.cached_priority == (3 if cached else 0)


def test_another_vendors_hosts_are_skipped_for_a_day_and_no_list_of_them_grows_without_end() -> None:
    machine = Machine()
    hosts = tuple(Address(f"kms{n}.corp.example") for n in range(100))
    settled(machine, failed(machine, foreign=hosts))
    assert len(machine.record.skips) == 64
    assert {until for _, until in machine.record.skips} == {seconds(MORNING + DAY)}
    settled(machine, failed(machine), DAY)
    assert machine.record.skips == ()


def test_a_skip_set_by_a_clock_of_the_future_is_dropped() -> None:
    machine = Machine()
    settled(machine, failed(machine, foreign=(KMS,)), 100 * DAY)
    settled(machine, failed(machine), DAY)
    assert machine.record.skips == ()


def test_a_hostile_message_is_kept_short_and_printable() -> None:
    machine = Machine()
    error = Refused(Code.HOST_BUSY, "\x1b[31mü" + "é" * 1000)
    attempts = settled(machine, failed(machine, error=error))
    assert attempts.message.startswith("[31mü")
    assert len(attempts.message.encode()) <= 400


def test_a_key_of_the_other_kind_does_not_take_evidence_away() -> None:
    machine = Machine()
    settled(machine, answered(machine))
    machine.change(key=MAK)
    assert scene_of(machine).standing().reason is Code.KEY_WRONG_KIND
    assert machine.part.lease is not None


def test_a_vendors_own_intervals_hold_until_a_host_has_answered() -> None:
    machine = Machine()
    machine.vendor.policy = Policy(retry=timedelta(hours=5))
    settled(machine, failed(machine))
    assert next_attempt(scene_of(machine)) == MORNING + 5 * HOUR

"""The state table, and the state that evidence and two clocks amount to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code
from muster.trust.evidence import Method
from muster.trust.standing import TABLE, Event, Standing, replay
from muster.wire.activation import State
from muster.wire.calendar import day_end, day_number, seconds
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.product import Policy
from muster.wire.record import Lease, Moment
from tests.worlds.clocks import MORNING
from tests.worlds.machines import GENERIC, LAPTOP, MAK, SALT, Machine, leased, used
from tests.worlds.vendor_keys import VendorKeys, days

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
VALIDITY, GRACE, AT_REST = days(180), days(30), days(10)
YEAR = days(365)

U, I, L, R, N = State  # noqa: E741 - the letters of the states, as in the table


# the table


def test_the_table_is_that_of_the_product() -> None:
    rows = {
        Event.KEY_INSTALLED: {U: I},
        Event.KEY_REMOVED: {I: U, L: U, R: U, N: U},
        Event.ACTIVATED: {I: L, L: L, R: L, N: L},
        Event.EVIDENCE_HOLDS: {R: L, N: L},
        Event.LEASE_ENDED: {L: R},
        Event.HARDWARE_CHANGED: {L: R},
        Event.EVIDENCE_VOIDED: {L: R},
        Event.DOMAIN_LEFT: {L: R},
        Event.KEY_REPLACED: {L: R},
        Event.CLOCK_SUSPECT: {L: R},
        Event.GRACE_ENDED: {I: N, R: N},
        Event.REARMED: {I: I, L: I, R: I, N: I},
    }

    assert {(before, event): after for event, row in rows.items() for before, after in row.items()} == TABLE


def test_nothing_but_an_activation_or_returning_evidence_leads_to_licensed() -> None:
    assert {event for (_, event), after in TABLE.items() if after is L} == {Event.ACTIVATED, Event.EVIDENCE_HOLDS}


def test_notification_never_falls_back_into_a_grace_by_itself() -> None:
    assert {event: after for (before, event), after in TABLE.items() if before is N and after in {I, R}} == {
        Event.REARMED: I
    }


def test_replaying_events_gives_the_state() -> None:
    assert replay([]) is U
    assert replay([Event.KEY_INSTALLED, Event.ACTIVATED, Event.LEASE_ENDED, Event.GRACE_ENDED]) is N


def test_an_order_that_cannot_happen_is_a_bug() -> None:
    with pytest.raises(KeyError):
        replay([Event.ACTIVATED])


@given(wall=st.integers(0, 4000), use=st.integers(0, 4000), high=st.integers(0, 4000), deposit=st.booleans())
def test_every_standing_is_what_its_history_leads_to(wall: int, use: int, high: int, *, deposit: bool) -> None:
    machine = leased()
    if deposit:
        machine.deposit(end_day=day_number(MORNING) + 100)
    machine.seen(days(high))
    standing = machine.standing(days(wall), days(use))

    assert replay(standing.history) is standing.state


# a lease


@pytest.mark.parametrize(
    ("after", "state", "reason"),
    [
        (timedelta(0), L, None),
        (days(100), L, None),
        (VALIDITY - SECOND, L, None),
        (VALIDITY, R, Code.LEASE_ENDED),
        (VALIDITY + GRACE - SECOND, R, Code.LEASE_ENDED),
        (VALIDITY + GRACE, N, Code.LEASE_ENDED),
        (10 * YEAR, N, Code.LEASE_ENDED),
    ],
)
def test_a_lease_ends_then_its_grace(after: timedelta, state: State, reason: Code | None) -> None:
    standing = leased().standing(after)

    assert (standing.state, standing.reason, standing.method) == (state, reason, Method.HOST)
    assert standing.expires_at == (MORNING + VALIDITY if state is L else None)
    assert standing.grace_ends_at == (MORNING + VALIDITY + GRACE if state is R else None)
    assert (standing.organisation, standing.serial, standing.count) == (7, 41, 25)


@pytest.mark.parametrize(
    ("wall", "use", "state"),
    [
        (VALIDITY, timedelta(0), R),
        (VALIDITY - SECOND, timedelta(0), L),
        (timedelta(0), VALIDITY - SECOND, L),
        (timedelta(0), VALIDITY, R),
        (DAY, VALIDITY + GRACE - SECOND, R),
        (DAY, VALIDITY + GRACE + HOUR, N),
        (VALIDITY + GRACE, timedelta(0), N),
    ],
    ids=[
        "switched off all the time", "switched off, nearly there", "a standing wall clock, nearly there", "a standing wall clock",
        "grace by use", "grace over by use", "switched off through lease and grace",
    ],
)  # fmt: skip
def test_a_lease_ends_by_the_wall_clock_or_by_use(wall: timedelta, use: timedelta, state: State) -> None:
    assert leased().standing(wall, use).state is state


@pytest.mark.parametrize("policy", [{"validity": days(3)}, {"validity": days(3), "renewal_grace": days(1)}])
def test_the_vendors_policy_decides(policy: dict[str, Any]) -> None:
    machine = leased(**policy)

    assert machine.standing(days(3) - SECOND).state is L
    assert machine.standing(days(3)).state is R
    assert machine.standing(days(4)).state is (R if len(policy) == 1 else N)


def test_no_lease_outlives_the_certificates_limit() -> None:
    machine = Machine()
    machine.host.changes = {"lease_until_day": day_number(MORNING) + 10}
    machine.lease()
    end = day_end(day_number(MORNING) + 10)

    assert machine.standing(timedelta(0)).expires_at == end
    assert machine.standing(end - MORNING - SECOND).state is L
    assert machine.standing(end - MORNING).state is R


def test_a_renewal_begins_the_validity_anew() -> None:
    machine = leased()
    machine.lease(at=MORNING + days(170), used=used(days(170)))

    assert machine.standing(days(349)).state is L
    assert machine.standing(days(350)).state is R


# troubles


def test_the_grace_of_a_trouble_runs_from_when_it_was_noted() -> None:
    machine = leased()
    machine.seen(AT_REST)
    machine.change(trouble=Moment(seconds(MORNING + AT_REST), used(AT_REST)))

    standing = machine.standing(days(20), hardware=LAPTOP)
    assert (standing.state, standing.reason) == (R, Code.HARDWARE_CHANGED)
    assert standing.grace_ends_at == MORNING + AT_REST + GRACE
    assert machine.standing(AT_REST + GRACE, hardware=LAPTOP).state is N
    assert machine.standing(days(20)).state is L


def test_a_trouble_that_nobody_noted_counts_from_the_latest_clock_seen() -> None:
    machine = leased()
    machine.seen(AT_REST)

    assert machine.standing(AT_REST + GRACE - SECOND, hardware=LAPTOP).state is R
    assert machine.standing(AT_REST + GRACE, hardware=LAPTOP).state is N


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"key": MAK}, Code.KEY_WRONG_KIND), ({}, Code.HARDWARE_CHANGED)],
    ids=["a key of another kind", "other hardware"],
)
def test_ended_evidence_gains_no_second_grace_from_a_later_trouble(changes: dict[str, Any], reason: Code) -> None:
    """Else a machine in NOTIFICATION would come back for 30 days whenever somebody installs another kind of key."""
    machine = leased()
    late = VALIDITY + GRACE + DAY
    machine.seen(late)
    assert machine.standing(late).state is N

    machine.change(trouble=Moment(seconds(MORNING + late), used(late)), **changes)
    standing = machine.standing(late, hardware=None if changes else LAPTOP)

    assert (standing.state, standing.reason) == (N, reason)


def test_a_revoked_key_leads_into_grace_and_not_out_of_it() -> None:
    for method, purpose in (("lease", Purpose.HOST), ("read_object", Purpose.OBJECT), ("deposit", Purpose.PERMANENT)):
        machine = Machine()
        getattr(machine, method)()
        machine.vendor.publish(status={machine.vendor.issuing_number(purpose): KeyStatus.REVOKED})

        assert (machine.standing(DAY).state, machine.standing(DAY).reason) == (R, Code.KEY_REVOKED)
        assert machine.standing(GRACE).state is N


def test_a_domain_that_was_left_leads_into_grace_and_coming_back_out_of_it() -> None:
    machine = Machine()
    evidence = machine.read_object()
    machine.change(directory=evidence._replace(left=True))
    assert (machine.standing(DAY).state, machine.standing(DAY).reason) == (R, Code.NO_DOMAIN)

    machine.change(directory=evidence)
    assert machine.standing(DAY).state is L


# permanent activations


def test_a_trial_ends_after_its_last_day() -> None:
    machine = Machine()
    last = day_number(MORNING) + 14
    machine.deposit(end_day=last)
    end = day_end(last) - MORNING

    assert machine.standing(end - SECOND).expires_at == day_end(last)
    assert not machine.standing(end - SECOND).permanent
    assert (machine.standing(end).state, machine.standing(end).reason) == (R, Code.LEASE_ENDED)
    assert machine.standing(end + GRACE).state is N


def test_the_best_evidence_counts() -> None:
    machine = Machine()
    machine.lease()
    machine.read_object(at=MORNING + days(5), used=used(days(5)))

    assert machine.standing(days(6)).method is Method.DIRECTORY
    assert machine.standing(VALIDITY + days(6)).method is Method.DIRECTORY
    machine.deposit()
    assert machine.standing(days(6)).permanent


# without evidence


@pytest.mark.parametrize(
    ("is_proven", "unproven", "length"),
    [(True, days(30), days(30)), (False, days(30), days(30)), (True, days(3), days(30)), (False, days(3), days(3)),
     (False, days(90), days(30)), (False, timedelta(0), timedelta(0))],
)  # fmt: skip
def test_the_first_grace_is_shorter_where_no_certified_host_has_answered(
    unproven: timedelta, length: timedelta, *, is_proven: bool
) -> None:
    machine = Machine(VendorKeys(policy=Policy(unproven_grace=unproven)))
    if is_proven:
        request = machine.request()
        proof = Lease(request, machine.host.reply(request, 1), SALT, Moment(seconds(MORNING)))
        machine.record = machine.record._replace(proof=proof)

    if length:
        assert machine.standing(length - SECOND) == Standing(I, (Event.KEY_INSTALLED,), grace_ends_at=MORNING + length)
    assert machine.standing(length).state is N
    assert machine.standing(length).reason is None


@pytest.mark.parametrize("has_evidence", [False, True])
def test_without_a_key_an_edition_is_unlicensed(*, has_evidence: bool) -> None:
    machine = Machine()
    if has_evidence:
        machine.lease()
    machine.change(key=None)

    assert machine.standing(DAY) == Standing(U, ())


def test_a_key_alone_is_an_initial_grace() -> None:
    machine = Machine()

    assert machine.part.key == GENERIC
    assert machine.standing(DAY).state is I

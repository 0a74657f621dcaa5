"""What a key still covers: hosts, replacements, pools, days, blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Refused
from muster.trust.productkey import KeyKind
from muster.vendor.core.ledger import (
    CERTIFICATE_DAYS,
    FRESH_WITHIN_DAYS,
    HOSTS,
    MAX_DAYS,
    REACTIVATIONS,
    CertificateGrant,
    Certified,
    Confirmed,
    Cost,
    KeyFacts,
    PermanentGrant,
    grant_certificate,
    grant_permanent,
)
from muster.wire.calendar import MAX_DAY

TODAY = 20_000
HOST_KEY = KeyFacts(KeyKind.HOST, "ABCDE", is_blocked=False, is_organisation_blocked=False, days=CERTIFICATE_DAYS)
MAK = KeyFacts(KeyKind.MAK, "VWXYZ", is_blocked=False, is_organisation_blocked=False, activations=3)


def subject(number: int) -> bytes:
    return bytes([number]) * 32


def certified(number: int, begun: int = TODAY, **changes: bool) -> Certified:
    return Certified(number, subject(number), begun, CERTIFICATE_DAYS, **changes)


SIX = [certified(number) for number in range(1, HOSTS + 1)]


def code_of_certificate(key: KeyFacts, given_: list[Certified], number: int, replaces: int | None = None) -> Code:
    with pytest.raises(Refused) as refused:
        grant_certificate(key, given_, subject(number), TODAY, replaces)
    return refused.value.code


def test_six_hosts_are_covered_and_the_seventh_is_not() -> None:
    for have in range(HOSTS):
        assert grant_certificate(HOST_KEY, SIX[:have], subject(99), TODAY) == CertificateGrant(Cost.HOST)
    assert code_of_certificate(HOST_KEY, SIX, 99) is Code.HOST_LIMIT_REACHED


def test_the_same_key_pair_again_gets_the_same_certificate_for_nothing() -> None:
    assert grant_certificate(HOST_KEY, SIX, subject(3), TODAY) == CertificateGrant(Cost.NOTHING, repeats=3)


@pytest.mark.parametrize(("left", "is_fresh"), [(FRESH_WITHIN_DAYS + 1, False), (FRESH_WITHIN_DAYS, True), (1, True)])
def test_a_fresh_certificate_is_free_in_the_last_90_days(left: int, is_fresh: bool) -> None:
    six = [certified(number, TODAY - CERTIFICATE_DAYS + left) for number in range(1, HOSTS + 1)]
    expected = CertificateGrant(Cost.NOTHING, replaces=3) if is_fresh else CertificateGrant(Cost.NOTHING, repeats=3)
    assert grant_certificate(HOST_KEY, six, subject(3), TODAY) == expected


def test_an_ended_host_makes_room_and_does_not_come_back_as_a_seventh() -> None:
    ended = certified(1, TODAY - CERTIFICATE_DAYS)
    five = SIX[1:]
    assert grant_certificate(HOST_KEY, [ended, *five], subject(7), TODAY) == CertificateGrant(Cost.HOST)
    assert grant_certificate(HOST_KEY, [ended, *five], subject(1), TODAY) == CertificateGrant(Cost.HOST)
    assert code_of_certificate(HOST_KEY, [ended, *five, certified(7)], 1) is Code.HOST_LIMIT_REACHED


def test_nine_replacements_are_covered_and_the_tenth_is_not() -> None:
    for done in range(REACTIVATIONS):
        granted = grant_certificate(replace(HOST_KEY, reactivated=done), SIX, subject(99), TODAY, 2)
        assert granted == CertificateGrant(Cost.REACTIVATION, replaces=2)
    spent = replace(HOST_KEY, reactivated=REACTIVATIONS)
    assert code_of_certificate(spent, SIX, 99, replaces=2) is Code.HOST_LIMIT_REACHED


def test_exceptions_that_were_granted_raise_both_limits() -> None:
    seven = replace(HOST_KEY, hosts=HOSTS + 1)
    assert grant_certificate(seven, SIX, subject(99), TODAY) == CertificateGrant(Cost.HOST)
    ten = replace(HOST_KEY, reactivations=REACTIVATIONS + 1, reactivated=REACTIVATIONS)
    assert grant_certificate(ten, SIX, subject(99), TODAY, 2).cost is Cost.REACTIVATION


def test_only_a_certificate_in_use_under_this_key_can_be_replaced() -> None:
    gone = [certified(1, is_replaced=True), certified(2, is_withdrawn=True), certified(3, TODAY - CERTIFICATE_DAYS)]
    for serial in (1, 2, 3, 4):
        assert code_of_certificate(HOST_KEY, gone, 99, replaces=serial) is Code.NOT_FOUND


def test_a_replaced_host_is_counted_anew_when_it_returns() -> None:
    six = [certified(1, is_replaced=True), *SIX[1:], certified(7)]
    assert code_of_certificate(HOST_KEY, six, 1) is Code.HOST_LIMIT_REACHED


def test_a_withdrawn_key_pair_gets_no_other_certificate_under_the_same_key() -> None:
    given_ = [certified(1, is_withdrawn=True)]
    assert code_of_certificate(HOST_KEY, given_, 1) is Code.CERTIFICATE_WITHDRAWN
    assert grant_certificate(HOST_KEY, given_, subject(2), TODAY) == CertificateGrant(Cost.HOST)


def test_what_a_revoked_issuing_key_signed_is_given_anew_for_nothing() -> None:
    six = [certified(1, is_key_usable=False), *SIX[1:]]
    assert grant_certificate(HOST_KEY, six, subject(1), TODAY) == CertificateGrant(Cost.NOTHING, replaces=1)


def test_a_blocked_key_or_organisation_gets_nothing_not_even_again() -> None:
    for key, code in (
        (replace(HOST_KEY, is_blocked=True), Code.KEY_BLOCKED),
        (replace(HOST_KEY, is_organisation_blocked=True), Code.ORGANISATION_BLOCKED),
    ):
        assert code_of_certificate(key, SIX, 1) is code
    known = [Confirmed(b"one", b"\1\1\2\2\3\3\4\4", 0)]
    with pytest.raises(Refused) as refused:
        grant_permanent(replace(MAK, is_blocked=True), known, b"one", known[0].parts, TODAY)
    assert refused.value.code is Code.KEY_BLOCKED


def test_a_key_is_good_on_its_last_day_and_not_on_the_next() -> None:
    key = replace(HOST_KEY, until_day=TODAY)
    assert grant_certificate(key, [], subject(1), TODAY).cost is Cost.HOST
    assert code_of_certificate(replace(key, until_day=TODAY - 1), [], 1) is Code.KEY_EXHAUSTED


def test_a_pool_is_spent_by_machines_and_then_empty() -> None:
    assert grant_permanent(replace(MAK, used=2), [], b"new", bytes(8), TODAY) == PermanentGrant(Cost.ACTIVATION, 0)
    with pytest.raises(Refused) as refused:
        grant_permanent(replace(MAK, used=3), [], b"new", bytes(8), TODAY)
    assert refused.value.code is Code.KEY_EXHAUSTED


def test_the_same_id_and_the_same_hardware_are_free_though_the_pool_is_empty() -> None:
    spent = replace(MAK, used=3)
    known = [Confirmed(b"one", b"\1\1\2\2\3\3\4\4", 20_100)]
    free = PermanentGrant(Cost.NOTHING, 20_100)
    assert grant_permanent(spent, known, b"one", bytes(8), TODAY) == free
    assert grant_permanent(spent, known, b"two", b"\1\1\2\2\3\3\x09\x09", TODAY) == free
    with pytest.raises(Refused):
        grant_permanent(spent, known, b"two", b"\1\1\2\2\x09\x09\x09\x09", TODAY)


@pytest.mark.parametrize(
    ("days", "until", "end"),
    [(0, 0, 0), (30, 0, TODAY + 30), (0, TODAY + 9, TODAY + 9), (30, TODAY + 9, TODAY + 9), (3, TODAY + 9, TODAY + 3)],
)
def test_an_activation_ends_with_its_days_or_its_contract_whatever_comes_first(days: int, until: int, end: int) -> None:
    assert grant_permanent(replace(MAK, days=days, until_day=until), [], b"", bytes(8), TODAY).end_day == end


@given(st.integers(0, MAX_DAY), st.integers(1, MAX_DAYS))
def test_no_end_day_leaves_the_format(today: int, days: int) -> None:
    end = grant_permanent(replace(MAK, days=days), [], b"", bytes(8), today).end_day
    assert 0 < end <= MAX_DAY


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=60))
def test_no_order_of_requests_gives_more_hosts_or_replacements_than_were_sold(requests: list[tuple[int, bool]]) -> None:
    key, rows = HOST_KEY, list[Certified]()
    for number, wants_replacement in requests:
        live = [row for row in rows if not row.is_replaced]
        replaces = live[0].serial if wants_replacement and live else None
        try:
            granted = grant_certificate(key, rows, subject(number), TODAY, replaces)
        except Refused:
            continue
        if granted.repeats is not None:
            continue
        rows = [replace(row, is_replaced=row.is_replaced or row.serial == granted.replaces) for row in rows]
        rows.append(Certified(len(rows) + 1, subject(number), TODAY, CERTIFICATE_DAYS))
        key = replace(key, reactivated=key.reactivated + (granted.cost is Cost.REACTIVATION))
    assert len({row.subject for row in rows if not row.is_replaced}) <= HOSTS
    assert len(rows) <= HOSTS + REACTIVATIONS

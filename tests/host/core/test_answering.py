"""What a host answers: counts, refusals, hints, keysets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import BY_NUMBER, Code, Malformed
from muster.host.core.answering import Answering, Intervals, Mandate, Outcome, Represented, Verdict
from muster.host.core.counting import Counts, GroupKey
from muster.host.core.limits import NewIds
from muster.trust.chain import issue_certificate, verify_answer
from muster.trust.cose import public_bytes
from muster.wire.activation import RefusalClaims, ReplyClaims, State, decode_hint
from muster.wire.calendar import day_number, seconds
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import KeysetRequest, Purpose, decode_keyset_part, encode_keyset_request
from tests.worlds.host_world import GROUP, SERVER_EDITION, START, SmallVendor, private, request

NOW = seconds(START)
DAY = 86_400
HOST = private(99)
VENDOR = SmallVendor(versions=3)


@dataclass
class Bench:
    """A host's core with one mandate, and an inventory that knows what the test says."""

    vendor: SmallVendor = field(default_factory=lambda: VENDOR)
    per_hour: int = 3600
    last_seen: int = 0
    scope: int = GROUP
    level: int = 255
    begins: int = day_number(START)
    days: int = 10
    known: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        claims = CertificateClaims(1, 5, 7, self.begins, self.days, public_bytes(HOST), self.scope, self.level)
        certificate = issue_certificate(self.vendor.host_key, claims, Purpose.HOST)
        mandate = Mandate(certificate, claims, HOST)
        trusted = self.vendor.trusted
        represented = Represented(trusted.documents, frozenset(trusted.newest.withdrawn), (mandate,))
        self.core = Answering(
            {trusted.vendor_id: represented},
            Intervals(10_080, 120),
            Counts({}, 1),
            self.last_seen,
            NewIds(self.per_hour),
        )

    def ask(self, body: bytes, now: int = NOW, prefix: str = "") -> Verdict:
        return self.core.decide(body, "192.0.2.1", prefix, now, self._is_known)

    def _is_known(self, _group: GroupKey, client_id: bytes) -> bool:
        return client_id in self.known


def hinted(verdict: Verdict) -> Code:
    assert verdict.outcome is Outcome.HINTED
    assert verdict.row is None
    return BY_NUMBER[decode_hint(verdict.answer).code]


def test_a_count_is_signed_for_this_request_and_says_the_intervals() -> None:
    body = request(VENDOR, 1)
    verdict = Bench().ask(body)
    answer = verify_answer(body, verdict.answer, VENDOR.trusted)
    assert answer.claims == ReplyClaims(1, NOW, 120, 10_080)
    assert verdict.row is not None
    assert (verdict.row.client_id, verdict.row.seen, verdict.row.cache_size) == ((1).to_bytes(16, "big"), NOW, 50)


def test_the_same_request_in_the_same_state_gives_the_same_bytes() -> None:
    assert Bench().ask(request(VENDOR, 1)) == Bench().ask(request(VENDOR, 1))


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"group": 2}, Code.EDITION_NOT_COVERED), ({"level": 200}, Code.EDITION_NOT_COVERED)],
    ids=["another group", "a higher level"],
)
def test_what_the_certificate_does_not_cover_is_refused_with_a_signature(changes: dict[str, int], code: Code) -> None:
    body = request(VENDOR, 1, **changes)
    verdict = Bench(level=100).ask(body)
    claims = verify_answer(body, verdict.answer, VENDOR.trusted).claims
    assert isinstance(claims, RefusalClaims)
    assert (BY_NUMBER[claims.code], verdict.row) == (code, None)


def test_while_the_store_takes_nothing_every_request_is_refused_as_busy() -> None:
    bench = Bench()
    bench.core.is_busy = True
    body = request(VENDOR, 1)
    claims = verify_answer(body, bench.ask(body).answer, VENDOR.trusted).claims
    assert isinstance(claims, RefusalClaims)
    assert claims.code == Code.HOST_BUSY.number
    bench.core.is_busy = False
    assert bench.ask(body).told == 1


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, Code.CERTIFICATE_NOT_YET_VALID), (10, Code.CERTIFICATE_EXPIRED)],
)
def test_nothing_is_signed_outside_the_certificate(days: int, code: Code) -> None:
    assert hinted(Bench().ask(request(VENDOR, 1), NOW + days * DAY)) is code


def test_the_first_and_the_last_second_of_a_certificate_are_inside() -> None:
    begin = day_number(START) * DAY
    for moment in (begin, begin + 10 * DAY - 1):
        assert Bench().ask(request(VENDOR, 1), moment).outcome is Outcome.COUNTED


def test_a_withdrawn_certificate_signs_nothing() -> None:
    vendor = SmallVendor(withdrawn=(5,))
    assert hinted(Bench(vendor).ask(request(vendor, 1))) is Code.CERTIFICATE_WITHDRAWN


def test_strangers_and_hosts_without_certificate_say_so() -> None:
    assert hinted(Bench().ask(request(SmallVendor(seed=2), 1))) is Code.VENDOR_MISMATCH
    bench = Bench()
    trusted = VENDOR.trusted
    bench.core.vendors = {trusted.vendor_id: Represented(trusted.documents, frozenset(), ())}
    assert hinted(bench.ask(request(VENDOR, 1))) is Code.HOST_NOT_ACTIVATED


def test_another_version_is_told_the_highest_that_is_spoken() -> None:
    body = request(VENDOR, 1)
    verdict = Bench().ask(body[:1] + b"\x02" + body[2:])
    assert hinted(verdict) is Code.VERSION_NOT_SUPPORTED
    assert decode_hint(verdict.answer).version == 1


def test_a_clock_a_day_before_the_last_row_signs_nothing() -> None:
    bench = Bench(begins=day_number(START) - 20, days=100, last_seen=NOW)
    assert hinted(bench.ask(request(VENDOR, 1), NOW - DAY - 1)) is Code.CLOCK_SUSPECT
    verdict = bench.ask(request(VENDOR, 1), NOW - DAY)
    assert verdict.row is not None
    assert verdict.row.seen == NOW


def test_new_ids_beyond_the_limit_are_answered_but_neither_counted_nor_stored() -> None:
    bench = Bench(per_hour=2, known={(9).to_bytes(16, "big")})
    net = "192.0.2.0/24"
    assert [bench.ask(request(VENDOR, n), prefix=net).told for n in (1, 2, 3)] == [1, 2, 2]
    stranger = bench.ask(request(VENDOR, 3), prefix=net)
    assert (stranger.outcome, stranger.row, stranger.code) == (Outcome.NOT_COUNTED, None, Code.RATE_LIMITED)
    claims = verify_answer(request(VENDOR, 3), stranger.answer, VENDOR.trusted).claims
    assert isinstance(claims, ReplyClaims)
    assert bench.ask(request(VENDOR, 1), prefix=net).told == 2, "a renewal is exempt"
    assert bench.ask(request(VENDOR, 9), prefix=net).told == 3, "a machine of the inventory is no new id"
    assert bench.ask(request(VENDOR, 4)).told == 4, "loopback is exempt"


def test_of_several_certificates_the_one_that_lasts_longest_answers() -> None:
    bench = Bench()
    vendor_id, represented = next(iter(bench.core.vendors.items()))
    short = represented.mandates[0]
    claims = short.claims._replace(days=500, serial=6)
    long = Mandate(issue_certificate(VENDOR.host_key, claims, Purpose.HOST), claims, HOST)
    for mandates in ((short, long), (long, short)):
        bench.core.vendors = {vendor_id: replace(represented, mandates=mandates)}
        assert bench.ask(request(VENDOR, 1)).mandate is long


def test_keysets_are_handed_out_in_parts_one_version_at_a_time() -> None:
    trusted, bench = VENDOR.trusted, Bench()
    for have in (0, 1, 2):
        document, offset = b"", 0
        while True:
            body = encode_keyset_request(KeysetRequest(trusted.vendor_id, have, offset))
            part = decode_keyset_part(bench.ask(body).answer)
            assert (part.newest, part.offset) == (3, offset)
            document += part.data
            offset += len(part.data)
            if offset == part.total:
                break
        assert document == trusted.documents[have]
    nothing = bench.ask(encode_keyset_request(KeysetRequest(trusted.vendor_id, 3, 0)))
    assert decode_keyset_part(nothing.answer).total == 0
    beyond = bench.ask(encode_keyset_request(KeysetRequest(trusted.vendor_id, 0, 60_000)))
    assert decode_keyset_part(beyond.answer).data == b""
    foreign = encode_keyset_request(KeysetRequest(bytes(8), 0, 0))
    assert hinted(bench.ask(foreign)) is Code.VENDOR_MISMATCH


@given(st.binary(max_size=249))
def test_random_bytes_are_malformed_and_count_nobody(body: bytes) -> None:
    bench = Bench()
    try:
        verdict = bench.ask(body)
    except Malformed:
        return
    assert verdict.outcome is Outcome.HINTED


@given(cut=st.integers(0, 79), flip=st.integers(0, 7))
def test_a_damaged_request_never_counts_as_another(cut: int, flip: int) -> None:
    """What is not signed may be anything; it must still be answered for exactly what arrived."""
    body = bytearray(request(VENDOR, 1, SERVER_EDITION))
    body[cut % len(body)] ^= 1 << flip
    bench = Bench()
    try:
        verdict = bench.ask(bytes(body))
    except Malformed:
        assert bench.core.counts.keys() == ()
        return
    if verdict.outcome is Outcome.COUNTED:
        verify_answer(bytes(body), verdict.answer, VENDOR.trusted)
    assert verdict.request is None or verdict.request.state in State

"""One attempt, step by step: what is asked, what is believed, and what is told in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from muster.base.errors import Code, MusterError, Unreachable
from muster.client.core.attempt import AskHost, Circumstances, Outcome, Response, attempt
from muster.client.core.discovery import Address, Candidate, ServiceRecord, Source
from muster.client.core.search import AskName, SearchOrder
from muster.trust.cose import public_bytes
from muster.wire.activation import Flags, State, decode_request, request_kind
from muster.wire.frame import MAX_BODY
from muster.wire.keyset import Purpose, decode_keyset_request, encode_keyset_part, part_of
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_PRO, CertifiedHost, VendorKeys

SRV = "_muster._tcp.corp.example"
ONE, TWO, THREE = (Address(f"kms{n}.corp.example") for n in (1, 2, 3))
SILENT = Unreachable(Code.HOST_UNREACHABLE, "no answer")

Answer = bytes | MusterError | Callable[[bytes], bytes]


def hint(code: Code, version: int = 1) -> bytes:
    """An unsigned hint as a host writes it; numbers above 23 take a byte of their own."""
    number = code.number
    return bytes((0x82, version)) + (bytes((number,)) if number < 24 else bytes((0x18, number)))


@dataclass
class Surroundings:
    """What answers: hosts by address, and the SRV records of the zone."""

    vendor: VendorKeys = field(default_factory=VendorKeys)
    hosts: dict[Address, Answer] = field(default_factory=dict)
    records: tuple[ServiceRecord, ...] | MusterError = ()
    asked: list[Address] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def put(self, address: Address, answer: Answer, priority: int = 0) -> None:
        self.hosts[address] = answer
        assert isinstance(self.records, tuple)
        self.records = (*self.records, ServiceRecord(priority, 0, address.port, address.host))

    def certified(self, count: int = 25, **changes: Any) -> Callable[[bytes], bytes]:
        host = CertifiedHost(self.vendor, changes)
        return lambda request: host.reply(request, count)

    def refusing(self, code: Code) -> Callable[[bytes], bytes]:
        host = CertifiedHost(self.vendor)
        return lambda request: host.refuse(request, code.number)

    def circumstances(self, **changes: Any) -> Circumstances:
        return replace(
            Circumstances(
                edition=CAD_PRO,
                keysets=self.vendor.trusted,
                client_id=bytes(16),
                parts=bytes(16),
                state=State.INITIAL_GRACE,
                flags=Flags(0),
                now=MORNING,
                order=SearchOrder(zones=("corp.example",)),
                nonces=tuple(bytes((n,)) * 16 for n in range(16)),
            ),
            **changes,
        )

    def attempt(self, **changes: Any) -> Outcome:
        """Walk to the end, answering every question."""
        walk = attempt(self.circumstances(**changes))
        try:
            effect = next(walk)
            while True:
                effect = walk.send(self._respond(effect))
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome

    def _respond(self, effect: AskName | AskHost) -> Response:
        if isinstance(effect, AskName):
            return self.records if effect.name == SRV else ()
        self.asked.append(effect.address)
        self.bodies.append(effect.body)
        answer = self.hosts[effect.address]
        return answer(effect.body) if callable(answer) else answer


def code_of(outcome: Outcome) -> Code | None:
    return outcome.error.code if outcome.error else None


def test_the_first_host_above_the_threshold_ends_the_attempt() -> None:
    around = Surroundings()
    around.put(ONE, around.certified(25), priority=0)
    around.put(TWO, around.certified(50), priority=1)
    outcome = around.attempt()
    assert outcome.error is None
    assert outcome.counted is not None
    assert (outcome.counted.host, outcome.counted.claims.count, outcome.counted.organisation) == (ONE, 25, 7)
    assert around.asked == [ONE]


def test_a_machine_without_a_lease_is_counted_by_one_host_only() -> None:
    around = Surroundings()
    around.put(ONE, around.certified(24), priority=0)
    around.put(TWO, around.certified(50), priority=1)
    outcome = around.attempt()
    assert code_of(outcome) is Code.COUNT_BELOW_THRESHOLD
    assert "24 of 25" in str(outcome.error)
    assert around.asked == [ONE]


def test_a_renewal_goes_on_past_a_host_that_lost_its_count() -> None:
    around = Surroundings()
    around.put(ONE, around.certified(1), priority=0)
    around.put(TWO, around.certified(25), priority=1)
    outcome = around.attempt(flags=Flags.RENEWAL)
    assert outcome.error is None
    assert outcome.counted is not None
    assert outcome.counted.host == TWO


def test_of_several_counts_below_the_threshold_the_highest_is_told() -> None:
    around = Surroundings()
    for priority, (address, count) in enumerate([(ONE, 3), (TWO, 20), (THREE, 1)]):
        around.put(address, around.certified(count), priority)
    outcome = around.attempt(flags=Flags.RENEWAL)
    assert outcome.counted is not None
    assert (outcome.counted.host, outcome.counted.claims.count) == (TWO, 20)
    assert "20 of 25" in str(outcome.error)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (SILENT, Code.HOST_UNREACHABLE),
        (b"HTTP/1.1 400", Code.MESSAGE_MALFORMED),
        (bytes(MAX_BODY), Code.MESSAGE_MALFORMED),
        (hint(Code.HOST_NOT_ACTIVATED), Code.HOST_NOT_ACTIVATED),
        (hint(Code.VENDOR_MISMATCH), Code.VENDOR_MISMATCH),
        (hint(Code.VERSION_NOT_SUPPORTED, 9), Code.VERSION_NOT_SUPPORTED),
    ],
    ids=["silence", "another protocol", "zeros", "not activated", "another vendor", "another version"],
)
def test_what_proves_nothing_is_told_and_the_next_host_asked(answer: bytes | MusterError, code: Code) -> None:
    around = Surroundings()
    around.put(ONE, answer)
    alone = around.attempt()
    assert code_of(alone) is code
    assert alone.counted is None
    around.put(TWO, around.certified(25), priority=9)
    assert around.attempt().error is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scope": 2}, Code.EDITION_NOT_COVERED),
        ({"level": 9}, Code.EDITION_NOT_COVERED),
        ({"days": 1, "not_before_day": 20_000}, Code.CERTIFICATE_EXPIRED),
        ({"not_before_day": 20_999}, Code.CERTIFICATE_NOT_YET_VALID),
    ],
    ids=["another group", "a higher level", "ended", "not begun"],
)
def test_a_certificate_that_does_not_reach_this_edition_now_activates_nothing(
    changes: dict[str, Any], code: Code
) -> None:
    around = Surroundings(VendorKeys(opened=MORNING - timedelta(days=900)))
    around.put(ONE, around.certified(25, **changes))
    outcome = around.attempt()
    assert code_of(outcome) is code
    assert outcome.counted is None


def test_a_machine_of_one_organisation_is_not_activated_by_another_ones_host() -> None:
    around = Surroundings()
    around.put(ONE, around.certified(25))
    assert code_of(around.attempt(organisation=8)) is Code.ORGANISATION_MISMATCH
    assert around.attempt(organisation=7).error is None


def test_a_strangers_host_is_untrusted_whatever_it_claims() -> None:
    around = Surroundings()
    around.put(ONE, Surroundings(VendorKeys("stranger")).certified(1000))
    assert code_of(around.attempt()) is Code.HOST_UNTRUSTED


def test_the_answer_to_another_request_is_untrusted() -> None:
    around = Surroundings()
    old = CertifiedHost(around.vendor).reply(around.vendor.request_body())
    around.put(ONE, old)
    assert code_of(around.attempt()) is Code.HOST_UNTRUSTED


def test_a_signed_refusal_is_told_with_the_hosts_name_and_its_interval_is_kept() -> None:
    around = Surroundings()
    around.put(ONE, around.refusing(Code.HOST_BUSY))
    outcome = around.attempt()
    assert code_of(outcome) is Code.HOST_BUSY
    assert str(ONE) in str(outcome.error)
    assert outcome.retry_minutes == 120


def test_only_hosts_of_dns_are_left_out_when_they_say_they_are_another_vendors() -> None:
    around = Surroundings()
    around.put(ONE, hint(Code.VENDOR_MISMATCH))
    assert around.attempt().foreign == (ONE,)
    order = SearchOrder(configured=(Candidate(ONE, Source.MACHINE),))
    assert around.attempt(order=order).foreign == (), "what an administrator set is asked every time"


@pytest.mark.parametrize(("hours", "is_told"), [(3, False), (5, True), (-5, True)])
def test_a_clock_more_than_four_hours_apart_is_told_and_activates_all_the_same(hours: int, *, is_told: bool) -> None:
    around = Surroundings()
    around.put(ONE, around.certified(25))
    outcome = around.attempt(now=MORNING - timedelta(hours=hours))
    assert outcome.error is None
    assert outcome.skew == (timedelta(hours=hours) if is_told else None)


def test_every_request_has_a_nonce_of_its_own_and_says_what_the_machine_is() -> None:
    around = Surroundings()
    for address in (ONE, TWO, THREE):
        around.put(address, SILENT)
    around.attempt(state=State.NOTIFICATION, flags=Flags.VIRTUAL)
    requests = [decode_request(body) for body in around.bodies]
    assert len({request.nonce for request in requests}) == 3
    assert {(r.state, r.flags, r.edition, r.threshold) for r in requests} == {
        (State.NOTIFICATION, Flags.VIRTUAL, 1001, 25)
    }


def _new_key(vendor: VendorKeys) -> int:
    """A host key that only the next keyset names."""
    keys = vendor.keysets[-1].issuing
    number = keys[-1].number + 1
    spare = number - vendor.issuing_number(Purpose.HOST)
    fresh = keys[0]._replace(number=number, public=public_bytes(vendor.issuing_key(Purpose.HOST, spare)))
    vendor.publish(issuing=(*keys, fresh))
    return number


@pytest.mark.parametrize("serves", [True, False])
def test_an_unknown_issuing_key_is_looked_for_in_that_hosts_keysets(*, serves: bool) -> None:
    around = Surroundings()
    known = around.vendor.trusted
    reply = around.certified(25, issuing_key=_new_key(around.vendor))
    documents = around.vendor.documents

    def host(body: bytes) -> bytes:
        if request_kind(body):
            request = decode_keyset_request(body)
            newer = documents[request.have_version] if request.have_version < len(documents) and serves else b""
            return encode_keyset_part(part_of(newer, len(documents), request.offset))
        return reply(body)

    around.put(ONE, host)
    outcome = around.attempt(keysets=known)
    assert outcome.keysets.version == (2 if serves else 1)
    assert code_of(outcome) is (None if serves else Code.HOST_UNTRUSTED)


@pytest.mark.parametrize("records", [(), Unreachable(Code.DNS_UNREACHABLE)])
def test_without_any_candidate_it_is_told_why(records: tuple[ServiceRecord, ...] | MusterError) -> None:
    outcome = Surroundings(records=records).attempt()
    assert code_of(outcome) is (Code.DNS_UNREACHABLE if records else Code.NO_HOST_FOUND)
    if not records:
        assert SRV in str(outcome.error)


def test_a_machine_without_zones_is_told_that_it_has_none() -> None:
    outcome = Surroundings().attempt(order=SearchOrder())
    assert code_of(outcome) is Code.NO_HOST_FOUND
    assert "no DNS zone" in str(outcome.error)

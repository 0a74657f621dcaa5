"""From the vendor's keysets to one answer: what is believed, and every row of attacks on it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from muster.base.errors import Code, Malformed, MusterError, Refused, Untrusted
from muster.trust import cose
from muster.trust.chain import (
    Answer,
    issue_certificate,
    judge_answer,
    judge_certificate,
    lease_limit,
    sign_answer,
    verify_answer,
    verify_certificate,
)
from muster.trust.cose import LABEL_REFUSAL, LABEL_REPLY, public_bytes
from muster.trust.keyset import UnknownIssuingKey
from muster.wire.activation import RefusalClaims, ReplyClaims, encode_claims
from muster.wire.calendar import day_number
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.sign1 import Sign1, decode_sign1, encode_sign1
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_BASIC, CAD_PRO, CAD_SERVER, OFFICE_PRO, CertifiedHost, VendorKeys, days, key_of

VENDOR = VendorKeys()
TRUSTED = VENDOR.trusted
HOST = CertifiedHost(VENDOR)
REQUEST = VENDOR.request_body()
TODAY = day_number(MORNING)


def refused(answer: bytes, request: bytes = REQUEST, vendor: VendorKeys = VENDOR) -> MusterError:
    with pytest.raises((Malformed, Untrusted)) as error:
        verify_answer(request, answer, vendor.trusted)
    return error.value


def judged(answer: Answer, now: datetime = MORNING, vendor: VendorKeys = VENDOR, **arguments: Any) -> ReplyClaims:
    return judge_answer(answer, arguments.pop("edition", CAD_PRO), vendor.trusted, now, **arguments)


def answered(host: CertifiedHost = HOST, at: datetime = MORNING, **changes: Any) -> Answer:
    host = CertifiedHost(host.vendor, {**host.changes, **changes})
    return verify_answer(REQUEST, host.reply(REQUEST, at=at), host.vendor.trusted)


# who spoke


def test_a_certified_host_is_believed() -> None:
    answer = answered()

    assert answer.certificate == VENDOR.certificate_claims(public_bytes(HOST.private))
    assert isinstance(answer.claims, ReplyClaims)
    assert judged(answer).count == 25


def test_an_answer_is_the_same_bytes_each_time() -> None:
    assert HOST.reply(REQUEST) == HOST.reply(REQUEST)


@pytest.mark.parametrize("is_refusal", [False, True], ids=["reply", "refusal"])
def test_any_flipped_bit_of_an_answer_is_refused(*, is_refusal: bool) -> None:
    answer = HOST.refuse(REQUEST, 26) if is_refusal else HOST.reply(REQUEST)

    for bit in range(8 * len(answer)):
        damaged = bytearray(answer)
        damaged[bit // 8] ^= 1 << bit % 8
        refused(bytes(damaged))


def test_any_flipped_bit_of_the_request_takes_the_proof_away() -> None:
    answer = HOST.reply(REQUEST)

    for bit in range(8 * len(REQUEST)):
        other = bytearray(REQUEST)
        other[bit // 8] ^= 1 << bit % 8
        assert refused(answer, bytes(other)).code == "SIGNATURE_INVALID"


@pytest.mark.parametrize(
    "changes",
    [{"nonce": bytes(16)}, {"client_id": bytes(16)}, {"parts": bytes(16)}, {"edition": CAD_BASIC.id}, {"threshold": 5}],
    ids=["replayed to a later request", "another machine", "other hardware", "another edition", "another threshold"],
)
def test_an_answer_belongs_to_its_request(changes: dict[str, Any]) -> None:
    assert refused(HOST.reply(REQUEST), VENDOR.request_body(**changes)).code == "SIGNATURE_INVALID"


def test_a_swapped_certificate_is_noticed() -> None:
    """Two certificates of one host: an answer under the wide one does not become one under the narrow one."""
    narrow = CertifiedHost(VENDOR, {"serial": 40, "level": 5})
    message = decode_sign1(HOST.reply(REQUEST))

    assert refused(encode_sign1(message._replace(certificate=narrow.certificate))).code == "SIGNATURE_INVALID"


def test_a_host_without_certificate_proves_nothing() -> None:
    message = decode_sign1(HOST.reply(REQUEST))

    assert refused(encode_sign1(message._replace(certificate=None))).code == "MESSAGE_MALFORMED"


def test_a_host_that_certifies_itself_proves_nothing() -> None:
    claims = VENDOR.certificate_claims(public_bytes(HOST.private))
    own = issue_certificate(HOST.private, claims, Purpose.HOST)
    answer = sign_answer(HOST.private, REQUEST, own, ReplyClaims(1000, 0, 0, 0))

    assert refused(answer).code == "SIGNATURE_INVALID"


def test_somebody_elses_certificate_proves_nothing() -> None:
    answer = sign_answer(key_of("thief"), REQUEST, HOST.certificate, ReplyClaims(1000, 0, 0, 0))

    assert refused(answer).code == "SIGNATURE_INVALID"


def test_a_host_of_another_vendor_proves_nothing() -> None:
    stranger = CertifiedHost(VendorKeys(seed="stranger"))

    assert refused(stranger.reply(REQUEST)).code == "SIGNATURE_INVALID"


def test_a_host_whose_key_is_a_weak_point_proves_nothing() -> None:
    """Signed by the vendor, who was given a point of order 1: every signature would verify under it."""
    weak = (1).to_bytes(32, "little")
    claims = encode_claims(ReplyClaims(1000, 0, 0, 0))
    answer = encode_sign1(Sign1(claims, weak + bytes(32), VENDOR.certificate(weak)))

    assert "large order" in refused(answer).message


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.HOST, Purpose.OBJECT}))
def test_an_issuing_key_of_another_purpose_certifies_no_host(purpose: Purpose) -> None:
    claims = VENDOR.certificate_claims(public_bytes(HOST.private), issuing_key=VENDOR.issuing_number(purpose))
    certificate = issue_certificate(VENDOR.issuing_key(purpose), claims, Purpose.HOST)

    assert (
        refused(sign_answer(HOST.private, REQUEST, certificate, ReplyClaims(25, 0, 0, 0))).code == "SIGNATURE_INVALID"
    )


def test_an_activation_object_is_no_certificate_of_a_host_and_the_reverse() -> None:
    subject = public_bytes(HOST.private)
    for made, asked in ((Purpose.OBJECT, Purpose.HOST), (Purpose.HOST, Purpose.OBJECT)):
        certificate = VENDOR.certificate(subject, made)
        assert verify_certificate(certificate, TRUSTED, made).subject == subject
        with pytest.raises(Untrusted):
            verify_certificate(certificate, TRUSTED, asked)


def test_a_certificate_inside_a_certificate_is_malformed() -> None:
    message = decode_sign1(HOST.certificate)

    with pytest.raises(Malformed):
        verify_certificate(encode_sign1(message._replace(certificate=HOST.certificate)), TRUSTED, Purpose.HOST)


@pytest.mark.parametrize("claims", [ReplyClaims(25, 0, 120, 120), RefusalClaims(26, 0, 120)], ids=["reply", "refusal"])
def test_a_refusal_is_no_reply_and_the_reverse(claims: ReplyClaims | RefusalClaims) -> None:
    """Signed under the other's label, so that neither can be made of the other's signature."""
    wrong = LABEL_REFUSAL if isinstance(claims, ReplyClaims) else LABEL_REPLY
    aad = bound_to(wrong)
    answer = cose.sign(HOST.private, encode_claims(claims), aad, HOST.certificate)

    assert refused(answer).code == "SIGNATURE_INVALID"


def bound_to(label: bytes) -> bytes:
    return label + hashlib.sha256(REQUEST).digest() + hashlib.sha256(HOST.certificate).digest()


def test_a_key_that_only_a_newer_keyset_names_is_worth_asking_for() -> None:
    vendor = VendorKeys()
    host = CertifiedHost(vendor, {"issuing_key": 2})
    keys = vendor.keysets[0].issuing
    without_spare = VendorKeys()
    without_spare.publish(issuing=tuple(k for k in keys if k.number != 2))

    with pytest.raises(UnknownIssuingKey):
        verify_answer(REQUEST, host.reply(REQUEST), without_spare.trusted)
    without_spare.publish(issuing=keys)
    assert verify_answer(REQUEST, host.reply(REQUEST), without_spare.trusted).certificate.issuing_key == 2


@pytest.mark.parametrize(("status", "code"), [(KeyStatus.RETIRED, None), (KeyStatus.REVOKED, "KEY_REVOKED")])
def test_a_retired_issuing_key_is_believed_and_a_revoked_one_is_not(status: KeyStatus, code: str | None) -> None:
    vendor = VendorKeys()
    vendor.publish(status={1: status})
    answer = CertifiedHost(vendor).reply(REQUEST)

    if code is None:
        assert verify_answer(REQUEST, answer, vendor.trusted)
    else:
        assert refused(answer, vendor=vendor).code == code
        assert verify_answer(REQUEST, answer, vendor.trusted, even_revoked=True)


def test_a_certificate_that_begins_outside_its_keys_days_is_refused() -> None:
    first = TRUSTED.newest.issuing[0].not_before_day

    assert refused(CertifiedHost(VENDOR, {"not_before_day": first - 1}).reply(REQUEST)).code == "SIGNATURE_INVALID"


@pytest.mark.parametrize("answer", [b"", b"\x82\x01\x05", bytes(249), b"\x84" * 249, REQUEST], ids=bytes.hex)
def test_what_is_no_answer_is_malformed(answer: bytes) -> None:
    assert refused(answer).code == "MESSAGE_MALFORMED"


# whether it is enough


def judgement(answer: Answer, **arguments: Any) -> str:
    with pytest.raises((Refused, Untrusted)) as error:
        judged(answer, **arguments)
    return str(error.value.code)


@pytest.mark.parametrize(
    ("changes", "edition", "code"),
    [
        ({}, CAD_PRO, None),
        ({}, OFFICE_PRO, "EDITION_NOT_COVERED"),
        ({"scope": 2}, CAD_PRO, "EDITION_NOT_COVERED"),
        ({"scope": 2}, OFFICE_PRO, None),
        ({"level": 10}, CAD_PRO, None),
        ({"level": 9}, CAD_PRO, "EDITION_NOT_COVERED"),
        ({"level": 10}, CAD_BASIC, None),
        ({"level": 10}, CAD_SERVER, "EDITION_NOT_COVERED"),
        ({"released_until_day": TODAY - 400}, CAD_PRO._replace(released_day=TODAY - 399), "MAINTENANCE_ENDED"),
        ({"released_until_day": TODAY - 400}, CAD_PRO._replace(released_day=TODAY - 400), None),
        ({"released_until_day": TODAY - 400}, CAD_PRO, None),
        ({"released_until_day": 0}, CAD_PRO._replace(released_day=TODAY), None),
    ],
)
def test_scope_level_and_release(changes: dict[str, Any], edition: Any, code: str | None) -> None:
    answer = answered(**changes)

    if code is None:
        assert judged(answer, edition=edition)
    else:
        assert judgement(answer, edition=edition) == code


@pytest.mark.parametrize(("pinned", "code"), [(None, None), (7, None), (8, "ORGANISATION_MISMATCH")])
def test_an_organisation_can_be_pinned(pinned: int | None, code: str | None) -> None:
    if code is None:
        assert judged(answered(), organisation=pinned)
    else:
        assert judgement(answered(), organisation=pinned) == code


BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
END = BEGIN + days(3 * 365)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("host_time", "code"),
    [
        (BEGIN - SECOND, "CERTIFICATE_NOT_YET_VALID"),
        (BEGIN, None),
        (END - SECOND, None),
        (END, "CERTIFICATE_EXPIRED"),
        (datetime(1970, 1, 1, tzinfo=UTC), "CERTIFICATE_NOT_YET_VALID"),
        (datetime(2038, 1, 20, tzinfo=UTC), "CERTIFICATE_EXPIRED"),
        (datetime(2106, 2, 7, tzinfo=UTC), "CERTIFICATE_EXPIRED"),
    ],
)
def test_the_window_is_judged_at_the_hosts_signed_time(host_time: datetime, code: str | None) -> None:
    answer = answered(at=host_time)

    if code is None:
        assert judged(answer)
    else:
        assert judgement(answer) == code


@pytest.mark.parametrize(
    ("now", "suspect", "code"),
    [
        (END + days(1) - SECOND, False, None),
        (END + days(1), False, "CERTIFICATE_EXPIRED"),
        (END + days(1), True, None),
        (END + days(3650), True, None),
        (BEGIN - days(3650), False, None),
        (datetime(1970, 1, 1, tzinfo=UTC), False, None),
    ],
)
def test_the_clients_clock_may_be_a_day_past_the_end_unless_it_is_suspect(
    now: datetime, code: str | None, *, suspect: bool
) -> None:
    if code is None:
        assert judged(answered(), now, clock_suspect=suspect)
    else:
        assert judgement(answered(), now=now, clock_suspect=suspect) == code


def test_a_withdrawn_serial_renews_nothing_even_on_a_suspect_clock() -> None:
    vendor = VendorKeys()
    vendor.publish(withdrawn=(41,))
    answer = answered(CertifiedHost(vendor))

    for suspect in (False, True):
        assert judgement(answer, vendor=vendor, clock_suspect=suspect) == "CERTIFICATE_WITHDRAWN"
    assert judged(answered(CertifiedHost(vendor), serial=42), vendor=vendor)


def test_no_lease_begins_after_the_last_lease_day() -> None:
    answer = answered(lease_until_day=TODAY)
    midnight = MORNING.replace(hour=0) + days(1)

    assert lease_limit(answer.certificate) == midnight
    assert judged(answer, midnight - SECOND)
    assert judgement(answer, now=midnight) == "CERTIFICATE_EXPIRED"
    assert lease_limit(answered().certificate) is None


@pytest.mark.parametrize(
    ("number", "code"), [(26, "HOST_BUSY"), (Code.CLOCK_SKEW.number, "CLOCK_SKEW"), (0, "INTERNAL"), (255, "INTERNAL")]
)
def test_a_signed_refusal_is_an_honest_no_with_the_hosts_own_code(number: int, code: str) -> None:
    answer = verify_answer(REQUEST, HOST.refuse(REQUEST, number), TRUSTED)

    with pytest.raises(Refused) as error:
        judged(answer)
    assert error.value.code == code


def test_a_certificate_is_judged_the_same_wherever_it_comes_from() -> None:
    claims = VENDOR.certificate_claims(bytes(32), Purpose.OBJECT)

    judge_certificate(claims, CAD_PRO, MORNING)
    with pytest.raises(Refused):
        judge_certificate(claims, OFFICE_PRO, MORNING)


def test_a_count_below_the_threshold_is_still_proof_of_a_certified_host() -> None:
    answer = verify_answer(REQUEST, HOST.reply(REQUEST, count=1), TRUSTED)

    assert judged(answer).count == 1

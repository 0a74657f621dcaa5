"""The chain of keysets: what extends it, and every attempt to bend it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from muster.base.errors import Malformed, Untrusted
from muster.trust.cose import public_bytes
from muster.trust.keyset import (
    TrustedKeysets,
    UnknownIssuingKey,
    assemble,
    enter,
    extend,
    fingerprint_of,
    merge,
    sign_keyset,
    sign_payload,
)
from muster.wire.calendar import day_number
from muster.wire.keyset import Keyset, KeyStatus, Purpose, decode_signed_keyset, encode_keyset
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import DAYS_AFTER, VendorKeys, key_of

LONG_AFTER = MORNING + timedelta(days=DAYS_AFTER + 1)


@pytest.fixture
def vendor() -> VendorKeys:
    return VendorKeys()


def rotated(versions: int) -> VendorKeys:
    vendor = VendorKeys()
    for _ in range(versions - 1):
        vendor.publish()
    return vendor


def refusal(documents: list[bytes], **arguments: Any) -> str:
    with pytest.raises(Untrusted) as refused:
        enter(documents, **arguments)
    return str(refused.value.code)


# entering


def test_the_fingerprint_is_the_hash_of_the_first_document(vendor: VendorKeys) -> None:
    trusted = enter(vendor.documents)

    assert trusted.fingerprint == fingerprint_of(vendor.documents[0])
    assert trusted.vendor_id == trusted.fingerprint[:8]
    assert trusted.version == 1


def test_another_vendor_with_the_same_names_is_refused(vendor: VendorKeys) -> None:
    stranger = VendorKeys(seed="stranger")

    assert refusal(stranger.documents, fingerprint=vendor.fingerprint) == "VENDOR_MISMATCH"


def test_no_keysets_are_no_vendor() -> None:
    assert refusal([]) == "KEYSET_UNTRUSTED"


def test_a_chain_begins_at_version_1() -> None:
    assert refusal(rotated(2).documents[1:]) == "KEYSET_UNTRUSTED"


def test_a_client_ten_versions_behind_walks_the_whole_chain() -> None:
    vendor = rotated(11)

    assert enter(vendor.documents, fingerprint=vendor.fingerprint).version == 11


def test_roots_can_be_replaced_again_and_again() -> None:
    """Each generation of roots is brought in by the one before it."""
    vendor = VendorKeys()
    for generation in range(2, 12):
        vendor.publish(
            [*vendor.root_keys(generation - 1), *vendor.root_keys(generation)],
            roots=vendor.root_publics(vendor.root_keys(generation)),
        )

    assert enter(vendor.documents).newest.roots == vendor.root_publics(vendor.root_keys(11))


def test_there_are_at_most_64_keysets() -> None:
    vendor = VendorKeys(roots=1, threshold=1)
    for _ in range(63):
        vendor.publish()
    trusted = vendor.trusted
    again = sign_keyset(vendor.keysets[-1]._replace(issued_day=1), vendor.root_keys(1))

    assert trusted.version == 64
    with pytest.raises(Untrusted, match="more than 64"):
        extend(trusted, again, now=MORNING)


# thresholds


def one_of_two_generations(vendor: VendorKeys, old: int, new: int) -> bytes:
    """The second keyset, with new roots, signed by so many of the old and of the new ones."""
    following = vendor.next_keyset(roots=vendor.root_publics(vendor.root_keys(2)))
    return sign_keyset(following, [*vendor.root_keys(1)[:old], *vendor.root_keys(2)[:new]])


@pytest.mark.parametrize(("old", "new"), [(2, 2), (3, 2), (2, 3), (3, 3)])
def test_both_thresholds_are_enough(vendor: VendorKeys, old: int, new: int) -> None:
    assert extend(vendor.trusted, one_of_two_generations(vendor, old, new), now=MORNING).version == 2


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 3), (1, 3), (3, 0), (3, 1), (1, 1)])
def test_too_few_signatures_of_either_generation_are_refused(vendor: VendorKeys, old: int, new: int) -> None:
    with pytest.raises(Untrusted) as refused:
        extend(vendor.trusted, one_of_two_generations(vendor, old, new), now=MORNING)

    assert refused.value.code == "KEYSET_UNTRUSTED"


def test_the_first_keyset_needs_its_own_threshold(vendor: VendorKeys) -> None:
    assert refusal([sign_keyset(vendor.keysets[0], vendor.root_keys(1)[:1])]) == "KEYSET_UNTRUSTED"


def test_signatures_of_strangers_do_not_count(vendor: VendorKeys) -> None:
    strangers = [key_of("stranger", n) for n in range(2)]
    document = sign_keyset(vendor.next_keyset(), [vendor.root_keys(1)[0], *strangers])

    with pytest.raises(Untrusted, match="lacks signatures"):
        extend(vendor.trusted, document, now=MORNING)


def test_a_threshold_cannot_be_lowered_by_fewer_than_the_old_one(vendor: VendorKeys) -> None:
    lowered = vendor.next_keyset(threshold=1)

    with pytest.raises(Untrusted):
        extend(vendor.trusted, sign_keyset(lowered, vendor.root_keys(1)[:1]), now=MORNING)
    assert extend(vendor.trusted, sign_keyset(lowered, vendor.root_keys(1)[:2]), now=MORNING).newest.threshold == 1


def test_one_signature_that_does_not_verify_spoils_the_document(vendor: VendorKeys) -> None:
    payload = encode_keyset(vendor.next_keyset())
    good = sign_payload(payload, vendor.root_keys(1)[:2])
    bad = (public_bytes(vendor.root_keys(1)[2]), bytes(64))

    assert extend(vendor.trusted, assemble(payload, good), now=MORNING).version == 2
    with pytest.raises(Untrusted, match="does not verify"):
        extend(vendor.trusted, assemble(payload, [*good, bad]), now=MORNING)


def test_signatures_may_be_collected_in_any_order(vendor: VendorKeys) -> None:
    payload = encode_keyset(vendor.next_keyset())
    signatures = sign_payload(payload, vendor.root_keys(1))

    assert assemble(payload, signatures) == assemble(payload, reversed(signatures))


def test_an_issuing_key_cannot_sign_keysets(vendor: VendorKeys) -> None:
    document = sign_keyset(vendor.next_keyset(), [vendor.issuing_key(purpose) for purpose in Purpose])

    with pytest.raises(Untrusted):
        extend(vendor.trusted, document, now=MORNING)


@pytest.mark.parametrize("place", ["roots", "issuing"])
def test_a_keyset_with_a_point_of_small_order_is_refused(vendor: VendorKeys, place: str) -> None:
    weak = (1).to_bytes(32, "little")
    first = vendor.keysets[0]
    if place == "roots":
        following = vendor.next_keyset(roots=tuple(sorted((*first.roots, weak))))
    else:
        following = vendor.next_keyset(issuing=(first.issuing[0]._replace(public=weak), *first.issuing[1:]))

    with pytest.raises(Untrusted, match="large order"):
        extend(vendor.trusted, sign_keyset(following, vendor.root_keys(1)), now=MORNING)


def test_any_flipped_bit_of_a_keyset_is_refused(vendor: VendorKeys) -> None:
    document = vendor.publish()
    trusted = enter(vendor.documents[:1])

    for bit in range(0, 8 * len(document), 5):
        damaged = bytearray(document)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Malformed, Untrusted)):
            extend(trusted, bytes(damaged), now=MORNING)


# versions: rollback, fast-forward, freeze, fork


def test_versions_grow_by_one(vendor: VendorKeys) -> None:
    for version in (1, 3, 64):
        document = sign_keyset(vendor.next_keyset()._replace(version=version), vendor.root_keys(1))
        with pytest.raises(Untrusted, match="follows version 1"):
            extend(vendor.trusted, document, now=MORNING)


def test_an_older_chain_changes_nothing() -> None:
    vendor = rotated(5)

    assert merge(vendor.trusted, vendor.documents[:3], now=MORNING) == vendor.trusted
    assert merge(vendor.trusted, vendor.documents, now=LONG_AFTER) == vendor.trusted


def test_a_longer_chain_is_taken() -> None:
    vendor = rotated(5)
    behind = enter(vendor.documents[:2])

    assert merge(behind, vendor.documents, now=MORNING) == vendor.trusted


def test_a_chain_of_another_vendor_is_not_merged(vendor: VendorKeys) -> None:
    with pytest.raises(Untrusted) as refused:
        merge(vendor.trusted, VendorKeys(seed="stranger").documents, now=MORNING)

    assert refused.value.code == "VENDOR_MISMATCH"


def test_a_fork_is_refused_whichever_side_is_longer() -> None:
    """Two different keysets of one version, both signed: a vendor whose root keys are used by two hands."""
    one, other = rotated(3), rotated(1)
    other.publish(withdrawn=(41,))
    other.publish()
    other.publish()

    for known, offered in ((one, other), (other, one)):
        with pytest.raises(Untrusted, match="one version"):
            merge(known.trusted, offered.documents, now=MORNING)


def test_more_signatures_on_the_same_payload_are_no_fork(vendor: VendorKeys) -> None:
    payload = encode_keyset(vendor.next_keyset())
    fewer, more = (assemble(payload, sign_payload(payload, vendor.root_keys(1)[:count])) for count in (2, 3))
    known = extend(vendor.trusted, fewer, now=MORNING)
    vendor.documents.append(more)

    merged = merge(known, vendor.documents, now=MORNING)

    assert merged.version == 2
    assert merged.documents[1] == fewer


def test_an_expired_end_is_not_taken_anew() -> None:
    vendor = rotated(2)

    assert refusal(vendor.documents, now=LONG_AFTER) == "KEYSET_TOO_OLD"
    behind = enter(vendor.documents[:1])
    with pytest.raises(Untrusted) as extending:
        extend(behind, vendor.documents[1], now=LONG_AFTER)
    with pytest.raises(Untrusted) as merging:
        merge(behind, vendor.documents, now=LONG_AFTER)
    assert extending.value.code == merging.value.code == "KEYSET_TOO_OLD"


def test_an_expired_keyset_in_the_middle_does_not_matter() -> None:
    vendor = VendorKeys()
    day = day_number(MORNING)
    vendor.publish(expires_day=day - 1)
    vendor.publish(expires_day=day + 100)

    assert enter(vendor.documents, now=MORNING).version == 3
    assert merge(enter(vendor.documents[:1]), vendor.documents, now=MORNING).version == 3


def test_a_known_chain_stays_trusted_after_its_expiry_and_says_so(vendor: VendorKeys) -> None:
    trusted = enter(vendor.documents)

    assert not trusted.is_expired(LONG_AFTER - timedelta(days=2))
    assert trusted.is_expired(LONG_AFTER)
    assert trusted.issuing(1, Purpose.HOST, day_number(MORNING))


def test_the_last_day_is_covered_to_its_end(vendor: VendorKeys) -> None:
    vendor.publish(expires_day=day_number(MORNING))
    midnight = MORNING.replace(hour=0) + timedelta(days=1)

    assert not vendor.trusted.is_expired(midnight - timedelta(seconds=1))
    assert vendor.trusted.is_expired(midnight)


# issuing keys


def test_an_issuing_key_serves_its_purpose_within_its_days(vendor: VendorKeys) -> None:
    trusted, day = vendor.trusted, day_number(MORNING)
    key = trusted.newest.issuing[0]

    assert trusted.issuing(1, Purpose.HOST, key.not_before_day) == key.public
    assert trusted.issuing(1, Purpose.HOST, key.not_after_day) == key.public
    for outside in (key.not_before_day - 1, key.not_after_day + 1):
        with pytest.raises(Untrusted, match="not to be used"):
            trusted.issuing(1, Purpose.HOST, outside)
    for purpose in set(Purpose) - {Purpose.HOST}:
        with pytest.raises(Untrusted, match="is for host"):
            trusted.issuing(1, purpose, day)


def test_an_unknown_number_may_be_known_to_a_newer_keyset(vendor: VendorKeys) -> None:
    with pytest.raises(UnknownIssuingKey):
        vendor.trusted.issuing(99, Purpose.HOST, day_number(MORNING))


def with_status(status: KeyStatus) -> TrustedKeysets:
    vendor = VendorKeys()
    vendor.publish(status={1: status, 5: status})
    return vendor.trusted


def test_a_retired_key_keeps_its_old_evidence_good() -> None:
    assert with_status(KeyStatus.RETIRED).issuing(1, Purpose.HOST, day_number(MORNING))
    assert 5 in {k.number for k in with_status(KeyStatus.RETIRED).of_purpose(Purpose.PERMANENT)}


def test_a_revoked_key_voids_it() -> None:
    trusted = with_status(KeyStatus.REVOKED)

    with pytest.raises(Untrusted) as refused:
        trusted.issuing(1, Purpose.HOST, day_number(MORNING))
    assert refused.value.code == "KEY_REVOKED"
    assert trusted.issuing(1, Purpose.HOST, day_number(MORNING), even_revoked=True)
    assert {k.number for k in trusted.of_purpose(Purpose.PERMANENT)} == {6}


def test_every_key_of_a_purpose_is_tried_newest_first() -> None:
    vendor = VendorKeys()
    many = tuple(vendor.keysets[0].issuing[0]._replace(number=n, purpose=Purpose.PERMANENT) for n in range(1, 12))
    vendor.publish(issuing=many)

    assert [k.number for k in vendor.trusted.of_purpose(Purpose.PERMANENT)] == list(range(11, 0, -1))


def test_withdrawn_serials_are_those_of_the_newest_keyset() -> None:
    vendor = VendorKeys()
    vendor.publish(withdrawn=(41, 42))
    vendor.publish(withdrawn=(42,))

    assert not vendor.trusted.is_withdrawn(41)
    assert vendor.trusted.is_withdrawn(42)


def test_a_signed_document_holds_its_keyset(vendor: VendorKeys) -> None:
    signed = decode_signed_keyset(vendor.documents[0])

    assert isinstance(vendor.keysets[0], Keyset)
    assert signed.payload == encode_keyset(vendor.keysets[0])

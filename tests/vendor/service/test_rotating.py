"""Keysets: changed in one step, or proposed, signed elsewhere and published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, Refused, Untrusted
from muster.trust.keyset import TrustedKeysets
from muster.trust.product import open_product
from muster.vendor import app as vendor
from muster.vendor.core.keysets import SPARES, current
from muster.vendor.core.ledger import Cost
from muster.wire.keyset import KeyStatus, Purpose
from tests.worlds.vendor_world import PASSPHRASE, Acme, host

ALL = tuple(Purpose)


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    return Acme(tmp_path / "vendor")


def usable(trusted: TrustedKeysets, purpose: Purpose) -> int:
    keys = trusted.newest.issuing
    return sum(key.purpose is purpose and key.status is KeyStatus.ACTIVE for key in keys)


def in_use(trusted: TrustedKeysets, acme: Acme) -> dict[Purpose, int]:
    return {purpose: current(trusted.newest, purpose, acme.vendor.today).number for purpose in Purpose}


def test_a_new_vendor_announces_one_key_and_two_spares_of_every_purpose(acme: Acme) -> None:
    trusted = acme.vendor.keysets()
    assert {purpose: usable(trusted, purpose) for purpose in Purpose} == dict.fromkeys(Purpose, 1 + SPARES)
    assert trusted.fingerprint.hex() == acme.fingerprint


def test_rotation_brings_a_spare_into_use_that_older_keysets_know_already(acme: Acme) -> None:
    before = acme.vendor.keysets()
    after = vendor.change(acme.vendor, vendor.Change(rotate=ALL))
    known_before = {key.number for key in before.newest.issuing}
    assert set(in_use(after, acme).values()) <= known_before
    assert set(in_use(after, acme).values()).isdisjoint(in_use(before, acme).values())
    assert {usable(after, purpose) for purpose in Purpose} == {1 + SPARES}


def test_every_rotation_can_sign_with_what_it_brought_into_use(acme: Acme) -> None:
    key = acme.host_key()
    first = acme.confirm(host(key, 0))
    for number in range(1, 6):
        trusted = vendor.change(acme.vendor, vendor.Change(rotate=(Purpose.HOST, Purpose.PRODUCT)))
        acme.confirm(host(key, number))
        product = open_product(vendor.export_product(acme.again()), now=acme.clock.now())
        assert product.claims.issuing_key == in_use(trusted, acme)[Purpose.PRODUCT]
    assert acme.confirm(host(key, 0)).packed == first.packed


def test_after_a_revocation_the_same_host_gets_a_new_certificate_for_nothing(acme: Acme) -> None:
    key = acme.host_key()
    first = acme.confirm(host(key, 1))
    number = in_use(acme.vendor.keysets(), acme)[Purpose.HOST]
    vendor.change(acme.vendor, vendor.Change(revoke=(number,)))
    fresh = acme.confirm(host(key, 1))
    assert (fresh.serial != first.serial, fresh.cost) == (True, Cost.NOTHING)


def test_a_withdrawn_certificate_stands_in_the_keyset_and_is_not_given_again(acme: Acme) -> None:
    key = acme.host_key()
    serial = acme.confirm(host(key, 1)).serial
    assert serial is not None
    assert vendor.change(acme.vendor, vendor.Change(withdraw=(serial,))).is_withdrawn(serial)
    with pytest.raises(Refused) as refused:
        acme.confirm(host(key, 1))
    assert refused.value.code is Code.CERTIFICATE_WITHDRAWN


@pytest.mark.parametrize(
    "change", [vendor.Change(withdraw=(99,)), vendor.Change(retire=(99,)), vendor.Change(revoke=(99,))]
)
def test_what_does_not_exist_cannot_be_changed_and_nothing_is_published(acme: Acme, change: vendor.Change) -> None:
    with pytest.raises(Refused) as refused:
        vendor.change(acme.vendor, change)
    assert refused.value.code is Code.NOT_FOUND
    assert acme.vendor.keysets().version == 1


def carried_away(home: Path, to: Path) -> list[Path]:
    """The root keys' files, moved to another place."""
    to.mkdir()
    return [path.rename(to / path.name) for path in sorted((home / "roots").glob("*.box"))]


def test_two_of_three_root_keys_elsewhere_sign_what_was_proposed_here(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "vendor", roots=3, threshold=2)
    files = carried_away(acme.home, tmp_path / "safe")
    with pytest.raises(Misconfigured) as missing:
        vendor.change(acme.vendor, vendor.Change(rotate=ALL))
    assert "0 of 2" in missing.value.message
    proposal = vendor.propose(acme.vendor, vendor.Change(rotate=ALL))
    signatures = [vendor.sign(proposal, [vendor.read_root(path, PASSPHRASE)]) for path in files]
    with pytest.raises(Untrusted) as lacking:
        vendor.publish(acme.vendor, proposal, signatures[:1])
    assert lacking.value.code is Code.KEYSET_UNTRUSTED
    assert vendor.publish(acme.vendor, proposal, signatures[1:]).version == 2
    assert acme.confirm(host(acme.host_key(), 1)).serial


def test_a_second_proposal_does_not_take_the_keys_of_the_first(acme: Acme) -> None:
    first = vendor.propose(acme.vendor, vendor.Change(rotate=(Purpose.HOST,)))
    vendor.propose(acme.vendor, vendor.Change(rotate=(Purpose.HOST,)))
    vendor.publish(acme.vendor, first, [vendor.sign(first, acme.vendor.keys.roots())])
    for _ in range(SPARES):
        vendor.change(acme.vendor, vendor.Change(rotate=(Purpose.HOST,)))
    assert acme.confirm(host(acme.host_key(), 1)).serial


def test_only_one_of_two_proposals_for_a_version_can_be_published(acme: Acme) -> None:
    proposals = [vendor.propose(acme.vendor, vendor.Change(rotate=(purpose,))) for purpose in ALL[:2]]
    signatures = [vendor.sign(proposal, acme.vendor.keys.roots()) for proposal in proposals]
    vendor.publish(acme.vendor, proposals[0], signatures[:1])
    with pytest.raises(Untrusted) as late:
        vendor.publish(acme.vendor, proposals[1], signatures[1:])
    assert late.value.code is Code.KEYSET_UNTRUSTED
    assert acme.vendor.keysets().version == 2


def test_signatures_for_another_proposal_are_refused(acme: Acme) -> None:
    one, other = (vendor.propose(acme.vendor, vendor.Change(rotate=(purpose,))) for purpose in ALL[:2])
    with pytest.raises(Refused) as refused:
        vendor.publish(acme.vendor, one, [vendor.sign(other, acme.vendor.keys.roots())])
    assert refused.value.code is Code.KEYSET_UNTRUSTED


@pytest.mark.parametrize(
    "signatures",
    ["", "[]", "{", "[" * 60_000, '{"title": 1}', json.dumps({"title": "muster keyset signatures", "payload": "0g"})],
)
def test_a_file_that_is_no_signatures_is_named_and_changes_nothing(acme: Acme, signatures: str) -> None:
    proposal = vendor.propose(acme.vendor, vendor.Change(rotate=ALL))
    with pytest.raises(Malformed):
        vendor.publish(acme.vendor, proposal, [signatures])
    assert acme.vendor.keysets().version == 1


@pytest.mark.parametrize("pairs", [[["00", "00"]], [["00" * 32, "00" * 64]], [["00" * 32, "00" * 64, "00"]], [5], {}])
def test_signatures_of_strange_shape_are_refused(acme: Acme, pairs: object) -> None:
    proposal = vendor.propose(acme.vendor, vendor.Change(rotate=ALL))
    content = json.loads(vendor.sign(proposal, acme.vendor.keys.roots())) | {"signatures": pairs}
    with pytest.raises(MusterError) as refused:
        vendor.publish(acme.vendor, proposal, [json.dumps(content)])
    assert refused.value.code in {Code.MESSAGE_MALFORMED, Code.KEYSET_UNTRUSTED}
    assert acme.vendor.keysets().version == 1

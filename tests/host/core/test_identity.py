"""What a host is to one vendor: its key pair, its installation id, its certificate."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Malformed, Misconfigured, MusterError
from muster.host.core.identity import (
    Identity,
    confirm_one,
    decode_identity,
    encode_identity,
    make_identity,
)
from muster.trust.humanid import format_installation, parse_confirmation
from muster.trust.installation import is_tag_good
from muster.trust.product import open_product
from muster.trust.productkey import KeyKind
from muster.wire.confirmation import PermanentConfirmation, pack_confirmation
from tests.worlds.host_world import START, SmallVendor

VENDOR = SmallVendor()
PRODUCT = open_product(VENDOR.product_file())
KEY = VENDOR.key()
IDENTITY = make_identity(PRODUCT, KEY, bytes(range(32)))
DIGITS = format_installation(IDENTITY.installation)


def confirm(identity: Identity, digits: str, vendor: SmallVendor = VENDOR, days: int = 0) -> Identity:
    now = START + timedelta(days=days)
    return confirm_one([(identity, vendor.trusted)], parse_confirmation(digits), now)[1]


def test_an_installation_id_proves_the_key_without_holding_it() -> None:
    assert is_tag_good(IDENTITY.installation, KEY.secret)
    assert IDENTITY.installation.reference == KEY.reference
    assert KEY.text.encode() not in encode_identity(IDENTITY)


def test_a_confirmation_gives_the_right_to_answer() -> None:
    confirmed = confirm(IDENTITY, VENDOR.confirm(DIGITS))
    mandate = confirmed.mandate(VENDOR.trusted)
    assert mandate is not None
    assert (mandate.claims.scope, mandate.claims.level, mandate.claims.organisation) == (1, 255, 7)
    assert IDENTITY.mandate(VENDOR.trusted) is None


def test_an_identity_is_read_as_it_was_written() -> None:
    for identity in (IDENTITY, confirm(IDENTITY, VENDOR.confirm(DIGITS))):
        assert decode_identity(encode_identity(identity)) == identity


@given(st.binary(max_size=300))
def test_no_bytes_make_an_identity_by_chance(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode_identity(data)


@pytest.mark.parametrize(("kind", "scope"), [(KeyKind.MAK, 1001), (KeyKind.GENERIC, 1001), (KeyKind.HOST, 99)])
def test_other_keys_are_refused(kind: KeyKind, scope: int) -> None:
    with pytest.raises(MusterError) as error:
        make_identity(PRODUCT, VENDOR.key(kind, scope), bytes(32))
    assert error.value.code is (Code.KEY_UNKNOWN if kind is KeyKind.HOST else Code.KEY_WRONG_KIND)


def test_a_confirmation_of_another_host_of_another_vendor_or_for_another_group_is_not_believed() -> None:
    other = make_identity(PRODUCT, KEY, bytes(32))
    foreign = SmallVendor(seed=2)
    for digits in (
        VENDOR.confirm(format_installation(other.installation)),
        foreign.confirm(DIGITS),
        VENDOR.confirm(DIGITS, scope=2),
    ):
        with pytest.raises(MusterError) as error:
            confirm(IDENTITY, digits)
        assert error.value.code is Code.CONFIRMATION_UNTRUSTED


def test_a_confirmation_that_is_over_or_withdrawn_says_so() -> None:
    with pytest.raises(MusterError) as error:
        confirm(IDENTITY, VENDOR.confirm(DIGITS, days=10), days=10)
    assert error.value.code is Code.CERTIFICATE_EXPIRED
    strict = SmallVendor(withdrawn=(1,))
    with pytest.raises(MusterError) as error:
        confirm(IDENTITY, strict.confirm(DIGITS), strict)
    assert error.value.code is Code.CERTIFICATE_WITHDRAWN


def test_a_confirmation_finds_its_identity_among_several() -> None:
    identities = [make_identity(PRODUCT, VENDOR.key(chance=n), bytes((n,)) * 32) for n in (1, 2, 3)]
    digits = VENDOR.confirm(format_installation(identities[1].installation))
    candidates = [(identity, VENDOR.trusted) for identity in identities]
    index, confirmed = confirm_one(candidates, parse_confirmation(digits), START)
    assert (index, confirmed.installation) == (1, identities[1].installation)
    with pytest.raises(Misconfigured) as error:
        confirm_one([], parse_confirmation(digits), START)
    assert error.value.code is Code.NO_KEY


def test_a_confirmation_for_a_machine_does_not_belong_here() -> None:
    packed = pack_confirmation(PermanentConfirmation(0, bytes(64)))
    with pytest.raises(Malformed) as error:
        confirm_one([(IDENTITY, VENDOR.trusted)], packed, START)
    assert error.value.code is Code.CONFIRMATION_MALFORMED

from __future__ import annotations

from typing import Any

import pytest

from muster.base.errors import Malformed, Misconfigured, MusterError, Refused, Untrusted
from muster.trust.chain import issue_certificate
from muster.trust.keyset import enter
from muster.trust.product import Product, issue_product, open_product
from muster.trust.productkey import KeyKind
from muster.wire.armour import PRODUCT_FILE, armour, dearmour
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.product import ProductFile, decode_product_file, encode_product_file
from muster.wire.sign1 import decode_sign1, encode_sign1
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD, CAD_PRO, DAYS_AFTER, VendorKeys, days


@pytest.fixture
def vendor() -> VendorKeys:
    return VendorKeys()


def refusal(text: str, **arguments: Any) -> str:
    with pytest.raises(MusterError) as refused:
        open_product(text, **arguments)
    return str(refused.value.code)


def test_a_product_file_opens_to_its_claims_and_keysets(vendor: VendorKeys) -> None:
    vendor.publish()
    product = open_product(vendor.product_file(), now=MORNING, fingerprint=vendor.fingerprint)

    assert product == Product(vendor.claims(), vendor.trusted)
    assert product.fingerprint == vendor.fingerprint
    assert product.policy == vendor.policy


def test_the_same_claims_give_the_same_file(vendor: VendorKeys) -> None:
    assert vendor.product_file() == vendor.product_file()


def test_editions_and_groups_are_found(vendor: VendorKeys) -> None:
    product = vendor.product()

    assert product.edition("acme-cad-pro") == product.edition_by_id(1001) == CAD_PRO
    assert product.group(1) == CAD
    assert product.edition_by_id(9) is None
    assert product.group(9) is None
    assert product.generic_key(CAD_PRO).kind is KeyKind.GENERIC


def test_an_unknown_edition_is_told_with_those_that_exist(vendor: VendorKeys) -> None:
    with pytest.raises(Misconfigured) as refused:
        vendor.product().edition("acme-cad-max")

    assert refused.value.code == "EDITION_UNKNOWN"
    assert "acme-cad-pro" in refused.value.hint


def test_a_foreign_file_with_the_same_names_is_refused(vendor: VendorKeys) -> None:
    foreign = VendorKeys(seed="stranger").product_file()

    assert refusal(foreign, fingerprint=vendor.fingerprint) == "VENDOR_MISMATCH"
    assert refusal(foreign, known=vendor.trusted, now=MORNING) == "VENDOR_MISMATCH"
    assert refusal(foreign, known=vendor.trusted) == "SIGNATURE_INVALID"


def test_another_fingerprint_than_that_of_the_known_keysets_is_refused(vendor: VendorKeys) -> None:
    other = VendorKeys(seed="stranger").fingerprint

    assert refusal(vendor.product_file(), fingerprint=other) == "VENDOR_MISMATCH"
    assert refusal(vendor.product_file(), fingerprint=other, known=vendor.trusted, now=MORNING) == "VENDOR_MISMATCH"
    assert refusal(vendor.product_file(), fingerprint=other, known=vendor.trusted) == "VENDOR_MISMATCH"


def test_foreign_claims_under_good_keysets_are_refused(vendor: VendorKeys) -> None:
    stranger = VendorKeys(seed="stranger")
    mixed = issue_product(stranger.issuing_key(Purpose.PRODUCT), stranger.claims(), vendor.documents)

    assert refusal(mixed) == "SIGNATURE_INVALID"


def test_an_older_serial_is_refused(vendor: VendorKeys) -> None:
    text = vendor.product_file(serial=6)

    assert open_product(text, least_serial=6).claims.serial == 6
    with pytest.raises(Refused) as refused:
        open_product(text, least_serial=7)
    assert refused.value.code == "PRODUCT_TOO_OLD"


def test_an_older_file_does_not_take_newer_keysets_back(vendor: VendorKeys) -> None:
    old = vendor.product_file()
    vendor.publish(withdrawn=(41,))

    product = open_product(old, now=MORNING, known=vendor.trusted)

    assert product.keysets == vendor.trusted
    assert product.keysets.is_withdrawn(41)


def test_a_newer_file_brings_newer_keysets(vendor: VendorKeys) -> None:
    known = vendor.trusted
    vendor.publish()

    assert open_product(vendor.product_file(), now=MORNING, known=known).keysets.version == 2


def test_a_stored_file_is_opened_with_the_longer_chain_known_here(vendor: VendorKeys) -> None:
    stored = vendor.product_file()
    vendor.publish()

    assert open_product(stored, known=vendor.trusted).keysets.version == 2


def test_a_file_whose_keysets_have_expired_is_not_installed_but_an_installed_one_goes_on(vendor: VendorKeys) -> None:
    late = MORNING + days(DAYS_AFTER + 1)

    assert refusal(vendor.product_file(), now=late) == "KEYSET_TOO_OLD"
    assert open_product(vendor.product_file())


@pytest.mark.parametrize(("status", "code"), [(KeyStatus.RETIRED, None), (KeyStatus.REVOKED, "KEY_REVOKED")])
def test_a_file_of_a_retired_key_opens_and_one_of_a_revoked_key_does_not(status: KeyStatus, code: str | None) -> None:
    vendor = VendorKeys()
    vendor.publish(status={vendor.issuing_number(Purpose.PRODUCT): status})

    if code is None:
        assert vendor.product()
    else:
        assert refusal(vendor.product_file()) == code


def test_an_installed_file_opens_even_when_a_newer_keyset_revokes_its_key() -> None:
    vendor = VendorKeys()
    stored = vendor.product_file()
    vendor.publish(status={vendor.issuing_number(Purpose.PRODUCT): KeyStatus.REVOKED})

    assert open_product(stored, known=vendor.trusted).keysets.version == 2
    assert refusal(stored, now=MORNING, known=vendor.trusted) == "KEY_REVOKED"


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.PRODUCT}))
def test_a_key_of_another_purpose_signs_no_product(vendor: VendorKeys, purpose: Purpose) -> None:
    claims = vendor.claims(issuing_key=vendor.issuing_number(purpose))

    assert refusal(issue_product(vendor.issuing_key(purpose), claims, vendor.documents)) == "SIGNATURE_INVALID"


def repacked(text: str, product: bytes) -> str:
    file = decode_product_file(dearmour(text, PRODUCT_FILE))
    return armour(PRODUCT_FILE, encode_product_file(ProductFile(file.keysets, product)))


def test_a_signature_of_another_kind_is_no_product(vendor: VendorKeys) -> None:
    """The product key itself, but under the label of a certificate."""
    number = vendor.issuing_number(Purpose.PRODUCT)
    certificate = issue_certificate(
        vendor.issuing_key(Purpose.PRODUCT), vendor.certificate_claims(bytes(32), issuing_key=number), Purpose.HOST
    )
    message = decode_sign1(decode_product_file(dearmour(vendor.product_file(), PRODUCT_FILE)).product)
    transplanted = encode_sign1(message._replace(signature=decode_sign1(certificate).signature))

    assert refusal(repacked(vendor.product_file(), transplanted)) == "SIGNATURE_INVALID"


def test_a_product_that_carries_a_certificate_is_malformed(vendor: VendorKeys) -> None:
    message = decode_sign1(decode_product_file(dearmour(vendor.product_file(), PRODUCT_FILE)).product)

    assert (
        refusal(repacked(vendor.product_file(), encode_sign1(message._replace(certificate=b"x"))))
        == "PRODUCT_MALFORMED"
    )


def test_any_flipped_bit_of_a_product_file_is_refused(vendor: VendorKeys) -> None:
    data = dearmour(vendor.product_file(), PRODUCT_FILE)

    for bit in range(0, 8 * len(data), 7):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Malformed, Untrusted)):
            open_product(armour(PRODUCT_FILE, bytes(damaged)), fingerprint=vendor.fingerprint)


def test_a_file_without_keysets_is_refused(vendor: VendorKeys) -> None:
    assert refusal(issue_product(vendor.issuing_key(Purpose.PRODUCT), vendor.claims(), [])) == "KEYSET_UNTRUSTED"


@pytest.mark.parametrize("text", ["", "licence", armour(PRODUCT_FILE, b""), armour(PRODUCT_FILE, bytes(1000))])
def test_what_is_no_product_file_is_malformed(text: str) -> None:
    assert refusal(text) == "PRODUCT_MALFORMED"


def test_a_file_survives_mail(vendor: VendorKeys) -> None:
    mailed = "Hello,\r\n\r\n" + vendor.product_file().replace("\n", "\r\n") + "\r\nAcme Software\r\n"

    assert open_product(mailed.encode()) == vendor.product()


def test_generic_keys_of_two_vendors_differ(vendor: VendorKeys) -> None:
    other = VendorKeys(seed="stranger").product()

    assert vendor.product().generic_key(CAD_PRO) != other.generic_key(CAD_PRO)
    assert enter(vendor.documents) == vendor.product().keysets

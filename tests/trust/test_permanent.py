from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Untrusted
from muster.trust.installation import host_id, machine_id
from muster.trust.keyset import UnknownIssuingKey
from muster.trust.permanent import confirm_certificate, rebuild_certificate, sign_permanent, verify_permanent
from muster.wire.calendar import day_number
from muster.wire.confirmation import (
    CertificateConfirmation,
    ConfirmationFormat,
    PermanentConfirmation,
    unpack_confirmation,
)
from muster.wire.installation import SubjectKind, pack_installation
from muster.wire.keyset import KeyStatus, Purpose
from tests.worlds.clocks import MORNING
from tests.worlds.machines import DESK, LAPTOP
from tests.worlds.vendor_keys import VendorKeys

SECRET = bytes(range(32))
VENDOR = VendorKeys()
INSTALLATION = pack_installation(machine_id(b"referenc", SECRET, 1001, DESK))
LAST_DAY = day_number(MORNING) + 30
SUBJECT = bytes(range(32))


def permanent(installation: bytes = INSTALLATION, end_day: int = 0, spare: int = 0) -> PermanentConfirmation:
    confirmation = unpack_confirmation(VENDOR.confirm_permanently(installation, end_day, spare))
    assert isinstance(confirmation, PermanentConfirmation)
    return confirmation


def refused(confirmation: Any, installation: bytes = INSTALLATION, vendor: VendorKeys = VENDOR) -> bool:
    with pytest.raises(Untrusted) as error:
        verify_permanent(installation, confirmation, vendor.trusted)
    return error.value.code == "CONFIRMATION_UNTRUSTED"


@pytest.mark.parametrize("end_day", [0, LAST_DAY])
@pytest.mark.parametrize("spare", [0, 1])
def test_a_confirmation_of_any_permanent_key_is_believed(end_day: int, spare: int) -> None:
    confirmation = permanent(end_day=end_day, spare=spare)

    assert verify_permanent(INSTALLATION, confirmation, VENDOR.trusted) == confirmation
    assert confirmation.end_day == end_day


def test_a_confirmation_is_the_same_each_time_so_that_a_retry_costs_nothing() -> None:
    assert VENDOR.confirm_permanently(INSTALLATION) == VENDOR.confirm_permanently(INSTALLATION)


@pytest.mark.parametrize(
    "other",
    [
        pack_installation(machine_id(b"referenc", SECRET, 1002, DESK)),
        pack_installation(machine_id(b"referenc", SECRET, 1001, LAPTOP)),
        pack_installation(machine_id(b"REFERENC", SECRET, 1001, DESK)),
        pack_installation(machine_id(b"referenc", bytes(32), 1001, DESK)),
    ],
    ids=["another edition", "another machine", "another key", "a wrong tag"],
)
def test_a_confirmation_belongs_to_its_installation_id(other: bytes) -> None:
    assert refused(permanent(), other)


def test_an_end_day_cannot_be_moved_or_taken_away() -> None:
    trial = permanent(end_day=LAST_DAY)

    assert refused(trial._replace(end_day=LAST_DAY + 1))
    assert refused(trial._replace(end_day=0))
    assert refused(permanent()._replace(end_day=LAST_DAY))


def test_any_flipped_bit_of_a_confirmation_is_refused() -> None:
    packed = VENDOR.confirm_permanently(INSTALLATION)

    for bit in range(8, 8 * len(packed)):
        damaged = bytearray(packed)
        damaged[bit // 8] ^= 1 << bit % 8
        assert refused(unpack_confirmation(bytes(damaged)))


@pytest.mark.parametrize("private", [VENDOR.issuing_key(Purpose.HOST), VENDOR.root_keys(1)[0]], ids=["host", "root"])
def test_a_key_of_another_purpose_confirms_nothing(private: Ed25519PrivateKey) -> None:
    assert refused(unpack_confirmation(sign_permanent(private, INSTALLATION)))


def test_a_revoked_permanent_key_confirms_nothing_and_a_retired_one_does() -> None:
    for status, good in ((KeyStatus.RETIRED, True), (KeyStatus.REVOKED, False)):
        vendor = VendorKeys()
        vendor.publish(status={vendor.issuing_number(Purpose.PERMANENT): status})
        if good:
            assert verify_permanent(INSTALLATION, permanent(), vendor.trusted)
        else:
            assert refused(permanent(), vendor=vendor)


def test_a_confirmation_of_a_host_is_no_permanent_one() -> None:
    assert refused(CertificateConfirmation(ConfirmationFormat.HOST, 1, 2, 3, 4, 5, 6, 7, 8, bytes(64)))


# certificates of hosts and directories


@pytest.mark.parametrize(
    ("purpose", "kind"), [(Purpose.HOST, SubjectKind.HOST), (Purpose.OBJECT, SubjectKind.DIRECTORY)]
)
def test_a_certificate_is_rebuilt_byte_by_byte(purpose: Purpose, kind: SubjectKind) -> None:
    certificate = VENDOR.certificate(SUBJECT, purpose)
    claims = VENDOR.certificate_claims(SUBJECT, purpose)

    confirmation = unpack_confirmation(confirm_certificate(certificate, claims, kind))

    assert rebuild_certificate(confirmation, SUBJECT, claims.scope, VENDOR.trusted) == (certificate, claims)


def confirmed() -> CertificateConfirmation:
    packed = confirm_certificate(VENDOR.certificate(SUBJECT), VENDOR.certificate_claims(SUBJECT), SubjectKind.HOST)
    confirmation = unpack_confirmation(packed)
    assert isinstance(confirmation, CertificateConfirmation)
    return confirmation


@pytest.mark.parametrize(
    ("subject", "scope", "changes"),
    [
        (bytes(32), 1, {}),
        (SUBJECT, 2, {}),
        (SUBJECT, 1, {"level": 254}),
        (SUBJECT, 1, {"serial": 42}),
        (SUBJECT, 1, {"organisation": 8}),
        (SUBJECT, 1, {"days": 2000}),
        (SUBJECT, 1, {"issuing_key": 2}),
        (SUBJECT, 1, {"lease_until_day": 1}),
        (SUBJECT, 1, {"format": ConfirmationFormat.DIRECTORY}),
        (SUBJECT, 1, {"signature": bytes(64)}),
    ],
)
def test_a_certificate_of_another_subject_or_with_other_fields_is_refused(
    subject: bytes, scope: int, changes: dict[str, Any]
) -> None:
    with pytest.raises(Untrusted) as error:
        rebuild_certificate(confirmed()._replace(**changes), subject, scope, VENDOR.trusted)

    assert error.value.code == "CONFIRMATION_UNTRUSTED"


def test_a_newer_product_file_may_know_the_key() -> None:
    with pytest.raises(UnknownIssuingKey):
        rebuild_certificate(confirmed()._replace(issuing_key=99), SUBJECT, 1, VENDOR.trusted)


def test_a_permanent_confirmation_makes_no_certificate() -> None:
    with pytest.raises(Untrusted):
        rebuild_certificate(permanent(), SUBJECT, 1, VENDOR.trusted)


def test_a_confirmation_of_a_host_fits_the_id_it_answers() -> None:
    assert len(pack_installation(host_id(b"referenc", SECRET, SUBJECT))) == 45

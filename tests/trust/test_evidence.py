"""What a machine's record proves, under replay, copying, revocation and damage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code
from muster.trust.evidence import Method, Proof, Situation, gather, holds_on
from muster.trust.hardware import Parts, lease_parts
from muster.wire.activation import encode_request
from muster.wire.calendar import day_end, day_number, moment, seconds
from muster.wire.confirmation import PermanentConfirmation, pack_confirmation, unpack_confirmation
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.record import Lease, Moment, VendorRecord
from tests.worlds.clocks import MORNING
from tests.worlds.machines import CONTAINER, DESK, GENERIC, LAPTOP, MAK, SALT, Machine
from tests.worlds.vendor_keys import CAD_BASIC, CAD_PRO, OFFICE_PRO, CertifiedHost, VendorKeys, days

NOW = Moment(seconds(MORNING))
REPAIRED = DESK._replace(disk="anotherdisk")


@pytest.fixture
def machine() -> Machine:
    return Machine()


def only(situation: Situation) -> Proof:
    (proof,) = situation.proofs
    return proof


# leases


def test_an_answer_from_a_host_with_enough_machines_is_a_lease(machine: Machine) -> None:
    machine.lease(count=31)

    assert only(machine.situation()) == Proof(
        Method.HOST, NOW, timedelta(days=180), None, None, organisation=7, serial=41, count=31
    )


@pytest.mark.parametrize(("count", "proofs"), [(0, 0), (24, 0), (25, 1), (1000, 1)])
def test_the_count_decides_against_the_editions_threshold(machine: Machine, count: int, proofs: int) -> None:
    """The threshold of the product file: what the request named is for the host's cache only."""
    machine.lease(count=count, threshold=1)

    assert len(machine.situation().proofs) == proofs


@pytest.mark.parametrize(
    "changes",
    [{"edition": CAD_BASIC.id}, {"vendor_id": bytes(8)}],
    ids=["another edition", "another vendor"],
)
def test_a_lease_for_something_else_proves_nothing(machine: Machine, changes: dict[str, Any]) -> None:
    machine.lease(**changes)

    assert machine.situation().proofs == ()


def test_the_lease_of_another_edition_does_not_become_this_ones(machine: Machine) -> None:
    other = Machine(machine.vendor, edition=CAD_BASIC)
    machine.change(lease=other.lease())

    assert other.situation().proofs
    assert machine.situation().proofs == ()


def test_a_reply_to_another_request_proves_nothing(machine: Machine) -> None:
    old, new = machine.lease(nonce=bytes(16)), machine.lease(nonce=b"\x01" * 16)
    machine.change(lease=new._replace(reply=old.reply))

    assert machine.situation().proofs == ()


def test_a_request_edited_to_fit_this_machine_proves_nothing(machine: Machine) -> None:
    copied = Machine(machine.vendor, hardware=LAPTOP).lease()
    request = encode_request(machine.vendor.request(parts=lease_parts(DESK, SALT)))
    machine.change(lease=copied._replace(request=request))

    assert machine.situation().proofs == ()


def test_a_signed_refusal_is_no_lease_but_proof_of_a_host(machine: Machine) -> None:
    request = machine.request()
    refused = Lease(request, machine.host.refuse(request, Code.HOST_BUSY.number), SALT, NOW)
    machine.change(lease=refused)
    machine.record = machine.record._replace(proof=refused)

    assert machine.situation().proofs == ()
    assert machine.situation().is_proven


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": 2},
        {"level": 9},
        {"not_before_day": day_number(MORNING) + 1},
        {"not_before_day": day_number(MORNING) - 10, "days": 10},
        {"issuing_key": 99},
        {"issuing_key": 7},
    ],
    ids=["scope", "level", "not yet", "no longer", "an unknown key", "a key of another purpose"],
)
def test_a_lease_under_a_certificate_that_does_not_fit_proves_nothing(
    machine: Machine, changes: dict[str, Any]
) -> None:
    machine.host.changes = changes
    machine.lease()

    assert machine.situation().proofs == ()


def test_the_window_is_judged_at_the_hosts_time_and_not_today(machine: Machine) -> None:
    """The certificate has ended since; the lease goes on."""
    machine.host.changes = {"days": 2}
    machine.lease()

    assert only(machine.situation()).trouble is None


def test_a_certificate_can_limit_its_leases(machine: Machine) -> None:
    machine.host.changes = {"lease_until_day": day_number(MORNING) + 10}
    machine.lease()

    assert only(machine.situation()).limit == day_end(day_number(MORNING) + 10)


@pytest.mark.parametrize(
    ("hardware", "trouble"),
    [
        (DESK, None),
        (REPAIRED, None),
        (REPAIRED._replace(board="anotherboard"), Code.HARDWARE_CHANGED),
        (LAPTOP, Code.HARDWARE_CHANGED),
        (CONTAINER, Code.HARDWARE_CHANGED),
        (Parts(), Code.HARDWARE_CHANGED),
    ],
    ids=["the same", "one part new", "two parts new", "a copied folder", "a container", "nothing readable"],
)
@pytest.mark.parametrize("method", ["lease", "read_object", "deposit"])
def test_evidence_holds_on_its_own_hardware(
    machine: Machine, method: str, hardware: Parts, trouble: Code | None
) -> None:
    getattr(machine, method)()

    assert only(machine.situation(hardware)).trouble == trouble


def test_a_machine_that_tells_nothing_of_itself_is_taken_at_its_word() -> None:
    machine = Machine(hardware=Parts())
    machine.lease()

    assert only(machine.situation()).trouble is None
    assert only(machine.situation(DESK)).trouble is Code.HARDWARE_CHANGED
    assert holds_on(bytes(16), SALT, Parts())


@pytest.mark.parametrize(
    ("status", "trouble"), [(KeyStatus.ACTIVE, None), (KeyStatus.RETIRED, None), (KeyStatus.REVOKED, Code.KEY_REVOKED)]
)
@pytest.mark.parametrize(
    ("method", "purpose"), [("lease", Purpose.HOST), ("read_object", Purpose.OBJECT), ("deposit", Purpose.PERMANENT)]
)
def test_retired_keys_keep_old_evidence_good_and_revoked_keys_void_it(
    machine: Machine, method: str, purpose: Purpose, status: KeyStatus, trouble: Code | None
) -> None:
    getattr(machine, method)()
    machine.vendor.publish(status={machine.vendor.issuing_number(purpose): status})

    assert only(machine.situation()).trouble == trouble


def test_a_withdrawn_serial_ends_renewals_and_no_lease(machine: Machine) -> None:
    machine.lease()
    machine.vendor.publish(withdrawn=(41,))

    assert only(machine.situation()).trouble is None


def test_evidence_of_a_vendor_with_the_same_names_proves_nothing(machine: Machine) -> None:
    stranger = Machine(VendorKeys(seed="stranger"))
    machine.change(lease=stranger.lease(), directory=stranger.read_object())

    assert machine.situation().proofs == ()


# directories


def test_an_activation_object_proves_for_a_validity_from_each_reading(machine: Machine) -> None:
    machine.read_object()

    assert only(machine.situation()) == Proof(Method.DIRECTORY, NOW, timedelta(days=180), organisation=7, serial=41)


def test_an_object_copied_to_another_directory_proves_nothing(machine: Machine) -> None:
    machine.read_object(directory=b"another forest")

    assert machine.situation().proofs == ()


def test_an_object_of_another_group_proves_nothing() -> None:
    machine = Machine(edition=OFFICE_PRO)
    machine.read_object()

    assert machine.situation().proofs == ()


def test_an_object_read_outside_its_window_proves_nothing(machine: Machine) -> None:
    machine.read_object(at=MORNING + days(3 * 365))

    assert machine.situation().proofs == ()


def test_a_machine_that_left_its_domain_is_in_trouble(machine: Machine) -> None:
    machine.change(directory=machine.read_object()._replace(left=True))

    assert only(machine.situation()).trouble is Code.NO_DOMAIN


def test_a_certificate_of_a_host_is_no_activation_object(machine: Machine) -> None:
    machine.change(directory=machine.read_object()._replace(certificate=machine.host.certificate))

    assert machine.situation().proofs == ()


# permanent activations


@pytest.mark.parametrize(("end_day", "limit"), [(0, None), (21_000, day_end(21_000))])
def test_a_confirmation_proves_for_good_or_to_its_last_day(machine: Machine, end_day: int, limit: Any) -> None:
    machine.deposit(end_day=end_day)

    assert only(machine.situation()) == Proof(Method.MAK, NOW, None, limit)


def test_a_confirmation_for_another_edition_proves_nothing(machine: Machine) -> None:
    machine.deposit(edition=CAD_BASIC)

    assert machine.situation().proofs == ()


def test_a_confirmation_moved_to_another_installation_id_proves_nothing(machine: Machine) -> None:
    elsewhere = Machine(machine.vendor, hardware=LAPTOP).deposit()
    machine.change(permanent=machine.deposit()._replace(confirmation=elsewhere.confirmation))

    assert machine.situation().proofs == ()


def test_a_trial_cannot_be_made_permanent(machine: Machine) -> None:
    trial = machine.deposit(end_day=21_000)
    confirmation = unpack_confirmation(trial.confirmation)
    assert isinstance(confirmation, PermanentConfirmation)
    for end_day in (0, 21_001):
        edited = pack_confirmation(confirmation._replace(end_day=end_day))
        machine.change(permanent=trial._replace(confirmation=edited))
        assert machine.situation().proofs == ()


# kinds of keys, and whether anybody answered


@pytest.mark.parametrize(
    ("method", "key", "trouble"),
    [
        ("lease", GENERIC, None),
        ("lease", MAK, Code.KEY_WRONG_KIND),
        ("read_object", GENERIC, None),
        ("read_object", MAK, Code.KEY_WRONG_KIND),
        ("deposit", MAK, None),
        ("deposit", GENERIC, Code.KEY_WRONG_KIND),
        ("deposit", None, Code.KEY_WRONG_KIND),
    ],
)
def test_evidence_counts_under_the_kind_of_key_that_is_installed(
    machine: Machine, method: str, key: Any, trouble: Code | None
) -> None:
    getattr(machine, method)()
    machine.change(key=key)

    assert only(machine.situation()).trouble == trouble


def test_every_piece_of_evidence_is_judged_by_itself(machine: Machine) -> None:
    machine.lease()
    machine.read_object()
    machine.deposit()

    found = {proof.method: proof.trouble for proof in machine.situation().proofs}
    assert found == {Method.HOST: Code.KEY_WRONG_KIND, Method.DIRECTORY: Code.KEY_WRONG_KIND, Method.MAK: None}


def test_an_edition_without_record_has_no_evidence(machine: Machine) -> None:
    situation = gather(machine.vendor.product(), OFFICE_PRO, machine.record, DESK)

    assert (situation.proofs, situation.is_proven, situation.record.key) == ((), False, None)


def test_an_answer_below_the_threshold_proves_that_a_host_counts_this_machine(machine: Machine) -> None:
    request = machine.request()
    machine.record = machine.record._replace(proof=Lease(request, machine.host.reply(request, 1), SALT, NOW))

    assert machine.situation().is_proven


@pytest.mark.parametrize("reply", [b"", b"\x82\x01\x05", bytes(200)], ids=["nothing", "a hint", "zeros"])
def test_an_unsigned_answer_proves_nothing(machine: Machine, reply: bytes) -> None:
    machine.record = machine.record._replace(proof=Lease(machine.request(), reply, SALT, NOW))

    assert not machine.situation().is_proven


def test_the_answer_of_another_vendors_host_proves_nothing(machine: Machine) -> None:
    request = machine.request()
    reply = CertifiedHost(VendorKeys(seed="stranger")).reply(request)
    machine.record = machine.record._replace(proof=Lease(request, reply, SALT, NOW))

    assert not machine.situation().is_proven


# damage


@given(data=st.data())
def test_damaged_evidence_is_no_proof_and_never_an_error(data: st.DataObject) -> None:
    machine = Machine()
    lease, seen, kept = machine.lease(), machine.read_object(), machine.deposit()

    def damaged(value: bytes) -> bytes:
        bit = data.draw(st.integers(0, 8 * len(value) - 1))
        changed = bytearray(value)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    machine.change(
        lease=lease._replace(request=damaged(lease.request)),
        directory=seen._replace(certificate=damaged(seen.certificate)),
        permanent=kept._replace(confirmation=damaged(kept.confirmation)),
    )

    assert machine.situation().proofs == ()


@given(junk=st.binary(max_size=100), at=st.integers(0, 2**32 - 1))
def test_junk_in_a_record_is_no_proof_and_never_an_error(junk: bytes, at: int) -> None:
    machine = Machine()
    lease, seen, kept = machine.lease(), machine.read_object(), machine.deposit()
    machine.change(
        lease=lease._replace(request=junk, reply=junk, received=Moment(at)),
        directory=seen._replace(certificate=junk, directory=junk, read=Moment(at)),
        permanent=kept._replace(installation=junk, confirmation=junk, deposited=Moment(at)),
    )
    machine.record = machine.record._replace(proof=Lease(junk, junk, SALT, Moment(at)))

    situation = machine.situation()
    assert (situation.proofs, situation.is_proven) == ((), False)


def test_a_record_says_when_its_evidence_came(machine: Machine) -> None:
    machine.lease(at=MORNING + days(3), used=7)

    assert only(machine.situation()).start == Moment(seconds(MORNING + days(3)), 7)
    assert isinstance(machine.record, VendorRecord)
    assert moment(NOW.at) == MORNING
    assert machine.edition == CAD_PRO

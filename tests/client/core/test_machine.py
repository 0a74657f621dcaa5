"""A machine's record over its life: begun, woken, copied, given keys, rearmed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Refused
from muster.client.core.machine import (
    Bearings,
    Fresh,
    begin,
    install_key,
    keep,
    note_trouble,
    part_of,
    rearm,
    remove_key,
    wake,
)
from muster.trust.hardware import Parts, lease_parts, make_parts
from muster.trust.productkey import KeyKind
from muster.trust.standing import Standing
from muster.wire.activation import State
from muster.wire.calendar import seconds
from muster.wire.product import Policy
from muster.wire.record import KeyKindCode, Moment, VendorRecord
from tests.worlds.clocks import MORNING
from tests.worlds.machines import CONTAINER, DESK, LAPTOP, Machine, leased
from tests.worlds.vendor_keys import VendorKeys

DAY = timedelta(days=1)
BOOT, NEXT_BOOT = b"boot-one", b"boot-two"
FIRST, SECOND = Fresh(b"a" * 16, b"A" * 32), Fresh(b"b" * 16, b"B" * 32)


def second() -> Fresh:
    return SECOND


def never() -> Fresh:
    raise AssertionError("this machine needs no new identity")


def at(after: timedelta = timedelta(), *, boot: bytes = BOOT, up: float = 100, hardware: Parts = DESK) -> Bearings:
    return Bearings(MORNING + after, boot, up, hardware)


def woken(record: VendorRecord, bearings: Bearings, fresh: Callable[[], Fresh] = never) -> VendorRecord:
    return wake(record, bearings, fresh)[0]


def test_both_clocks_move_on_while_the_machine_runs_and_while_it_is_off() -> None:
    record = begin(at(up=100), FIRST)
    assert (record.used, record.high_water) == (0, seconds(MORNING))
    record = woken(record, at(DAY, up=3_700))
    assert (record.used, record.high_water) == (3_600, seconds(MORNING + DAY))
    record = woken(record, at(3 * DAY, boot=NEXT_BOOT, up=50))
    assert record.used == 3_650, "what ran before the restart and was not saved is not counted"
    assert record.high_water == seconds(MORNING + 3 * DAY)


def test_a_clock_put_back_lowers_nothing() -> None:
    record = woken(begin(at(5 * DAY), FIRST), at(-5 * DAY, up=160))
    assert (record.used, record.high_water) == (60, seconds(MORNING + 5 * DAY))


@given(st.lists(st.tuples(st.integers(-10_000, 10_000), st.booleans(), st.integers(0, 100_000)), max_size=12))
def test_no_order_of_wakes_restarts_and_clocks_lets_use_or_high_water_fall(steps: list[tuple[int, bool, int]]) -> None:
    boots, up = 1, 100
    record = begin(at(boot=boots.to_bytes(8, "big"), up=up), FIRST)
    for hours, restarts, passed in steps:
        boots, up = (boots + 1, passed) if restarts else (boots, up + passed)
        after = woken(record, at(timedelta(hours=hours), boot=boots.to_bytes(8, "big"), up=up))
        assert record.used <= after.used <= record.used + passed
        assert after.high_water >= record.high_water
        record = after


def test_a_part_replaced_within_tolerance_becomes_the_new_normal() -> None:
    record = begin(at(), FIRST)
    for number in range(1, 4):
        changed = (make_parts(board=DESK.board, disk="d1", network=DESK.network, platform=DESK.platform),
                   make_parts(board=DESK.board, disk="d1", network="n1", platform=DESK.platform),
                   make_parts(board="b1", disk="d1", network="n1", platform=DESK.platform))[number - 1]  # fmt: skip
        record = woken(record, at(number * DAY, hardware=changed))
        assert record.parts == lease_parts(changed, FIRST.salt)
    assert record.client_id == FIRST.client_id


def test_a_record_on_other_hardware_is_a_copy_and_becomes_a_machine_of_its_own() -> None:
    machine = leased()
    record, copied = wake(machine.record, at(hardware=LAPTOP), second)
    assert copied
    assert (record.client_id, record.salt) == (SECOND.client_id, SECOND.salt)
    assert record.parts == lease_parts(LAPTOP, SECOND.salt)
    assert record.editions == machine.record.editions, "evidence is judged elsewhere, and never deleted here"
    again, copied_again = wake(record, at(hardware=LAPTOP), never)
    assert not copied_again
    assert again.client_id == SECOND.client_id


def test_a_container_is_known_by_its_machine_id_and_a_machine_without_any_sign_is_taken_at_its_word() -> None:
    record = begin(at(hardware=CONTAINER), FIRST)
    other = CONTAINER._replace(machine_id="another")
    assert not wake(record, at(hardware=CONTAINER), never)[1]
    assert wake(record, at(hardware=other), second)[1]
    nothing = make_parts(board=None, disk=None, network=None, platform=None)
    assert not wake(begin(at(hardware=nothing), FIRST), at(hardware=nothing), never)[1]


def test_the_first_grace_runs_from_the_first_key_whatever_key_comes_later() -> None:
    vendor = VendorKeys()
    record = begin(at(), FIRST)
    record = install_key(record, 1001, vendor.key(KeyKind.GENERIC, 1001), MORNING)
    record = woken(record, at(10 * DAY, up=1_000))
    for chance in (1, 2):
        record = install_key(record, 1001, vendor.key(KeyKind.MAK, 1001, chance), MORNING + 10 * DAY)
        assert part_of(record, 1001).installed == Moment(seconds(MORNING), 0)
    record = remove_key(record, 1001)
    assert part_of(record, 1001).key is None
    record = install_key(record, 1001, vendor.key(KeyKind.GENERIC, 1001), MORNING + 20 * DAY)
    assert part_of(record, 1001).installed == Moment(seconds(MORNING), 0)


def test_the_same_key_again_forgets_nothing_and_another_forgets_the_pending_id() -> None:
    vendor = VendorKeys()
    key = vendor.key(KeyKind.MAK, 1001)
    record = install_key(begin(at(), FIRST), 1001, key, MORNING)
    record = keep(record, part_of(record, 1001)._replace(pending=b"waiting"))
    assert install_key(record, 1001, key, MORNING + DAY) is record
    other = install_key(record, 1001, vendor.key(KeyKind.MAK, 1001, 2), MORNING)
    assert part_of(other, 1001).pending == b""


def test_removing_a_key_drops_every_activation_of_that_edition_only() -> None:
    machine = leased()
    server = machine.vendor.key(KeyKind.GENERIC, 1003)
    record = remove_key(install_key(machine.record, 1003, server, MORNING), 1001)
    assert part_of(record, 1001).lease is None
    assert part_of(record, 1003).key is not None


def test_rearm_keeps_keys_and_drops_activations() -> None:
    machine = leased()
    machine.deposit()
    key = machine.part.key
    record = rearm(machine.record._replace(cached_host="kms1:1688"), at(10 * DAY), SECOND, Policy())
    part = part_of(record, 1001)
    assert part.key == key
    assert key is not None
    assert key.kind is KeyKindCode.MAK
    assert (part.lease, part.permanent, record.proof, record.cached_host) == (None, None, None, "")
    assert record.client_id == SECOND.client_id
    assert part.installed.at == seconds(MORNING + 10 * DAY)


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_the_vendor_says_how_often_the_first_grace_begins_anew(allowed: int) -> None:
    record, policy = Machine().record, Policy(rearms=allowed)
    for _ in range(allowed):
        record = rearm(record, at(), SECOND, policy)
    with pytest.raises(Refused) as refused:
        rearm(record, at(), SECOND, policy)
    assert refused.value.code is Code.REARM_EXHAUSTED
    kept = rearm(record, at(9 * DAY), FIRST, policy, keep_grace=True)
    assert kept.client_id == FIRST.client_id
    assert part_of(kept, 1001).installed == part_of(record, 1001).installed


def test_trouble_is_dated_once_and_forgotten_when_evidence_holds_again() -> None:
    record = leased().record
    changed = Standing(State.RENEWAL_GRACE, (), reason=Code.HARDWARE_CHANGED)
    record = note_trouble(record, 1001, changed, MORNING + DAY)
    assert part_of(record, 1001).trouble.at == seconds(MORNING + DAY)
    assert note_trouble(record, 1001, changed, MORNING + 9 * DAY) is record
    record = note_trouble(record, 1001, Standing(State.LICENSED, ()), MORNING + 10 * DAY)
    assert part_of(record, 1001).trouble == Moment()
    assert note_trouble(record, 4711, changed, MORNING) is record

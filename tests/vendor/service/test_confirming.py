"""Confirmations of hosts, directories and machines, through a real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from muster.base.errors import Code, Malformed, MusterError, Refused
from muster.trust.humanid import format_installation
from muster.trust.permanent import rebuild_certificate, verify_permanent
from muster.trust.productkey import KeyKind, ProductKey, make_key
from muster.vendor import app as vendor
from muster.vendor.core.ledger import HOSTS, REACTIVATIONS, Cost
from muster.wire.confirmation import decode_confirmation_file, encode_installation_file, unpack_confirmation
from muster.wire.installation import InstallationId
from tests.worlds.vendor_world import BANK, Acme, directory, hardware, host, machine, packed, subject

CONCURRENT = 64
POOL = 10


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    return Acme(tmp_path / "vendor")


def refusal(acme: Acme, installation: InstallationId, replaces: int | None = None) -> Code:
    with pytest.raises(MusterError) as refused:
        acme.confirm(installation, replaces)
    return refused.value.code


def test_a_host_rebuilds_its_certificate_from_the_confirmation(acme: Acme) -> None:
    key = acme.host_key(level=20)
    done = acme.confirm(host(key, 1))
    _, claims = rebuild_certificate(unpack_confirmation(done.packed), subject(1), key.scope, acme.vendor.keysets())
    assert (claims.serial, claims.level, claims.scope, claims.days) == (done.serial, 20, 1, 3 * 365)


def test_a_directory_is_confirmed_with_a_host_key_and_counted_apart(acme: Acme) -> None:
    key = acme.host_key()
    installation = directory(key, 1)
    done = acme.confirm(installation)
    assert rebuild_certificate(
        unpack_confirmation(done.packed), packed_subject(installation), key.scope, acme.vendor.keysets()
    )
    assert [acme.confirm(host(key, number)).cost for number in range(HOSTS)] == [Cost.HOST] * HOSTS


def packed_subject(installation: InstallationId) -> bytes:
    return packed(installation)[-36:-4]


def test_the_same_host_gets_the_same_bytes_also_from_another_process(acme: Acme) -> None:
    key = acme.host_key()
    first = acme.confirm(host(key, 1))
    acme.clock.move(days=30)
    again = vendor.confirm(acme.again(), format_installation(host(key, 1)))
    assert (again.packed, again.serial, again.cost) == (first.packed, first.serial, Cost.NOTHING)


def test_six_hosts_nine_replacements_then_exceptions(acme: Acme) -> None:
    key = acme.host_key()
    serials = [acme.confirm(host(key, number)).serial for number in range(HOSTS)]
    assert refusal(acme, host(key, 100)) is Code.HOST_LIMIT_REACHED
    last = serials[0]
    for number in range(REACTIVATIONS):
        last = acme.confirm(host(key, 200 + number), last).serial
    assert refusal(acme, host(key, 300), last) is Code.HOST_LIMIT_REACHED
    vendor.extend_key(acme.vendor, key.formatted, hosts=1, reactivations=1, reason="moved to another site")
    assert acme.confirm(host(key, 300), last).cost is Cost.REACTIVATION
    assert acme.confirm(host(key, 301)).cost is Cost.HOST
    assert refusal(acme, host(key, 302)) is Code.HOST_LIMIT_REACHED


def test_a_replacement_that_is_asked_for_again_costs_nothing_more(acme: Acme) -> None:
    key = acme.host_key()
    old = acme.confirm(host(key, 1)).serial
    new = acme.confirm(host(key, 2), old)
    assert acme.confirm(host(key, 2), old).packed == new.packed
    assert acme.row(key).reactivated == 1


def test_a_fresh_certificate_in_the_last_90_days_has_a_new_serial_and_costs_nothing(acme: Acme) -> None:
    key = acme.host_key()
    first = acme.confirm(host(key, 1))
    acme.clock.move(days=3 * 365 - 90)
    fresh = acme.confirm(host(key, 1))
    assert fresh.cost is Cost.NOTHING
    assert fresh.serial != first.serial
    assert acme.confirm(host(key, 1)).serial == fresh.serial


def test_a_machine_is_activated_and_free_on_the_same_hardware(acme: Acme) -> None:
    key = acme.mak(1)
    first = machine(key, hardware(1))
    done = acme.confirm(first)
    assert verify_permanent(packed(first), unpack_confirmation(done.packed), acme.vendor.keysets()).end_day == 0
    assert acme.confirm(first).packed == done.packed
    assert acme.confirm(machine(key, hardware(1, disk="another disk"))).cost is Cost.NOTHING
    assert refusal(acme, machine(key, hardware(2))) is Code.KEY_EXHAUSTED
    assert acme.row(key).used == 1


def test_a_pool_is_spent_extended_and_spent_again(acme: Acme) -> None:
    key = acme.mak(2)
    assert [acme.confirm(machine(key, hardware(n))).cost for n in (1, 2)] == [Cost.ACTIVATION] * 2
    assert refusal(acme, machine(key, hardware(3))) is Code.KEY_EXHAUSTED
    vendor.extend_key(acme.vendor, key.partial, activations=1, reason="one more desk")
    assert acme.confirm(machine(key, hardware(3))).cost is Cost.ACTIVATION
    assert refusal(acme, machine(key, hardware(4))) is Code.KEY_EXHAUSTED


def test_a_trial_ends_on_its_day_and_asking_again_does_not_move_it(acme: Acme) -> None:
    key = acme.mak(1, days=30)
    installation = machine(key, hardware(1))
    day = acme.vendor.today
    acme.confirm(installation)
    acme.clock.move(days=10)
    for again in (installation, machine(key, hardware(1, disk="another disk"))):
        done = unpack_confirmation(acme.confirm(again).packed)
        assert verify_permanent(packed(again), done, acme.vendor.keysets()).end_day == day + 30


def test_a_wrong_tag_is_an_unknown_key_and_costs_nothing(acme: Acme) -> None:
    mak, sold = acme.mak(1), acme.host_key()
    for installation in (machine(mak, hardware(1)), host(sold, 1)):
        forged = installation._replace(tag=bytes(4))
        assert refusal(acme, forged) is Code.KEY_UNKNOWN
    assert (acme.row(mak).used, vendor.activations(acme.vendor, acme.row(sold))) == (0, ((), ()))


def test_a_key_of_nobody_is_unknown(acme: Acme) -> None:
    stranger = make_key(KeyKind.MAK, 1001, bytes(range(16)))
    assert refusal(acme, machine(stranger, hardware(1))) is Code.KEY_UNKNOWN


def test_a_typing_slip_names_the_group_and_costs_nothing(acme: Acme) -> None:
    key = acme.mak(1)
    groups = format_installation(machine(key, hardware(1))).split("-")
    groups[3] = groups[3][:-1] + str((int(groups[3][-1]) + 1) % 10)
    with pytest.raises(Malformed) as slip:
        vendor.confirm(acme.vendor, " ".join(groups))
    assert slip.value.code is Code.INSTALLATION_ID_MALFORMED
    assert "4" in slip.value.message
    assert acme.row(key).used == 0


def test_each_kind_of_key_and_each_edition_stays_with_its_own(acme: Acme) -> None:
    mak, sold = acme.mak(), acme.host_key()
    assert refusal(acme, host(mak, 1)) is Code.KEY_WRONG_KIND
    assert refusal(acme, machine(sold, hardware(1))) is Code.KEY_WRONG_KIND
    assert refusal(acme, machine(mak, hardware(1), edition=1002)) is Code.KEY_WRONG_EDITION


def test_blocks_refuse_and_unblocking_gives_the_same_bytes_back(acme: Acme) -> None:
    key = acme.host_key()
    given = acme.confirm(host(key, 1)).packed
    vendor.block_key(acme.vendor, key.partial, blocked=True)
    assert refusal(acme, host(key, 1)) is Code.KEY_BLOCKED
    vendor.block_key(acme.vendor, key.partial, blocked=False)
    vendor.block_organisation(acme.vendor, BANK, blocked=True)
    assert refusal(acme, host(key, 1)) is Code.ORGANISATION_BLOCKED
    vendor.block_organisation(acme.vendor, BANK, blocked=False)
    assert acme.confirm(host(key, 1)).packed == given


def test_a_replaced_key_is_blocked_and_its_rest_lives_on(acme: Acme) -> None:
    key = acme.mak(3)
    acme.confirm(machine(key, hardware(1)))
    fresh = vendor.replace_key(acme.vendor, key.formatted)
    assert refusal(acme, machine(key, hardware(2))) is Code.KEY_BLOCKED
    assert [acme.confirm(machine(fresh, hardware(n))).cost for n in (2, 3)] == [Cost.ACTIVATION] * 2
    assert refusal(acme, machine(fresh, hardware(4))) is Code.KEY_EXHAUSTED
    with pytest.raises(Refused):
        vendor.replace_key(acme.vendor, key.formatted)


def test_contract_end_and_covered_releases_stand_in_the_certificate(acme: Acme) -> None:
    today = acme.clock.now().date()
    key = acme.host_key(until=today.replace(year=2027), covers_until=today.replace(year=2028))
    done = acme.confirm(host(key, 1))
    _, claims = rebuild_certificate(unpack_confirmation(done.packed), subject(1), key.scope, acme.vendor.keysets())
    assert claims.lease_until_day == acme.vendor.today + 365
    assert claims.released_until_day == acme.vendor.today + 365 + 366
    acme.clock.move(days=366)
    assert refusal(acme, host(key, 2)) is Code.KEY_EXHAUSTED


def test_a_file_carries_the_same_yes_as_digits(acme: Acme) -> None:
    key = acme.mak(1)
    installation = packed(machine(key, hardware(1)))
    done = vendor.confirm_file(acme.vendor, encode_installation_file(installation))
    assert decode_confirmation_file(done.file) == (
        installation,
        vendor.confirm_packed(acme.vendor, installation).packed,
    )


def test_every_yes_has_its_audit_row_and_a_no_has_none(acme: Acme) -> None:
    key = acme.mak(1)
    before = len(vendor.audit_rows(acme.vendor, 1000))
    acme.confirm(machine(key, hardware(1)))
    refusal(acme, machine(key, hardware(2)))
    rows = vendor.audit_rows(acme.vendor, 1000)[before:]
    assert [(row["action"], row["details"]["cost"]) for row in rows] == [("machine.confirmed", "activation")]


def _outcomes(acme: Acme, ids: list[InstallationId]) -> list[Code | None]:
    """What came of all of them at once, over several connections: None for a yes."""
    nodes = [acme.again() for _ in range(4)]

    def ask(place: int) -> Code | None:
        try:
            vendor.confirm(nodes[place % len(nodes)], format_installation(ids[place]))
        except Refused as error:
            return error.code
        return None

    for node in nodes:
        assert node.keys  # the passphrase is worked through once, before the rush
    with ThreadPoolExecutor(len(ids)) as threads:
        return list(threads.map(ask, range(len(ids))))


def test_64_machines_at_once_on_a_key_with_10_left_take_exactly_10(acme: Acme) -> None:
    key: ProductKey = acme.mak(POOL)
    outcomes = _outcomes(acme, [machine(key, hardware(n)) for n in range(CONCURRENT)])
    assert outcomes.count(None) == POOL
    assert outcomes.count(Code.KEY_EXHAUSTED) == CONCURRENT - POOL
    assert acme.row(key).used == POOL
    assert len(vendor.activations(acme.vendor, acme.row(key))[1]) == POOL


def test_64_hosts_at_once_take_exactly_six_places(acme: Acme) -> None:
    key = acme.host_key()
    outcomes = _outcomes(acme, [host(key, n) for n in range(CONCURRENT)])
    assert outcomes.count(None) == HOSTS
    assert outcomes.count(Code.HOST_LIMIT_REACHED) == CONCURRENT - HOSTS
    serials = [row.serial for row in vendor.activations(acme.vendor, acme.row(key))[0]]
    assert len(set(serials)) == HOSTS


def test_one_machine_that_asks_64_times_at_once_pays_once(acme: Acme) -> None:
    key = acme.mak(POOL)
    assert _outcomes(acme, [machine(key, hardware(1))] * CONCURRENT) == [None] * CONCURRENT
    assert acme.row(key).used == 1

"""Which confirmation fits which hardware."""

from __future__ import annotations

import pytest

from muster.base.errors import Code, Malformed
from muster.console.core.installations import Installation, KnownHardware, machine_id
from muster.trust.productkey import KeyKind
from muster.wire.calendar import day_number
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys
from tests.worlds.vendor_world import directory, hardware, machine, packed

VENDOR = VendorKeys()
KEY = VENDOR.key(KeyKind.MAK, CAD_PRO.id)


def shown(number: int, *, edition: int = CAD_PRO.id, **changed: str) -> bytes:
    return packed(machine(KEY, hardware(number, **changed), edition))


def confirmed(installation: bytes, *, end_day: int = 0, name: str = "pc") -> Installation:
    confirmation = VENDOR.confirm_permanently(installation, end_day)
    return Installation(installation, bytes(8), CAD_PRO.name, name, MORNING, MORNING, confirmation)


def test_the_same_hardware_is_found_and_one_changed_part_is_forgiven() -> None:
    known = KnownHardware([confirmed(shown(1), name="one"), confirmed(shown(2), name="two")], MORNING)
    assert [found.name for found in (known.find(shown(1)), known.find(shown(2, disk="new"))) if found] == ["one", "two"]
    assert known.find(shown(2, disk="new", network="00:16:3e:ff:00:01")) is None
    assert known.find(shown(3)) is None


def test_the_very_same_hardware_comes_before_what_is_only_similar() -> None:
    similar, same = confirmed(shown(1), name="similar"), confirmed(shown(1, disk="new"), name="same")
    for order in ([similar, same], [same, similar]):
        found = KnownHardware(order, MORNING).find(shown(1, disk="new"))
        assert (found.name if found else "") == "same"


def test_another_edition_or_a_confirmation_that_has_ended_does_not_count() -> None:
    ended, today = (
        confirmed(shown(1), end_day=day_number(MORNING) - 1),
        confirmed(shown(2), end_day=day_number(MORNING)),
    )
    waiting = Installation(shown(3), bytes(8), CAD_PRO.name, "pc", MORNING)
    known = KnownHardware([ended, today, waiting], MORNING)
    assert [known.find(shown(number)) for number in (1, 2, 3)] == [None, today, None]
    assert known.find(shown(2, edition=4711)) is None


def test_the_id_of_a_directory_is_no_machines() -> None:
    with pytest.raises(Malformed) as refused:
        machine_id(packed(directory(VENDOR.key(KeyKind.HOST, 1), 1)))
    assert refused.value.code is Code.ANSWER_MALFORMED

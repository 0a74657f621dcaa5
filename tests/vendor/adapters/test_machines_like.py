"""Whichever machines may be the same hardware are found, and a fleet of one model does not come along."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from muster.trust.hardware import same_hardware
from muster.vendor.core.ledger import Cost
from muster.vendor.ports import Books, MachineRow
from tests.worlds.vendor_world import Acme

PARTS = st.lists(st.integers(0, 2), min_size=4, max_size=4).map(lambda v: b"".join(n.to_bytes(2, "big") for n in v))


class RollBack(Exception):
    """Ends a transaction of which nothing is kept."""


def row(acme: Acme, number: int, parts: bytes) -> MachineRow:
    return MachineRow(0, 1, number.to_bytes(24, "big"), parts, 0, Cost.ACTIVATION, acme.clock.now())


def test_all_that_may_be_the_same_hardware_are_found(tmp_path: Path) -> None:
    acme = Acme(tmp_path)
    acme.mak()

    @settings(max_examples=150)
    @given(st.lists(PARTS, max_size=8), PARTS)
    def check(stored: list[bytes], asked: bytes) -> None:
        def work(books: Books) -> None:
            added = [books.add_machine(row(acme, number, parts)) for number, parts in enumerate(stored, 1)]
            found = books.machines_like(1, bytes(24), asked)
            same = {machine.id for machine in added if same_hardware(machine.parts, asked)}
            assert same <= {machine.id for machine in found}
            raise RollBack

        with suppress(RollBack):
            acme.vendor.store.run(work)

    check()


def test_machines_of_one_model_are_not_taken_for_each_other(tmp_path: Path) -> None:
    acme = Acme(tmp_path)
    acme.mak()

    def work(books: Books) -> int:
        for number in range(1, 200):
            part = number.to_bytes(2, "big")
            books.add_machine(row(acme, number, part * 3 + b"\x77\x77"))
        asked = (500).to_bytes(2, "big") * 3 + b"\x77\x77"
        assert books.machines_like(1, (7).to_bytes(24, "big"), asked) == (
            replace(books.machines(1)[6], installation=(7).to_bytes(24, "big")),
        )
        return len(books.machines_like(1, bytes(24), asked))

    assert acme.vendor.store.run(work) == 0

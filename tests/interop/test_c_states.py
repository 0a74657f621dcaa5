"""libmuster tells the state of any record as we do: records of many machines, drawn by a fixed seed."""

from __future__ import annotations

import json
import random  # noqa: TID251 - a fixed seed: the same machines in each run
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from muster.trust.evidence import gather
from muster.trust.hardware import Parts, make_parts
from muster.trust.product import open_product
from muster.trust.standing import stand
from muster.wire.calendar import seconds
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.product import Policy
from muster.wire.record import Moment, encode_record
from tests.worlds.c_library import CLibrary
from tests.worlds.clocks import MORNING
from tests.worlds.machines import CONTAINER, DESK, GENERIC, LAPTOP, MAK, Machine
from tests.worlds.vendor_keys import VendorKeys

CASES = 300
SEED = 20_260_101
NOTHING = make_parts(board=None, disk=None, network=None, platform=None)
HALF = make_parts(board="SN-4711-BOARD", disk="WD-WX11A", network=None, platform=None)
HARDWARE = (DESK, DESK, DESK, DESK, DESK, DESK, LAPTOP, CONTAINER, NOTHING, HALF)


DAYS = (0, 1, 29, 30, 31, 100, 179, 180, 181, 209, 210, 211)


def drawn(chance: random.Random) -> Iterator[tuple[Machine, Parts, datetime, int]]:
    """A machine, the hardware it finds itself on, the wall clock and the use."""
    for _ in range(CASES):
        after = timedelta(days=chance.choice((*DAYS, chance.random() * 300)), minutes=chance.choice((-61, 0, 0, 59)))
        after = max(after, timedelta())
        rate = chance.choice((0.1, 0.9, 1, 1, 1, 1.01, 1.5))

        def earlier(after: timedelta = after, rate: float = rate) -> Moment:
            """Some moment between MORNING and now."""
            at = after * chance.choice((0, 0, chance.random()))
            return Moment(seconds(MORNING + at), int(at.total_seconds() * rate))

        yield _drawn_machine(chance, earlier), chance.choice(HARDWARE), *_drawn_now(chance, after, rate)


def _drawn_now(chance: random.Random, after: timedelta, rate: float) -> tuple[datetime, int]:
    """Now: sometimes the clock was put back."""
    back = timedelta(days=chance.choice((0, 0, 0, 0.5, 1, 1.5, 40)))
    return MORNING + after - back, int(after.total_seconds() * rate)


def _drawn_machine(chance: random.Random, earlier: Callable[[], Moment]) -> Machine:
    policy = Policy(
        unproven_grace=timedelta(days=chance.choice((0, 3, 30))), renewal_grace=timedelta(days=chance.choice((0, 30)))
    )
    machine = Machine(VendorKeys(policy=policy), hardware=chance.choice(HARDWARE))
    received, deposited = earlier(), earlier()
    machine.host.changes["lease_until_day"] = chance.choice((0, 0, _day_after(received, chance)))
    if chance.random() < 0.6:
        lease = machine.lease(count=chance.choice((24, 25, 26)))._replace(received=received)
        machine.change(lease=chance.choice((lease, lease, lease, None)))
        machine.record = machine.record._replace(proof=chance.choice((lease, None)))
    if chance.random() < 0.3:
        read = machine.read_object(days=chance.choice((30, 1000)))._replace(read=earlier())
        machine.change(directory=read._replace(left=chance.random() < 0.2))
    if chance.random() < 0.3:
        evidence = machine.deposit(end_day=chance.choice((0, 0, _day_after(deposited, chance))))
        machine.change(permanent=evidence._replace(deposited=deposited))
    machine.change(key=chance.choice((GENERIC, GENERIC, GENERIC, MAK, MAK, None)), trouble=Moment(0))
    if chance.random() < 0.5:
        machine.change(trouble=earlier())
    if chance.random() < 0.2:
        purpose = chance.choice((Purpose.HOST, Purpose.OBJECT, Purpose.PERMANENT))
        status = chance.choice((KeyStatus.REVOKED, KeyStatus.RETIRED))
        machine.vendor.publish(status={2 * (purpose - 1) + 1: status})
    saved = max([earlier(), *moments(machine)])
    machine.record = machine.record._replace(high_water=saved.at, used=saved.used)
    return machine


def _day_after(moment: Moment, chance: random.Random) -> int:
    """The day of the moment, or one that follows."""
    return moment.at // 86_400 + chance.randrange(0, 100)


def moments(machine: Machine) -> list[Moment]:
    """Everything that the record notes the time of."""
    part = machine.part
    found = [part.installed, part.trouble]
    found += [part.lease.received] if part.lease else []
    found += [part.directory.read] if part.directory else []
    return found + ([part.permanent.deposited] if part.permanent else [])


def case_of(machine: Machine, hardware: Parts, now: datetime, used: int) -> dict[str, Any]:
    text = machine.vendor.product_file()
    standing = stand(gather(open_product(text), machine.edition, machine.record, hardware), now, used)

    def instant(found: datetime | None) -> int | None:
        return None if found is None else seconds(found)

    given = {
        "product": text,
        "edition": machine.edition.name,
        "record": encode_record(machine.record).hex(),
        "normalised_sources": hardware._asdict(),
        "now": seconds(now),
        "used": used,
    }
    expect = {
        "state": str(standing.state),
        "expires_at": instant(standing.expires_at),
        "grace_ends_at": instant(standing.grace_ends_at),
    }
    return {"about": "Drawn.", "kind": "state", "given": given, "expect": expect}


def test_states_of_drawn_records_are_ours(c_library: CLibrary, tmp_path: Path) -> None:
    (tmp_path / "drawn").mkdir()
    states = set()
    for number, drawing in enumerate(drawn(random.Random(SEED))):  # noqa: S311 - no secret
        case = case_of(*drawing)
        states.add(case["expect"]["state"])
        (tmp_path / "drawn" / f"{number:04}.json").write_text(json.dumps(case), encoding="utf-8")
    assert len(states) == 5, "every state comes up"
    run = subprocess.run([c_library.vectors, tmp_path], capture_output=True, text=True, timeout=120, check=False)
    assert run.stdout.splitlines()[-1] == f"passed {CASES}, failed 0, skipped 0", run.stdout

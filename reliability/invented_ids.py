"""R8: machines that do not exist. What one network may add is bounded, and so are memory and disk; honest ones are answered.

The core is asked as from many networks, which loopback cannot stand for: the limits of new ids do not hold there.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from ipaddress import IPv6Address
from itertools import count
from pathlib import Path

import uvloop

from muster.host.core.answering import Answering, Intervals, Mandate, Outcome, Represented
from muster.host.core.counting import Counts, GroupKey
from muster.host.core.limits import MAX_PREFIXES, NEW_IDS_PER_HOUR, NewIds, prefix_of
from muster.trust.chain import issue_certificate
from muster.trust.cose import public_bytes
from muster.wire.calendar import day_number, seconds
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import Purpose
from reliability.figure import Figure, below, none_of
from reliability.soaked import VERIFIED_EVERY, exchange, tells_a_count
from tests.programs.host_process import HostProcess, serving
from tests.worlds.host_world import GROUP, START, SmallVendor, certified_home, private, request

CROWDED = "192.0.2.0/24"
"""The network of the honest machines, and of every invented one in the first flood."""

HONEST = 25
FIRST_INVENTED = 1_000
ASKERS = 32
BYTES_PER_ID = 1_024
"""On disk, with indexes and the write-ahead log, once there are thousands."""

FIXED_BYTES = 24 * 2**20
"""The log before it begins anew, and what an empty store takes."""

RESIDENT_MEGABYTES = 120
SEED = 8


def invented_ids(folder: Path, number: int, wired: int) -> list[Figure]:
    """`number` invented ids from one network, and from networks of their own; `wired` of them asked of a process."""
    home, vendor = folder / "home", SmallVendor()
    certified_home(home, vendor)
    one, _, honest_one = _against_the_core(vendor, number, lambda _: CROWDED)
    chance = random.Random(SEED)
    many, prefixes, honest_many = _against_the_core(vendor, number, lambda _: _any_network(chance))
    most = min(number, MAX_PREFIXES + NEW_IDS_PER_HOUR)
    with serving(home) as host:
        unanswered, megabytes = uvloop.run(_over_the_wire(host, vendor, wired))
        size = sum(file.stat().st_size for file in home.glob("counts.db*"))
    return [
        _at_most("core: counted of one network", one, number, NEW_IDS_PER_HOUR),
        _at_most("core: counted of as many networks", many, number, most),
        _at_most("core: networks remembered", prefixes, number, MAX_PREFIXES + 1),
        none_of("core: honest machines that were not counted", honest_one + honest_many),
        none_of(f"process: of {HONEST} honest machines and {wired} invented ones, not answered", unanswered),
        below("process: store", size / 2**20, (FIXED_BYTES + wired * BYTES_PER_ID) / 2**20, "MiB"),
        below("process: resident", megabytes, RESIDENT_MEGABYTES, "MB"),
    ]


def _at_most(what: str, measured: int, number: int, limit: int) -> Figure:
    return Figure(what, f"{measured} of {number}", f"<= {limit}", 0 < measured <= limit)


def _any_network(chance: random.Random) -> str:
    return prefix_of(IPv6Address(0x2001 << 112 | chance.getrandbits(112)))


def _against_the_core(vendor: SmallVendor, number: int, network: Callable[[int], str]) -> tuple[int, int, int]:
    """How many were counted, networks remembered, and honest machines that were not counted at the end."""
    core, now, inventory = _core(vendor), seconds(START), set[bytes]()

    def is_known(_group: GroupKey, client_id: bytes) -> bool:
        return client_id in inventory

    def outcome(machine: int, prefix: str) -> Outcome:
        verdict = core.decide(request(vendor, machine), "192.0.2.1", prefix, now, is_known)
        if verdict.row is not None:
            inventory.add(verdict.row.client_id)
        return verdict.outcome

    for machine in range(HONEST):
        outcome(machine, CROWDED)
    invented = range(FIRST_INVENTED, FIRST_INVENTED + number)
    counted = sum(outcome(machine, network(machine)) is Outcome.COUNTED for machine in invented)
    lost = sum(outcome(machine, CROWDED) is not Outcome.COUNTED for machine in range(HONEST))
    return counted, core.new_ids.prefixes, lost


def _core(vendor: SmallVendor) -> Answering:
    subject, trusted = private(99), vendor.trusted
    claims = CertificateClaims(1, 5, 7, day_number(START), 10, public_bytes(subject), GROUP, 255)
    mandate = Mandate(issue_certificate(vendor.host_key, claims, Purpose.HOST), claims, subject)
    represented = Represented(trusted.documents, frozenset(), (mandate,))
    return Answering({trusted.vendor_id: represented}, Intervals(10_080, 120), Counts({}, 1), 0, NewIds())


async def _over_the_wire(host: HostProcess, vendor: SmallVendor, number: int) -> tuple[int, float]:
    """Askers that were not answered, and megabytes resident in the end."""
    machines = iter(range(FIRST_INVENTED, FIRST_INVENTED + number))
    honest = count()
    unanswered = 0
    name, _, port = host.address.rpartition(":")

    async def asks(machine: int) -> None:
        nonlocal unanswered
        body = request(vendor, machine)
        answer = await exchange(name, int(port), body)
        # The asker must not be what is measured: of the invented ones some are verified, of the honest ones all.
        looks = machine < FIRST_INVENTED or machine % VERIFIED_EVERY == 0
        if answer is None or (looks and not tells_a_count(vendor, body, answer)):
            unanswered += 1

    async def invents() -> None:
        for machine in machines:
            await asks(machine)

    crowd = asyncio.gather(*(invents() for _ in range(ASKERS)))
    while not crowd.done():
        await asks(next(honest) % HONEST)
    await crowd
    status = await asyncio.to_thread(Path(f"/proc/{host.process.pid}/status").read_text)
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return unanswered, int(resident.split()[1]) / 1024

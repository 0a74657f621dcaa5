"""R4: more machines than a key has left, and more hosts than it has places, ask two nodes at once, under load."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing
from pathlib import Path

from muster.trust.hardware import make_parts
from muster.trust.productkey import ProductKey
from muster.wire.installation import InstallationId
from reliability.figure import Figure, none_of
from tests.programs.vendor_nodes import ask_all, nodes
from tests.worlds.postgresql import postgresql
from tests.worlds.vendor_world import Acme, host, machine

AT_ONCE = 64
LEFT, PLACES = 10, 6
SPENT = 2
NODES = 2


def spent_together(folder: Path, rounds: int, load: int) -> list[Figure]:
    """`rounds` times: 64 machines on a MAK with 10 left and 64 hosts on a key, among `load` machines with other keys."""
    machines, hosts, others = Counter[str](), Counter[str](), Counter[str]()
    wrong = 0
    with (
        postgresql() as server,
        closing(Acme(folder, database=server.database("vendor"))) as acme,
        nodes(acme, NODES) as urls,
    ):
        for number in range(rounds):
            mak, key, other = acme.mak(activations=LEFT + SPENT), acme.host_key(), acme.mak(activations=load)
            for spent in range(SPENT):
                acme.confirm(_machine(mak, AT_ONCE + spent))
            found = asyncio.run(_round(urls, mak, key, other, load))
            machines, hosts, others = machines + found[0], hosts + found[1], others + found[2]
            exact = _held(acme, mak)[:2] + _held(acme, key)[2:] + _held(acme, other)[:1]
            wrong += exact != (LEFT + SPENT, LEFT + SPENT, PLACES, load)
            print(f"R4 round {number + 1}: {dict(found[0])} {dict(found[1])} {exact}", flush=True)
    return [
        Figure(
            f"{AT_ONCE} machines at once on {LEFT} left, {rounds} times on {NODES} nodes: confirmed, refused",
            f"{machines['']}, {machines['KEY_EXHAUSTED']}",
            f"{rounds * LEFT}, {rounds * (AT_ONCE - LEFT)}",
            machines == Counter({"": rounds * LEFT, "KEY_EXHAUSTED": rounds * (AT_ONCE - LEFT)}),
        ),
        Figure(
            f"{AT_ONCE} hosts at once on {PLACES} places: certified, refused",
            f"{hosts['']}, {hosts['HOST_LIMIT_REACHED']}",
            f"{rounds * PLACES}, {rounds * (AT_ONCE - PLACES)}",
            hosts == Counter({"": rounds * PLACES, "HOST_LIMIT_REACHED": rounds * (AT_ONCE - PLACES)}),
        ),
        none_of(f"of {rounds * load} machines with other keys meanwhile, not confirmed", rounds * load - others[""]),
        none_of("rounds after which the books hold another number of any of them", wrong),
    ]


def _held(acme: Acme, key: ProductKey) -> tuple[int, int, int]:
    """What the books hold of a key: spent, machines, certificates."""
    row = acme.row(key)
    return acme.vendor.store.run(lambda books: (row.used, len(books.machines(row.id)), len(books.certificates(row.id))))


async def _round(urls: list[str], mak: ProductKey, key: ProductKey, other: ProductKey, load: int) -> list[Counter[str]]:
    asked: list[list[InstallationId]] = [
        [_machine(mak, number) for number in range(AT_ONCE)],
        [host(key, number) for number in range(AT_ONCE)],
        [_machine(other, number) for number in range(load)],
    ]
    return [told for told, _ in await asyncio.gather(*(ask_all(urls, ids) for ids in asked))]


def _machine(key: ProductKey, number: int) -> InstallationId:
    """A machine unlike every other one."""
    network = f"00:16:3e:00:{number >> 8:02x}:{number & 255:02x}"
    return machine(key, make_parts(board=f"b {number}", disk=f"d {number}", network=network, platform="Xeon"))

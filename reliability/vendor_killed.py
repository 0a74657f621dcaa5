"""R3: a vendor's service killed between intent, commit, signature and answer, while it seals, and at random instants.

No serial is given twice, no activation lost or doubled, and who asks again gets the same answer, every time.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

from muster.trust.hardware import Parts, make_parts
from muster.trust.humanid import format_installation
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from muster.vendor.core.ledger import MAX_HOSTS
from muster.vendor.service.auditing import verify_audit
from muster.vendor.service.sealing import seal_all
from muster.wire.installation import InstallationId
from reliability.figure import Figure, none_of
from tests.worlds.dying_vendor import NEVER, POINTS, DyingVendor, dying_vendor
from tests.worlds.vendor_world import Acme, host, machine

RANDOM = "random"
LONGEST_LIFE = 0.2
"""Seconds from the question to a kill at a random instant: as long as an answer takes on a busy machine."""
ASKED_OF_ONE = 500
"""So many questions in a row does a node answer to one address."""

SEED = 3
_PATHS = {True: "/v1/permanent-activations", False: "/v1/certificates"}

Answer = dict[str, object]


class Tally:
    """What was asked and answered; `given` is the first answer to each id."""

    def __init__(self) -> None:
        self.given: dict[str, str] = {}
        self.answered: Counter[str] = Counter()
        self.deaths: Counter[str] = Counter()
        self.other_answers = 0
        self.serials: dict[object, set[str]] = {}

    def take(self, asked: str, answer: Answer | None) -> None:
        """Compare an answer with every earlier one to the same id."""
        if answer is None:
            return
        told = str(answer["confirmation_id"])
        self.other_answers += self.given.setdefault(asked, told) != told
        if "serial" in answer:
            self.serials.setdefault(answer["serial"], set()).add(asked)


def vendor_killed(folder: Path, kills: int) -> list[Figure]:
    """Kill `kills` times at each point; every second time a machine asks, every other a host."""
    acme = Acme(folder / "vendor")
    points = (*POINTS, RANDOM)
    mak = acme.mak(activations=kills * len(points))
    per_key = MAX_HOSTS // 2
    host_keys = [acme.host_key() for _ in range(-(-kills * len(points) // 2 // per_key))]
    for key in host_keys:
        vendor.extend_key(acme.vendor, key.formatted, hosts=per_key, reason="many hosts")
    acme.close()
    ids = [_id(number, mak, host_keys[number // 2 // per_key]) for number in range(kills * len(points))]
    tally, instants = Tally(), random.Random(SEED)
    with dying_vendor(folder / "vendor") as dying:
        last: tuple[str, bool] | None = None
        for number, installation in enumerate(ids):
            point, now = points[number // kills], (format_installation(installation), not number % 2)
            _one(dying, tally, point=point, last=last, now=now, instants=instants)
            last = now
        for first in range(0, len(ids), ASKED_OF_ONE):
            process = dying.start(NEVER, 1)
            for number, installation in enumerate(ids[first : first + ASKED_OF_ONE], first):
                asked = format_installation(installation)
                tally.take(asked, dying.ask(_PATHS[not number % 2], {"installation_id": asked}))
            os.kill(process, signal.SIGKILL)
            dying.ended()
    return _figures(acme, mak, tally, len(ids))


def _id(number: int, mak: ProductKey, host_key: ProductKey) -> InstallationId:
    if number % 2:
        return host(host_key, number)
    return machine(mak, _hardware(number))


def _hardware(number: int) -> Parts:

    return make_parts(board=f"board {number}", disk=f"disk {number}", network=f"net {number}", platform="one model")


def _one(
    dying: DyingVendor,
    tally: Tally,
    *,
    point: str,
    last: tuple[str, bool] | None,
    now: tuple[str, bool],
    instants: random.Random,
) -> None:
    """One process: it answers who was cut off before, then dies while it answers the next one."""
    process = dying.start(NEVER if point == RANDOM else point, 1 if last is None else 2)
    if last is not None:
        tally.take(last[0], dying.ask(_PATHS[last[1]], {"installation_id": last[0]}))
    if point == RANDOM:
        killer = threading.Timer(instants.uniform(0, LONGEST_LIFE), os.kill, (process, signal.SIGKILL))
        killer.start()
    answer = dying.ask(_PATHS[now[1]], {"installation_id": now[0]})
    tally.take(now[0], answer)
    tally.answered[point] += answer is not None
    tally.deaths[point] += dying.ended() == -signal.SIGKILL


def _figures(acme: Acme, mak: ProductKey, tally: Tally, asked: int) -> list[Figure]:
    books = acme.again()
    used = vendor.show_key(books, mak.formatted).used
    machines = -(-asked // 2)
    seal_all(books)
    head = verify_audit(books).head
    acme.close()
    with closing(sqlite3.connect(acme.home / "vendor.db")) as database:
        counted = dict(database.execute("SELECT action, COUNT(*) FROM audit GROUP BY action"))
        doubled = database.execute("SELECT COUNT(*) - COUNT(DISTINCT subject) FROM certificate").fetchone()[0]
        rows, whole = database.execute("SELECT COUNT(*) FROM audit").fetchone()[0], _integrity(database)
    deaths = ", ".join(f"{tally.deaths[point]} {point}" for point in tally.deaths)
    told = tally.answered[RANDOM]
    return [
        Figure("killed at each point", deaths, "all of them", sum(tally.deaths.values()) == asked),
        Figure("of those at random instants, answered before", str(told), "–", True),
        none_of("answers that differ from the first one to the same id", tally.other_answers),
        none_of("ids without an answer in the end", asked - len(tally.given)),
        none_of("serials told to two hosts", sum(len(asked) > 1 for asked in tally.serials.values())),
        none_of("hosts with two certificates in the books", doubled),
        Figure("activations used, machines that asked", f"{used}, {machines}", "equal", used == machines),
        Figure(
            "audit rows of machines and hosts",
            f"{counted.get('machine.confirmed', 0)}, {counted.get('host.certified', 0)}",
            "one for each",
            (counted.get("machine.confirmed"), counted.get("host.certified")) == (machines, asked - machines),
        ),
        Figure("rows under seals that hold, rows", f"{head.total}, {rows}", "equal", head.total == rows),
        Figure("integrity check", whole, "ok", whole == "ok"),
    ]


def _integrity(database: sqlite3.Connection) -> str:
    return str(database.execute("PRAGMA integrity_check").fetchone()[0])

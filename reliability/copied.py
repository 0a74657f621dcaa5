"""R16: a vendor copied while it works, made again from each copy, and a copy that is too old refused."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from muster.base.errors import Code, MusterError
from muster.trust.hardware import make_parts
from muster.trust.humanid import format_installation
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from muster.vendor import keeping
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.service.auditing import verify_audit
from muster.vendor.service.restoring import SKIPPED_SERIALS
from muster.vendor.service.sealing import Sealer, seal_all
from reliability.figure import Figure, none_of
from tests.worlds.dying_vendor import NEVER, AskedTooOften, DyingVendor, dying_vendor
from tests.worlds.vendor_world import PASSPHRASE, Acme, host, machine, packed

ASKERS = 4
BETWEEN = 10
"""Answers between two copies, at least."""

PAUSE_SECONDS = 0.2


@dataclass
class Load:
    """Machines that ask until they are told to stop. `asked` and `answered` are installation ids."""

    dying: DyingVendor
    key: ProductKey
    asked: set[bytes] = field(default_factory=set)
    answered: set[bytes] = field(default_factory=set)
    moved: threading.Condition = field(default_factory=threading.Condition)
    over: threading.Event = field(default_factory=threading.Event)

    def ask(self, asker: int) -> None:
        """One asker, to the end."""
        number = asker
        while not self.over.is_set():
            parts = make_parts(
                board=f"board {number}", disk=f"disk {number}", network=f"net {number}", platform="model"
            )
            installation, number = machine(self.key, parts), number + ASKERS
            with self.moved:
                self.asked.add(packed(installation))
            told = self._answer(format_installation(installation))
            with self.moved:
                if told is not None:
                    self.answered.add(packed(installation))
                self.moved.notify_all()

    def _answer(self, installation_id: str) -> dict[str, object] | None:
        """What the service says in the end: who asks more often than it allows waits, as it says."""
        while True:
            try:
                return self.dying.ask("/v1/permanent-activations", {"installation_id": installation_id})
            except AskedTooOften:
                if self.over.wait(PAUSE_SECONDS):
                    return None

    def wait_for(self, more: int) -> None:
        """Until so many more were answered."""
        with self.moved:
            wanted = len(self.answered) + more
            if not self.moved.wait_for(lambda: len(self.answered) >= wanted, 120):
                raise AssertionError("nobody is answered any more")


@dataclass(frozen=True)
class Copy:
    """A copy, who had been answered before it was begun, and who had asked when it was done."""

    file: Path
    before: frozenset[bytes]
    after: frozenset[bytes]


def copied(folder: Path, copies: int) -> list[Figure]:
    """Copy `copies` times under load; restore every copy into a home of its own, the first one also over the vendor."""
    acme, home = Acme(folder / "vendor"), folder / "vendor"
    key, host_key = acme.mak(activations=1_000_000), acme.host_key()
    acme.close()
    made = []
    with dying_vendor(home) as dying, _under_load(dying, home, key) as load:
        for number in range(copies):
            load.wait_for(BETWEEN)
            before = frozenset(load.answered)
            file = folder / f"copy-{number}"
            keeping.backup(home, file)
            made.append(Copy(file, before, frozenset(load.asked)))
        load.wait_for(BETWEEN)
    seal = vendor.export_audit(home, acme.again(), with_people=False).seal
    serial = acme.confirm(host(host_key, 1)).serial
    acme.close()
    lost, foreign, gaps, broken, seals = 0, 0, 0, 0, 0
    for copy in made:
        restored = folder / f"{copy.file.name}-home"
        head = keeping.restore(restored, copy.file)
        held, is_whole = _held(restored)
        lost, foreign, gaps = lost + len(copy.before - held), foreign + len(held - copy.after), gaps + (not is_whole)
        with _opened(restored) as own:
            found = verify_audit(own)
            rows = own.store.run(lambda books: books.audit_rows(1))[0].id
        broken += found.head != head or found.head.total + found.unsealed != rows
        seals += head.number
    old = made[0].file
    refused = [
        _code(lambda: keeping.restore(home, old)),
        _code(lambda: keeping.restore(folder / "elsewhere", old, seal=vendor.read_known(seal))),
    ]
    (home / "vendor.db").rename(folder / "lost.db")
    refused.append(_code(lambda: keeping.restore(home, old)))
    (folder / "lost.db").rename(home / "vendor.db")
    keeping.restore(home, old, force=True)
    with _opened(home) as back:
        fresh = vendor.confirm(back, format_installation(host(host_key, 1))).serial or 0
    return [
        Figure("copies, answers meanwhile, seals", f"{copies}, {len(load.answered)}, {seals}", "some", seals > 0),
        none_of("answered before a copy was begun, and not in it", lost),
        none_of("in a copy, and not asked when it was done", foreign),
        none_of("copies in which a machine is missing that came before another", gaps),
        none_of("copies whose audit does not hold, or not every row", broken),
        Figure(
            "the oldest copy: over the vendor, with an exported seal, beside one",
            ", ".join(refused),
            "refused",
            refused == [Code.COPY_STALE] * 3,
        ),
        Figure(
            "serials of one host before and after going back by force",
            f"{serial}, {fresh}",
            f"{SKIPPED_SERIALS} apart",
            fresh > SKIPPED_SERIALS,
        ),
    ]


@contextmanager
def _under_load(dying: DyingVendor, home: Path, key: ProductKey) -> Iterator[Load]:
    """A process that serves, a sealer beside it, machines that ask; the process is killed in the end."""
    load = Load(dying, key)
    dying.start(NEVER, 1)
    askers = [threading.Thread(target=load.ask, args=(number,)) for number in range(ASKERS)]
    with _opened(home) as other, Sealer(other):
        seal_all(other)  # the first copy may be quicker than the sealer's first second
        for asker in askers:
            asker.start()
        try:
            yield load
        finally:
            load.over.set()
            for asker in askers:
                asker.join()


@contextmanager
def _opened(home: Path) -> Iterator[vendor.Vendor]:
    own = vendor.open_vendor(home, lambda: PASSPHRASE)
    assert isinstance(own.store, SqlStore)
    with closing(own.store):
        yield own


def _held(home: Path) -> tuple[set[bytes], bool]:
    """The machines in a home's database, and whether their numbers have no gap and their key has used so many."""
    with closing(sqlite3.connect(home / "vendor.db")) as database:
        rows = database.execute("SELECT id, installation FROM machine ORDER BY id").fetchall()
        (used,) = database.execute("SELECT MAX(used) FROM product_key").fetchone()
    return {bytes(row[1]) for row in rows}, [row[0] for row in rows] == list(range(1, used + 1))


def _code(work: object) -> str:
    assert callable(work)
    try:
        work()
    except MusterError as error:
        return str(error.code)
    return "nothing"

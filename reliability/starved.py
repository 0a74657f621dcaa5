"""R11: a store that is locked, gone, damaged or on a full disk. No machine is told a count that is not saved."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import time
from collections import Counter
from itertools import count
from pathlib import Path

from muster.base.errors import BY_NUMBER, Code
from muster.host.adapters.sqlite_file import BUSY_SECONDS
from muster.trust.chain import verify_answer
from muster.wire.activation import RefusalClaims
from reliability.figure import Figure, below, none_of
from reliability.killed import look_into
from tests.programs.host_process import run_host, serving
from tests.worlds.host_world import SmallVendor, certified_home, exchange, request

AT_ONCE = 8
PATIENCE = 30.0
RECOVERY_SECONDS = 3.0
DISK_KIBIBYTES = 1_024
ALONE = ("unshare", "--map-root-user", "--mount", "--", "sh", "-c")
"""A mount of our own, gone with the process."""

COUNTED, CLOSED = "counted", "closed"


class Crowd:
    """Machines that ask one after the other; `saved` are those that were told a count."""

    def __init__(self, vendor: SmallVendor) -> None:
        self.vendor = vendor
        self.saved: set[int] = set()
        self._machines = count(1)

    async def once(self, address: str) -> str:
        """What the next machine hears: counted, closed, or the code of a signed refusal."""
        machine = next(self._machines)
        body = request(self.vendor, machine)
        try:
            answer = await exchange(address, body)
        except OSError:
            return CLOSED
        if answer is None:
            return CLOSED
        claims = verify_answer(body, answer, self.vendor.trusted).claims
        if isinstance(claims, RefusalClaims):
            return BY_NUMBER[claims.code]
        self.saved.add(machine)
        return COUNTED

    def some(self, address: str) -> Counter[str]:
        """What eight hear that ask at once."""

        async def ask_at_once() -> list[str]:
            return await asyncio.gather(*(self.once(address) for _ in range(AT_ONCE)))

        return Counter(asyncio.run(ask_at_once()))

    def until(self, address: str, wanted: str) -> float:
        """Seconds until a machine hears `wanted`; `AssertionError` when none does."""
        begun = time.monotonic()
        while self.some(address)[wanted] < AT_ONCE:
            assert time.monotonic() - begun < PATIENCE, f"no machine hears {wanted}"
        return time.monotonic() - begun


def starved(folder: Path) -> list[Figure]:
    """Each fault on a home of its own."""
    return [*_locked(folder / "locked"), *_gone(folder / "gone"), *_full(folder), *_damaged(folder / "damaged")]


def _locked(home: Path) -> list[Figure]:
    crowd = Crowd(certified_home(home))
    with serving(home) as host:
        crowd.until(host.address, COUNTED)
        blocker = sqlite3.connect(home / "counts.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        first = crowd.some(host.address)
        crowd.until(host.address, Code.HOST_BUSY)
        busy = time.monotonic() - begun
        blocker.execute("ROLLBACK")
        blocker.close()
        recovery = crowd.until(host.address, COUNTED)
        host.stop()
    return [
        Figure("locked: heard by those who asked first", _heard(first), "no count", not first[COUNTED]),
        below("locked: all are told busy, signed, after", busy, BUSY_SECONDS + RECOVERY_SECONDS, "s"),
        *_afterwards("locked", crowd, home, recovery),
    ]


def _heard(answers: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(answers.items()))


def _gone(home: Path) -> list[Figure]:
    """The files are moved away, as when what they lie on is gone, and back."""
    crowd = Crowd(certified_home(home))
    away = home.parent / "away"
    away.mkdir()
    with serving(home) as host:
        crowd.until(host.address, COUNTED)
        for file in home.glob("counts.db*"):
            file.rename(away / file.name)
        crowd.until(host.address, Code.HOST_BUSY)
        for file in away.iterdir():
            file.rename(home / file.name)
        recovery = crowd.until(host.address, COUNTED)
        host.stop()
    return _afterwards("gone and back", crowd, home, recovery)


def _full(folder: Path) -> list[Figure]:
    seed, home = folder / "seed", folder / "small"
    crowd = Crowd(certified_home(seed))
    home.mkdir()
    mount = f'mount -t tmpfs -o size={DISK_KIBIBYTES}k muster "$1" && cp -a "$0/." "$1" && shift && exec "$@"'
    with serving(home, before=(*ALONE, mount, str(seed), str(home))) as host:
        inside = Path(f"/proc/{host.process.pid}/root{home}")
        crowd.until(host.address, COUNTED)
        _fill(inside / "ballast")
        crowd.until(host.address, Code.HOST_BUSY)
        (inside / "ballast").unlink()
        recovery = crowd.until(host.address, COUNTED)
        # Nobody outside can open what lies there by its name: look into a copy, made while the host stands still.
        host.process.send_signal(signal.SIGSTOP)
        return _afterwards("disk full", crowd, Path(shutil.copytree(inside, folder / "copy")), recovery)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4_096))
        except OSError:
            return


def _afterwards(what: str, crowd: Crowd, home: Path, recovery: float) -> list[Figure]:
    stored, integrity = look_into(home / "counts.db")
    return [
        none_of(f"{what}: told a count that is not in the store", len(crowd.saved - stored)),
        below(f"{what}: all counted again by itself after", recovery, RECOVERY_SECONDS, "s"),
        Figure(f"{what}: integrity check", integrity, "ok", integrity == "ok"),
    ]


def _damaged(home: Path) -> list[Figure]:
    crowd = Crowd(certified_home(home))
    with serving(home) as host:
        crowd.until(host.address, COUNTED)
        host.stop()
    path = home / "counts.db"
    path.write_bytes(b"\xa5" * path.stat().st_size)
    refused = run_host(home, "serve", "--listen", "127.0.0.1:0")
    says = "damaged" in refused.stderr and "--recount" in refused.stderr
    holds = refused.returncode != 0 and says
    heard = f"exit {refused.returncode}, {'with cause and hint' if says else refused.stderr.strip()}"
    return [Figure("damaged: start", heard, "refused, with cause and hint", holds)]

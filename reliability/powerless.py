"""R2: the power fails at any instant. What a host had flushed when it sent a reply, is enough to know the machine again.

A host writes under a recorder. At every cut its files are rebuilt as a disk may hold them then: everything that was flushed,
and of what was not, nothing, or some sectors of it in any order. The host's own commands look into them.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from muster.trust.chain import verify_answer
from muster.wire.activation import ReplyClaims
from muster.wire.frame import frame
from reliability.figure import Figure, none_of
from reliability.killed import look_into
from tests.programs.host_process import serving
from tests.worlds.host_world import SmallVendor, certified_home, exchange, request

ASKERS = 16
SECTOR = 512
SEED = 2
CONTROL = (sys.executable, str(Path(__file__).with_name("host_that_flushes_less.py")), "host")
_HEAD = Struct("<cIQI")


class Record(NamedTuple):
    """One line of a trace; see recorder.c."""

    kind: str
    name: str
    number: int
    data: bytes


@dataclass
class DiskFile:
    """A file on a disk without power: what is there for certain, and the writes that may be or not."""

    certain: bytearray = field(default_factory=bytearray)
    perhaps: list[Record] = field(default_factory=list)
    is_named: bool = True
    may_be_gone: bool = False

    def flush(self) -> None:
        """Everything that was written is there for certain."""
        for record in self.perhaps:
            _apply(self.certain, record)
        self.perhaps.clear()


class Disk:
    """What of a trace is durable. `begun`: the files before it."""

    def __init__(self, begun: dict[str, bytes]) -> None:
        self.files = {name: DiskFile(bytearray(data)) for name, data in begun.items()}

    def take(self, record: Record) -> None:
        """One more thing happened."""
        file = self.files.get(record.name)
        if record.kind == "D":
            self.files = {name: f for name, f in self.files.items() if not f.may_be_gone}
            for one in self.files.values():
                one.is_named = True
        elif record.kind == "C":
            self.files[record.name] = DiskFile(is_named=False)
        elif file is None:
            return
        elif record.kind in "WT":
            file.perhaps.append(record)
        elif record.kind == "F":
            file.flush()
        elif record.kind == "U":
            file.may_be_gone = True

    def after(self, chance: random.Random | None) -> dict[str, bytes]:
        """What is found when power is back: without `chance` what is certain, with it some of the rest too."""
        found = {}
        for name, file in self.files.items():
            is_there = file.is_named if chance is None else file.is_named or chance.random() < 0.5
            if file.may_be_gone and chance is not None and chance.random() < 0.5:
                is_there = False
            if not is_there:
                continue
            data = bytearray(file.certain)
            for record in file.perhaps if chance is not None else ():
                for part in _sectors(record):
                    if chance is not None and chance.random() < 0.5:
                        _apply(data, part)
            found[name] = bytes(data)
        return found


def _apply(data: bytearray, record: Record) -> None:
    if record.kind == "T":
        del data[record.number :]
        data.extend(bytes(max(0, record.number - len(data))))
        return
    data.extend(bytes(max(0, record.number - len(data))))
    data[record.number : record.number + len(record.data)] = record.data


def _sectors(record: Record) -> Iterator[Record]:
    """A write as the disk does it: sector by sector."""
    if record.kind == "T":
        yield record
        return
    at = 0
    while at < len(record.data):
        end = at + SECTOR - (record.number + at) % SECTOR
        yield record._replace(number=record.number + at, data=record.data[at:end])
        at = end


def powerless(folder: Path, machines: int, cuts: int) -> list[Figure]:
    """`machines` ask a host; `cuts` instants of it, each in two ways. Then the same of the control."""
    recorder = folder / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(recorder), str(source), "-ldl", "-pthread"], check=True)
    ours = _Rig(folder / "ours", recorder)
    ours.record(machines)
    lost, damaged, told = ours.cut(cuts)
    control = _Rig(folder / "control", recorder)
    control.record(machines, CONTROL)
    lost_by_control, damaged_control, _ = control.cut(cuts)
    flushes = sum(record.kind == "F" for record in ours.trace)
    what = f"{len(ours.trace)}, {flushes}, {len(ours.told)}"
    return [
        Figure(
            "records of the trace, flushes, replies in it", what, "some", flushes > 1 and len(ours.told) == machines
        ),
        Figure("cuts, replies sent before them", f"{2 * cuts}, {told}", "some", told > cuts),
        none_of("replies sent whose machine the store does not hold", lost),
        none_of("stores that are damaged", damaged),
        Figure("control, synchronous = NORMAL: lost", str(lost_by_control), "> 0", lost_by_control > 0),
        none_of("control: stores that are damaged", damaged_control),
    ]


class _Rig:
    """One host under the recorder. `told`: the number of the machine by the frame that was sent to it."""

    def __init__(self, folder: Path, recorder: Path) -> None:
        self.folder = folder
        self.trace: list[Record] = []
        self.told: dict[bytes, int] = {}
        self._recorder = recorder
        self._begun: dict[str, bytes] = {}

    def record(self, machines: int, command: tuple[str, ...] | None = None) -> None:
        """Have so many machines ask, and stop the host."""
        home, trace, vendor = self.folder / "home", self.folder / "trace", SmallVendor()
        certified_home(home, vendor)
        with serving(home) as host:
            host.stop()
        self._begun = {str(file): file.read_bytes() for file in home.glob("counts.db*") if file.suffix != ".db-shm"}
        shim = {"LD_PRELOAD": str(self._recorder), "RECORD_FILE": str(home / "counts.db"), "RECORD_TRACE": str(trace)}
        before = ("env", *(f"{name}={value}" for name, value in shim.items()))
        with serving(home, before=before, command=command) as host:
            asyncio.run(self._ask(host.address, vendor, machines))
            assert host.stop() == 0
        self.trace = list(_read(trace))

    async def _ask(self, address: str, vendor: SmallVendor, machines: int) -> None:
        numbers = iter(range(1, machines + 1))

        async def asks() -> None:
            for number in numbers:
                body = request(vendor, number)
                answer = await exchange(address, body)
                assert answer is not None
                assert isinstance(verify_answer(body, answer, vendor.trusted).claims, ReplyClaims)
                self.told[frame(answer)] = number

        await asyncio.gather(*(asks() for _ in range(ASKERS)))

    def cut(self, cuts: int) -> tuple[int, int, int]:
        """Replies that were lost, stores that were damaged, and replies sent, over all cuts."""
        chance = random.Random(SEED)
        sends = [at for at, record in enumerate(self.trace) if record.data in self.told]
        # Half of the cuts right after a reply began to leave, the others anywhere since the first.
        after_sends = [at + 1 for at in chance.sample(sends, min(len(sends), cuts - cuts // 2))]
        anywhere = [chance.randrange(sends[0], len(self.trace) + 1) for _ in range(cuts - len(after_sends))]
        instants = sorted([*after_sends, *anywhere])
        disk, sent = Disk(self._begun), set[int]()
        lost = damaged = told = at = 0
        numbers = count()
        for instant in instants:
            while at < instant:
                record = self.trace[at]
                disk.take(record)
                if record.kind == "S" and record.data in self.told:
                    sent.add(self.told[record.data])
                at += 1
            told += len(sent)
            for files in (disk.after(None), disk.after(chance)):
                stored, integrity = self._look_into(files, next(numbers))
                lost += len(sent - stored)
                damaged += integrity != "ok"
        return lost, damaged, told

    def _look_into(self, files: dict[str, bytes], number: int) -> tuple[set[int], str]:
        found = self.folder / f"cut{number}"
        found.mkdir()
        try:
            for name, data in files.items():
                (found / os.path.basename(name)).write_bytes(data)  # noqa: PTH119 - a name, not a file here
            return look_into(found / "counts.db")
        finally:
            shutil.rmtree(found)


def _read(path: Path) -> Iterator[Record]:
    data, at = path.read_bytes(), 0
    while at < len(data):
        kind, named, number, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        name = data[at : at + named].decode()
        at += named
        yield Record(kind.decode(), name, number, data[at : at + size])
        at += size

"""The host rows of the table: durable answers per second against the bare signer, in the same run, interleaved.

Server on one core, load on another. Every reply of the last round is verified against its request.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from muster.host import app as host  # noqa: E402
from muster.trust.chain import verify_answer  # noqa: E402
from muster.wire.activation import ActivationRequest, Flags, State, encode_request  # noqa: E402
from muster.wire.frame import frame  # noqa: E402
from tests.worlds.host_world import CLIENT_EDITION, GROUP, HandClock, SmallVendor  # noqa: E402

SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 64
SLOW_CONNECTIONS, SLOW_FLUSH_US = 256, 5_000
CALM_SECONDS, CALM_TRIES = 2.5, 8
TARGET = 0.75
FEW_KNOWN = 1_000


@dataclass
class Rig:
    """Folders, the load generator, a certified home, and frames of machines that ask."""

    folder: Path
    requests: int
    vendor: SmallVendor = field(default_factory=SmallVendor)

    def prepare(self) -> None:
        """Compile, certify, write frames."""
        subprocess.run(["cc", "-O2", "-o", str(self.folder / "load"), str(ROOT / "bench" / "load.c")], check=True)
        slow = [
            "cc",
            "-O2",
            "-shared",
            "-fPIC",
            "-o",
            str(self.folder / "slow_flush.so"),
            str(ROOT / "bench" / "slow_flush.c"),
            "-ldl",
        ]
        subprocess.run(slow, check=True)
        now = datetime.now(UTC)
        clock = HandClock(now)
        home = self.folder / "home"
        host.set_up(home, self.vendor.product_file(), self.vendor.key().formatted, clock=clock)
        host.confirm(home, self.vendor.confirm(host.installation_id(home), begins=now), clock=clock)
        (home / "host.toml").write_text("[dns]\npublish = false\n")
        shutil.copytree(home, self.folder / "few")
        self.write_frames()

    def write_frames(self, name: str = "frames", number: int = 0) -> None:
        """Frames of machines that nobody has seen; as many as a round has requests, unless a number is said."""
        bodies = [encode_request(self._request()) for _ in range(number or self.requests)]
        (self.folder / name).write_bytes(b"".join(map(frame, bodies)))
        self.bodies = bodies

    def _request(self) -> ActivationRequest:
        chance = os.urandom(48)
        return ActivationRequest(
            self.vendor.trusted.vendor_id,
            CLIENT_EDITION,
            GROUP,
            10,
            25,
            chance[:16],
            chance[16:32],
            chance[32:],
            State.INITIAL_GRACE,
            Flags.NONE,
        )

    def load(self, port: int, connections: int = CONNECTIONS, frames: str = "frames") -> dict[str, Any]:
        """One round; frames are sent from the beginning again when they run out."""
        command = ["taskset", "-c", LOAD_CORE, str(self.folder / "load"), "127.0.0.1", str(port), str(connections)]
        command += [str(self.folder / frames), str(self.requests), str(self.folder / "replies")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found: dict[str, Any] = json.loads(done.stdout)
        found["rate"] = found["done"] / found["seconds"]
        return found

    def measured(self, pid: int, port: int, costs: list[float]) -> dict[str, Any]:
        """One round, and the processor time of each request in `costs`, in microseconds."""
        before = processor_seconds(pid)
        found = self.load(port)
        costs.append((processor_seconds(pid) - before) / found["done"] * 1e6)
        return found

    def await_calm(self, pid: int) -> None:
        """Until the process rests."""
        for _ in range(CALM_TRIES):
            before = processor_seconds(pid)
            time.sleep(CALM_SECONDS)
            if processor_seconds(pid) - before < CALM_SECONDS / 20:
                return

    def verified(self) -> int:
        """How many replies of the last round are signed answers to their requests."""
        data, at, good = (self.folder / "replies").read_bytes(), 0, 0
        keysets = self.vendor.trusted
        while at < len(data):
            number, size = int.from_bytes(data[at : at + 4], "little"), data[at + 4]
            verify_answer(self.bodies[number % len(self.bodies)], data[at + 5 : at + 5 + size], keysets)
            good, at = good + 1, at + 5 + size
        return good


@contextmanager
def serving(
    command: list[str], home: Path, *, core: str = SERVER_CORE, **more: str
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server on its core or cores, and its port."""
    process = subprocess.Popen(
        ["taskset", "-c", core, *command],
        env={**os.environ, "MUSTER_HOME": str(home), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(re.findall(r"(\d+)\s*$", process.stdout.readline())[0])
        yield process, port
    finally:
        process.terminate()
        process.wait(10)


def processor_seconds(pid: int) -> float:
    """Of all its threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes resident."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024


def spread(values: list[float], digits: int = 2) -> str:
    """Median, and from least to most."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} … {max(values):.{digits}f})"


def rows(chosen: argparse.Namespace) -> list[str]:
    """Rows of the table; `chosen` has rounds, requests and known."""
    muster = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]
    found_rows: list[str] = []
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        rig = Rig(Path(name), chosen.requests)
        rig.prepare()
        bare_command = [sys.executable, str(ROOT / "bench" / "bare_signer.py")]
        host_command = [*muster, "host", "serve", "--listen", "127.0.0.1:0"]
        with (
            serving(bare_command, rig.folder) as (bare_process, bare_port),
            serving(host_command, rig.folder / "home") as found,
        ):
            process, port = found
            bare, ours = [], []
            costs: dict[str, list[float]] = {"bare": [], "ours": []}
            for number in range(chosen.rounds):
                rig.write_frames()
                bare.append(rig.measured(bare_process.pid, bare_port, costs["bare"]))
                ours.append(rig.measured(process.pid, port, costs["ours"]))
                # What a storm left is put away before the limit is measured again, so that the two never share the core.
                rig.await_calm(process.pid)
                print(f"round {number + 1}: bare {bare[-1]['rate']:.0f}/s, host {ours[-1]['rate']:.0f}/s", flush=True)
            ratios = [o["rate"] / b["rate"] for o, b in zip(ours, bare, strict=True)]
            found_rows += [
                f"| durable answers, {CONNECTIONS} connections, new ids | {spread(ratios)} | >= {TARGET} | bare signer |",
                f"| the same, per second | {spread([o['rate'] for o in ours], 0)} | | {spread([b['rate'] for b in bare], 0)} |",
                f"| the same by processor time | {spread([b / o for o, b in zip(costs['ours'], costs['bare'], strict=True)])} | | {spread(costs['bare'], 0)} µs a request, the host {spread(costs['ours'], 0)} |",
                f"| p99 of a request, ms | {spread([o['p99'] / 1000 for o in ours], 1)} | < 20 | {spread([b['p99'] / 1000 for b in bare], 1)} |",
                f"| failed, verified | {sum(o['failed'] for o in ours)}, {rig.verified()} of {chosen.requests} in the last round | 0, all | |",
                f"| resident, MB | {resident(process.pid):.0f} after {chosen.rounds * chosen.requests} machines | < 120 | |",
            ]
            if chosen.known:
                found_rows += _flat(rig, found, host_command, chosen)
        found_rows += _slow_disk(rig, host_command, chosen)
    return found_rows


def _flat(
    rig: Rig, many: tuple[subprocess.Popen[str], int], command: list[str], chosen: argparse.Namespace
) -> list[str]:
    """A host that knows many machines and one that knows few, asked in turns by machines that they know."""
    process, port = many
    for _ in range(0, chosen.known, rig.requests):
        rig.write_frames()
        rig.load(port)
    rig.await_calm(process.pid)
    with serving(command, rig.folder / "few") as (few_process, few_port):
        rig.write_frames("few-frames", FEW_KNOWN)
        rates: tuple[list[float], list[float]] = ([], [])
        for number in range(-1, chosen.rounds):  # once without looking: those few are new then
            few, all_known = rig.load(few_port, frames="few-frames"), rig.load(port)
            if number >= 0:
                rates[0].append(few["rate"])
                rates[1].append(all_known["rate"])
            rig.await_calm(process.pid)
            rig.await_calm(few_process.pid)
    ratios = [many / few for few, many in zip(*rates, strict=True)]
    return [
        f"| the same, {chosen.known:,} machines known | {spread(ratios)} | >= 0.9 | itself with {FEW_KNOWN:,} known: {spread(rates[0], 0)} a second |",
        f"| resident, MB | {resident(process.pid):.0f} after {chosen.known + (chosen.rounds * chosen.requests):,} machines | < 120 | |",
    ]


def _slow_disk(rig: Rig, command: list[str], chosen: argparse.Namespace) -> list[str]:
    """The host with and without a delay at every flush, interleaved."""
    shim = {"LD_PRELOAD": str(rig.folder / "slow_flush.so"), "FLUSH_DELAY_US": str(SLOW_FLUSH_US)}
    quick, slow = [], []
    for _ in range(chosen.rounds):
        for rates, environment in ((quick, {}), (slow, shim)):
            with serving(command, rig.folder / "home", **environment) as (_, port):
                rig.write_frames()
                rates.append(rig.load(port, SLOW_CONNECTIONS)["rate"])
    ratios = [s / q for s, q in zip(slow, quick, strict=True)]
    return [
        f"| the same, {SLOW_FLUSH_US / 1000:g} ms added to every flush, {SLOW_CONNECTIONS} connections | {spread(ratios)} | >= 0.6 | itself without: {spread(quick, 0)} a second |"
    ]

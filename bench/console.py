"""The row of the console: a refresh of many machines against a bare asyncssh loop that runs the same command as many at a time.

One real SSH server stands behind all names, so that both sides spend the same on connections; keys, ciphers and the forced
command are the same. What the console does beside: pins keys, reads and types answers, keeps state and verdict of each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import asyncssh

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from muster.console import app as console  # noqa: E402
from muster.console.core.carriage import COMMAND  # noqa: E402
from muster.console.core.requests import request  # noqa: E402
from tests.worlds.ssh_machines import LOOPBACK, SshMachine, SshMachines  # noqa: E402

MACHINES = 500
AT_ONCE = 32
ROUNDS = 5
PATIENCE_SECONDS = 120
_STATUS = {"product": "Acme CAD", "edition": "acme-cad-pro", "state": "LICENSED", "method": "host", "count": 30}


def rows(machines: int = MACHINES, rounds: int = ROUNDS) -> list[str]:
    """Rows of the table."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        folder = Path(name)
        world = SshMachines(folder / "ssh")
        try:
            answer = folder / "answer"
            answer.write_text(json.dumps({"editions": [_STATUS]}))
            machine = world.add("all", f"cat {answer}")
            work = _inventory(folder, world, machine, machines)
            bare, own = [], []
            for _ in range(rounds):
                bare.append(asyncio.run(_bare(world, machine, machines)))
                own.append(asyncio.run(_refresh(folder, work, machines)))
        finally:
            world.close()
    ratios = sorted(mine / other for mine, other in zip(own, bare, strict=True))
    measured = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} … {ratios[-1]:.2f})"
    seconds = f"{statistics.median(own):.1f} against {statistics.median(bare):.1f} s"
    what = f"console, `refresh` of {machines} machines over SSH, {AT_ONCE} at a time"
    return [f"| {what} | {measured} | <= 1.3 | bare asyncssh loop running the same command; {seconds} |"]


def _inventory(folder: Path, world: SshMachines, machine: SshMachine, machines: int) -> console.Console:
    (folder / "console.toml").write_text(
        f'[ssh]\nkeys = ["{world.key}"]\nagent = false\nuser = "root"\nat_once = {AT_ONCE}\n'
        f'connect_time = "{PATIENCE_SECONDS}s"\nanswer_time = "{PATIENCE_SECONDS}s"\n'
    )
    work = console.open_console(folder)
    targets = [console.Target(f"pc-{number}", LOOPBACK, machine.target.port) for number in range(machines)]
    console.discover(work, targets, "list")
    return work


async def _refresh(folder: Path, work: console.Console, machines: int) -> float:
    carrier = console.carrier(folder)
    begun = time.perf_counter()
    task = console.begin(work, "status", {}, ())
    await console.carry_out(work, carrier, task)
    taken = time.perf_counter() - begun
    await carrier.close()
    good = sum(verdict.is_good for _, verdict in console.verdicts(work, task))
    if good != machines:
        raise RuntimeError(f"only {good} of {machines} machines answered the console")
    return taken


async def _bare(world: SshMachines, machine: SshMachine, machines: int) -> float:
    key = asyncssh.read_private_key(str(world.key))
    known: tuple[list[asyncssh.SSHKey], list[str], list[str]] = ([asyncssh.import_public_key(machine.host_key)], [], [])
    turns, asked = asyncio.Semaphore(AT_ONCE), request("status", {}).decode()

    async def one() -> bool:
        async with (
            turns,
            asyncssh.connect(
                LOOPBACK,
                machine.target.port,
                username="root",
                client_keys=[key],
                agent_path=(),
                known_hosts=known,
                config=None,
                login_timeout=PATIENCE_SECONDS,
            ) as connection,
        ):
            done = await connection.run(COMMAND, input=asked)
            return bool(done.stdout)

    begun = time.perf_counter()
    answers = await asyncio.gather(*(one() for _ in range(machines)))
    taken = time.perf_counter() - begun
    if not all(answers):
        raise RuntimeError("a machine gave the bare loop no answer")
    return taken


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="a console's refresh against a bare loop")
    options.add_argument("--machines", type=int, default=MACHINES)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = options.parse_args()
    print("\n".join(rows(chosen.machines, chosen.rounds)))

"""R19: a console over many machines, some dead, slow, with another SSH host key or hostile; killed half-way.

The machines are real SSH servers. An honest one answers with a status that was written down, as a real licensing service
would take longer to start than to answer; what it was asked is in its own log.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from muster.console import app as console
from muster.console.service.acting import GROUP
from reliability.figure import Figure, none_of
from tests.worlds.ssh_machines import LOOPBACK, SshMachines

AT_ONCE = 8
KEPT = AT_ONCE + GROUP
SEED = 1
HOME = "home"
PATIENCE_SECONDS = 600
POLL_SECONDS = 0.02
COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "console"]
_ROW = {"product": "Acme CAD", "edition": "acme-cad-pro", "state": "LICENSED", "method": "host"}
_NASTY = "\x1b]0;owned\x07\x9b31m<script>alert(1)</script>\u202e"
HOSTILE = ("garbage", "escapes", "html", "flood", "nonsense")
"""Kinds of hostile output; every second one is valid JSON with something nasty in it."""
WANTED = {
    "good": {"DONE"},
    "dead": {"MACHINE_UNREACHABLE"},
    "slow": {"MACHINE_UNREACHABLE"},
    "changed": {"MACHINE_UNTRUSTED"},
    "garbage": {"ANSWER_MALFORMED"},
    "escapes": {"DONE"},
    "html": {"INTERNAL"},
    "flood": {"ANSWER_MALFORMED"},
    "nonsense": {"ANSWER_MALFORMED"},
}


def hostile_fleet(folder: Path, machines: int, each: int, seconds: int) -> list[Figure]:
    """`machines` in all, `each` of them dead, slow, changed and hostile; each has so many `seconds` to answer."""
    with ExitStack() as stack:
        world = SshMachines(folder / "ssh")
        stack.callback(world.close)
        kinds = ["dead"] * each + ["slow"] * each + ["changed"] * each
        kinds += [HOSTILE[number % len(HOSTILE)] for number in range(each)]
        kinds += ["good"] * (machines - len(kinds))
        random.Random(SEED).shuffle(kinds)
        work = _inventory(folder, stack, world, kinds, seconds)
        _carried_out(folder, console.begin(work, "status", {}, console.parse_conditions(["name~*-changed"])))
        for machine in world.machines:
            if machine.name.endswith("-changed"):
                machine.change_key()
        begun = time.time()
        _killed_half_way(folder, machines)
        left = console.unfinished(work)
        for task in left:
            _carried_out(folder, task.id)
        return _figures(folder, machines, left, begun)


def _inventory(folder: Path, stack: ExitStack, world: SshMachines, kinds: list[str], seconds: int) -> console.Console:
    """A console that knows a machine of each of these kinds, by number."""
    targets = []
    for number, kind in enumerate(kinds):
        name = f"m{number:03}-{kind}"
        if kind == "dead":
            bound = stack.enter_context(socket.socket())
            bound.bind((LOOPBACK, 0))
            port = bound.getsockname()[1]
        else:
            port = world.add(name, _command(world.folder, kind, name, seconds)).target.port
        targets.append(console.Target(name, LOOPBACK, port, "root"))
    settings = f'[ssh]\nkeys = ["{world.key}"]\nagent = false\nat_once = {AT_ONCE}\nanswer_time = "{seconds}s"\n'
    (folder / HOME).mkdir()
    (folder / HOME / "console.toml").write_text(settings)
    work = console.open_console(folder / HOME)
    console.discover(work, targets, "list")
    return work


def _carried_out(folder: Path, task: int) -> None:
    async def run() -> None:
        carrier = console.carrier(folder / HOME)
        await console.carry_out(console.open_console(folder / HOME), carrier, task)
        await carrier.close()

    asyncio.run(run())


def _command(folder: Path, kind: str, name: str, seconds: int) -> str:
    nasty = _ROW | {"host": _NASTY, "last_error": {"code": _NASTY, "message": _NASTY}}
    answers: dict[str, Any] = {
        "good": json.dumps({"editions": [_ROW]}),
        "garbage": _NASTY * 1000,
        "escapes": json.dumps({"editions": [nasty]}),
        "html": json.dumps({"editions": [nasty], "error": {"code": _NASTY, "message": _NASTY}}),
        "nonsense": json.dumps({"editions": [{"edition": ["x"], "state": 7}] * 10_000}),
    }
    asked = folder / f"{name}.asked"
    asked.touch()
    # Not made anew when the folder is gone already.
    log = f"test -e {asked} && date +%s.%N >> {asked};"
    if kind == "slow":
        return f"{log} sleep {seconds * 3}"
    if kind == "flood":
        return f"{log} head -c 100000000 /dev/zero"
    file = folder / f"{kind}.answer"
    file.write_text(answers.get(kind, answers["good"]))
    return f"{log} cat {file}"


def _killed_half_way(folder: Path, machines: int) -> None:
    """An action that changes machines, killed when a third of them has a verdict."""
    work = console.open_console(folder / HOME)
    process = subprocess.Popen(
        [*COMMAND, "--home", str(folder / HOME), "renew"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(task.done for task in console.unfinished(work)) < machines // 3 and time.monotonic() < deadline:
        try:
            process.wait(POLL_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def _figures(folder: Path, machines: int, left: list[console.Task], begun: float) -> list[Figure]:
    work = console.open_console(folder / HOME)
    told = console.verdicts(work, left[0].id) if left else []
    wrong = [name for name, verdict in told if verdict.code not in WANTED[name.partition("-")[2]]]
    half = f"{left[0].done} of {machines}" if left else "none"
    since = {
        path.stem: [float(at) for at in path.read_text().split() if float(at) >= begun]
        for path in (folder / "ssh").glob("*.asked")
    }
    believed = sum(len(times) for name, times in since.items() if name.endswith("-changed"))
    row = next(row for row in console.audited(work, 9) if row.action == "machines.renew")
    pause = min(at for times in since.values() for at in times) - row.at.timestamp()
    twice = sum(len(times) > 1 for times in since.values())
    texts = [str(value) for line in console.rows(work, ()) for value in line.values()]
    texts += [verdict.text for _, verdict in told]
    codes = Counter(verdict.code for _, verdict in told)
    by_code = ", ".join(f"{number} {code}" for code, number in sorted(codes.items()))
    return [
        Figure("machines with a verdict when the console was killed", half, "some, not all", bool(left)),
        Figure("machines with a verdict after resume", f"{len(told)}: {by_code}", str(machines), len(told) == machines),
        none_of("wrong verdicts", len(wrong)),
        none_of("changed SSH host keys that were believed", believed),
        Figure("record of the action before the first machine is asked", f"{pause * 1000:.0f} ms", "> 0 ms", pause > 0),
        Figure("machines asked again after the kill", str(twice), f"<= {KEPT}: no verdict kept yet", twice <= KEPT),
        none_of("texts with control characters", sum(not text.isprintable() for text in texts)),
        none_of("actions left", len(console.unfinished(work))),
    ]

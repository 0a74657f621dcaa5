"""The rows of hosts that share a count on PostgreSQL: answers per second of one host and of two, against one with a file.

Nothing is pinned: a host, the database and the machines that ask share the cores, as they would where all of it is on one
machine; hosts on machines of their own have more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.host import CONNECTIONS, Rig, serving, spread  # noqa: E402
from muster.trust.chain import verify_answer  # noqa: E402
from muster.wire.activation import ReplyClaims  # noqa: E402
from tests.worlds.host_world import certified_home  # noqa: E402
from tests.worlds.postgresql import postgresql  # noqa: E402

CORES = f"0-{(os.cpu_count() or 1) - 1}"
SERVE = "import sys; from muster.cli import main; sys.exit(main())"
COMMAND = [sys.executable, "-c", SERVE, "host", "serve", "--listen", "127.0.0.1:0"]


def rows(chosen: argparse.Namespace) -> list[str]:
    """Rows of the table; `chosen` has rounds and requests."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name, postgresql() as server, ExitStack() as stack:
        rig = Rig(Path(name), chosen.requests)
        rig.prepare()
        shared = {"MUSTER_HOST_STORE": server.database("counts"), "MUSTER_HOST_DNS_PUBLISH": "false"}
        homes = [rig.folder / "first", rig.folder / "second"]
        for home in homes:
            certified_home(home, rig.vendor)
            (home / "host.toml").write_text("[dns]\npublish = false\n")
        _, own = stack.enter_context(serving(COMMAND, rig.folder / "home", core=CORES))
        ports = [stack.enter_context(serving(COMMAND, home, core=CORES, **shared))[1] for home in homes]
        alone, one, two = [], [], []
        for number in range(chosen.rounds):
            for rates, asked in ((alone, [own]), (one, ports[:1]), (two, ports)):
                rig.write_frames()
                rates.append(_together(rig, asked))
            found = verify_answer(rig.bodies[0], _first_reply(rig), rig.vendor.trusted)
            assert isinstance(found.claims, ReplyClaims)
            print(
                f"round {number + 1}: file {alone[-1]:.0f}/s, shared {one[-1]:.0f}/s, two {two[-1]:.0f}/s", flush=True
            )
    return [
        f"| hosts with one count on PostgreSQL, answers per second, {CONNECTIONS} connections: one host | {spread(one, 0)} | | with a file of its own, unpinned: {spread(alone, 0)} |",
        f"| the same, two hosts at once, {CONNECTIONS} connections each | {spread(two, 0)} | | both on one machine with the database |",
    ]


def _together(rig: Rig, ports: list[int]) -> float:
    """Answers per second of all of them, each asked the same number of times by machines of its own."""
    waiting = []
    data = (rig.folder / "frames").read_bytes()
    size = len(data) // rig.requests
    share = rig.requests // len(ports)
    for place, port in enumerate(ports):
        frames, replies = rig.folder / f"frames{place}", rig.folder / f"replies{place}"
        frames.write_bytes(data[place * share * size : (place + 1) * share * size])
        command = [str(rig.folder / "load"), "127.0.0.1", str(port), str(CONNECTIONS), str(frames), str(share)]
        waiting.append(subprocess.Popen([*command, str(replies)], stdout=subprocess.PIPE, text=True))
    told = [json.loads(process.communicate()[0]) for process in waiting]
    assert not any(one["failed"] for one in told)
    return float(sum(one["done"] for one in told)) / max(float(one["seconds"]) for one in told)


def _first_reply(rig: Rig) -> bytes:
    """What the first machine of the last round was answered."""
    data, at = (rig.folder / "replies0").read_bytes(), 0
    while int.from_bytes(data[at : at + 4], "little"):
        at += 5 + data[at + 4]
    return data[at + 5 : at + 5 + data[at + 4]]


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--requests", type=int, default=20_000)
    print("\n".join(rows(options.parse_args())))

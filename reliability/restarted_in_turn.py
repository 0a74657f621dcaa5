"""R14: two hosts with one count, restarted in turn under load. Every machine is served by one of them, at most one retry."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from muster.base.errors import BY_NUMBER
from muster.host.adapters.postgres_view import PostgresView
from muster.trust.chain import verify_answer
from muster.wire.activation import ReplyClaims
from muster.wire.calendar import MAX_SECONDS
from reliability.figure import Figure, none_of
from tests.programs.host_process import HostProcess, serving
from tests.worlds.host_world import SmallVendor, certified_home, exchange, request
from tests.worlds.name_servers import free_port
from tests.worlds.postgresql import postgresql

ASKERS = 16
THRESHOLD = 1_000
PAUSE_SECONDS = 1.0
"""A host that came back serves for so long before the other one goes."""


class Crowd:
    """Machines that ask the one host and then, when it is not there, the other. `tries` counts machines by their attempts."""

    def __init__(self, vendor: SmallVendor, addresses: list[str]) -> None:
        self.tries: Counter[int] = Counter()
        self.told: Counter[int] = Counter()
        self.problems: Counter[str] = Counter()
        self.served: set[int] = set()
        self._vendor = vendor
        self._addresses = addresses

    async def serve(self, machine: int) -> None:
        """Let one machine ask until it is served."""
        body = request(self._vendor, machine, threshold=THRESHOLD)
        # As by SRV with equal priorities: half of the machines begin with either host.
        for tries in range(1, 10):
            try:
                answer = await exchange(self._addresses[(machine + tries) % 2], body)
            except OSError as error:
                self.problems[type(error).__name__] += 1
                continue
            if answer is None:
                self.problems["closed without an answer"] += 1
                continue
            claims = verify_answer(body, answer, self._vendor.trusted).claims
            if isinstance(claims, ReplyClaims):
                self.tries[tries] += 1
                self.told[claims.count] += 1
                self.served.add(machine)
                return
            self.problems[str(BY_NUMBER[claims.code])] += 1
        self.tries[0] += 1


def restarted_in_turn(folder: Path, seconds: int) -> list[Figure]:
    """Restart them in turn for so many seconds of load."""
    vendor = SmallVendor()
    homes = [folder / "one", folder / "two"]
    with postgresql() as server:
        address = server.database("muster")
        ports = [free_port(), free_port()]
        for home in homes:
            certified_home(home, vendor)
            (home / "host.toml").write_text(f'store = "{address}"\n')
        crowd = Crowd(vendor, [f"127.0.0.1:{port}" for port in ports])
        with _both(homes, ports) as running:
            restarts = asyncio.run(_under_load(crowd, running, homes, ports, seconds))
        stored = {int.from_bytes(m.client_id, "big") for m in PostgresView(address).machines(0, MAX_SECONDS)}
    retried = sum(number for tries, number in crowd.tries.items() if tries == 2)
    more = sum(number for tries, number in crowd.tries.items() if tries not in {1, 2})
    doubles = sum(number - 1 for count, number in crowd.told.items() if count < min(2 * THRESHOLD, len(crowd.served)))
    # Who was counted and did not hear it asks the other host, and is told a count that another machine was told.
    unheard = crowd.problems["closed without an answer"]
    problems = ", ".join(f"{number} {what}" for what, number in sorted(crowd.problems.items())) or "none"
    return [
        Figure(
            "restarts, machines served",
            f"{restarts}, {len(crowd.served)}",
            "some",
            restarts >= 2 and len(crowd.served) > 100,
        ),
        Figure("of them at the second attempt; because of", f"{retried}; {problems}", "–", True),
        none_of("machines that needed more than one retry, or were not served", more),
        none_of("served and not in the store", len(crowd.served - stored)),
        none_of("counts told twice, beside those of machines whose first answer was lost", max(0, doubles - unheard)),
    ]


@contextmanager
def _both(homes: list[Path], ports: list[int]) -> Iterator[list[tuple[ExitStack, HostProcess]]]:
    running: list[tuple[ExitStack, HostProcess]] = []
    try:
        for home, port in zip(homes, ports, strict=True):
            running.append(_start(home, port))
        yield running
    finally:
        for stack, _ in running:
            stack.close()


def _start(home: Path, port: int) -> tuple[ExitStack, HostProcess]:
    stack = ExitStack()
    return stack, stack.enter_context(serving(home, listen=f"127.0.0.1:{port}"))


async def _under_load(
    crowd: Crowd, running: list[tuple[ExitStack, HostProcess]], homes: list[Path], ports: list[int], seconds: int
) -> int:
    """How many restarts there were."""
    machines = iter(range(1, 2**63))
    end = time.monotonic() + seconds
    is_over = False

    async def asks() -> None:
        while not is_over:
            await crowd.serve(next(machines))

    askers = [asyncio.create_task(asks()) for _ in range(ASKERS)]
    restarts = 0
    while time.monotonic() < end or restarts < 2:
        await asyncio.sleep(PAUSE_SECONDS)
        which = restarts % 2
        stack, process = running[which]
        await asyncio.to_thread(process.stop)
        await asyncio.to_thread(stack.close)
        running[which] = await asyncio.to_thread(_start, homes[which], ports[which])
        restarts += 1
    is_over = True
    await asyncio.gather(*askers)
    return restarts

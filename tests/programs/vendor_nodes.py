"""Nodes of a vendor's service as processes on one PostgreSQL, and what is asked of them at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx2

from muster.trust.humanid import format_installation
from muster.wire.installation import InstallationId, MachineId
from tests.worlds.vendor_world import PASSPHRASE, Acme

_MAIN = "import sys; from muster.cli import main; sys.exit(main())"
SERVE = (sys.executable, "-c", _MAIN, "vendor", "serve", "--listen", "127.0.0.1:0", "--proxy", "127.0.0.1")
STOP_SECONDS = 30
ASK_SECONDS = 60.0


@contextmanager
def nodes(acme: Acme, number: int) -> Iterator[list[str]]:
    """The addresses of `number` nodes on Acme's database, that all have Acme's home."""
    own = {"MUSTER_HOME": str(acme.home), "MUSTER_PASSPHRASE": PASSPHRASE, **acme.environment}
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    SERVE, env={**os.environ, **own}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
                )
            )
            for _ in range(number)
        ]
        try:
            yield [_address(process) for process in processes]
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(STOP_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip().removeprefix("listening on ")


async def ask_all(urls: Sequence[str], installations: Sequence[InstallationId]) -> tuple[Counter[str], list[str]]:
    """Ask for all of them at once, each node for every other one: how often each code came, "" for a yes; and every yes."""
    told: Counter[str] = Counter()
    confirmed: list[str] = []
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(trust_env=False, timeout=ASK_SECONDS, limits=limits) as web:

        async def one(number: int, installation: InstallationId) -> None:
            path = "permanent-activations" if isinstance(installation, MachineId) else "certificates"
            answer = await web.post(
                f"{urls[number % len(urls)]}/v1/{path}",
                json={"installation_id": format_installation(installation)},
                # Each asks from an address of its own, so that no limit of addresses is met.
                headers={"x-forwarded-for": f"10.0.{number >> 8}.{number & 255}"},
            )
            body = answer.json()
            told[body.get("code", "")] += 1
            if answer.is_success:
                confirmed.append(body["confirmation_id"])

        await asyncio.gather(*(one(number, one_id) for number, one_id in enumerate(installations)))
    return told, confirmed

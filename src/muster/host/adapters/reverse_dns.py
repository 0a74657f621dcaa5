"""Names of addresses by reverse DNS, for display only: never believed, never waited for long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import dns.asyncresolver
import dns.exception

from muster.host.core.settings import Endpoint

ALL_SECONDS = 3.0
MAX_ADDRESSES = 1_000
AT_ONCE = 64


async def names_of(addresses: Iterable[str], server: Endpoint | None = None) -> dict[str, str]:
    """The names that are found within three seconds, at most a thousand; addresses without one are left out."""
    try:
        resolver = dns.asyncresolver.Resolver(configure=server is None)
    except dns.exception.DNSException:
        return {}
    if server is not None:
        resolver.nameservers, resolver.port = [server[0]], server[1]
    found: dict[str, str] = {}
    places = asyncio.Semaphore(AT_ONCE)

    async def look(address: str) -> None:
        async with places:
            try:
                answer = await resolver.resolve_address(address, lifetime=ALL_SECONDS)
                found[address] = next(iter(answer)).to_text().rstrip(".")
            except (dns.exception.DNSException, OSError, StopIteration, ValueError):
                return

    wanted = list(dict.fromkeys(addresses))[:MAX_ADDRESSES]
    tasks = [asyncio.create_task(look(address)) for address in wanted]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=ALL_SECONDS)
        for task in late:
            task.cancel()
    return found

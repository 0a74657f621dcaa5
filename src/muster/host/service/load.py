"""Machines that ask a host as fast as it answers: a fresh connection and a new client id for each request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from muster.wire.frame import frame

SAMPLE_EVERY = 50
PATIENCE_SECONDS = 10.0


@dataclass
class Load:
    """`waits`: seconds of each answered request; `samples`: pairs of request and answer to be verified."""

    waits: list[float] = field(default_factory=list)
    failed: int = 0
    samples: list[tuple[bytes, bytes]] = field(default_factory=list)
    seconds: float = 0.0


async def ask_for(
    address: tuple[str, int], seconds: float, connections: int, body: Callable[[], bytes], tick: Callable[[float], None]
) -> Load:
    """Ask for so many seconds over so many connections at a time; `tick` hears the seconds that have passed."""
    loop, load = asyncio.get_running_loop(), Load()
    begin = loop.time()
    end = begin + seconds

    async def machine() -> None:
        while loop.time() < end:
            asked, before = body(), loop.time()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    answer = await _exchange(address, asked)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                load.failed += 1
                continue
            load.waits.append(loop.time() - before)
            if len(load.waits) % SAMPLE_EVERY == 0:
                load.samples.append((asked, answer))
            tick(min(loop.time() - begin, seconds))

    await asyncio.gather(*(machine() for _ in range(connections)))
    load.seconds = loop.time() - begin
    return load


class _Peer(asyncio.Protocol):
    def __init__(self, asked: bytes, answer: asyncio.Future[bytes]) -> None:
        self._asked, self._answer, self._got = asked, answer, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(frame(self._asked))  # type: ignore[attr-defined] # uvloop's transports are no asyncio.Transport

    def data_received(self, data: bytes) -> None:
        self._got += data

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._answer.done():
            return
        if self._got and len(self._got) == self._got[0] + 1:
            self._answer.set_result(self._got[1:])
        else:
            self._answer.set_exception(asyncio.IncompleteReadError(self._got, None))


async def _exchange(address: tuple[str, int], asked: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_connection(lambda: _Peer(asked, answer), *address)
    try:
        return await answer
    finally:
        transport.close()

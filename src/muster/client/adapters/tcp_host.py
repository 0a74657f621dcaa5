"""One request to an activation host over TCP: a frame each way, then closed (spec/activation.md §Frame).

Never reads more than one frame, never waits past one absolute deadline, and does not look into the
body.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from muster.base.errors import Code, MusterError, Unreachable
from muster.client.adapters.known_numbers import KnownNumbers
from muster.client.core.discovery import Address
from muster.client.ports import NameService
from muster.wire.frame import MAX_FRAME, FrameReader, frame

EXCHANGE_SECONDS = 10.0
CONNECT_SECONDS = 3.0


class TcpHost:
    """`HostTransport` over TCP; names are looked up by the `NameService` given.

    Where that brings nothing, the number in `known` stands in.
    """

    def __init__(
        self,
        names: NameService,
        known: KnownNumbers | None = None,
        deadline: float = EXCHANGE_SECONDS,
        connect: float = CONNECT_SECONDS,
    ) -> None:
        self._names = names
        self._known = known
        self._answered: dict[Address, str] = {}
        self._deadline = deadline
        self._connect = connect

    async def exchange(self, address: Address, body: bytes) -> bytes:
        """See `HostTransport`. Every address of the name is tried until one answers."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self._exchange(address, body)
        except TimeoutError as error:
            raise _silent(address, f"did not answer within {self._deadline:g} seconds") from error

    def keep(self, address: Address) -> None:
        """See `HostTransport`."""
        number = self._answered.get(address)
        if number is not None and self._known is not None:
            self._known.keep(address.host, number)

    def forget(self) -> None:
        """See `HostTransport`."""
        self._answered.clear()
        if self._known is not None:
            self._known.forget()

    async def _exchange(self, address: Address, body: bytes) -> bytes:
        last: MusterError = _silent(address, "has no address: its name does not resolve")
        for numeric in await self._numbers(address.host):
            try:
                answer = await self._converse(address, numeric, body)
            except Unreachable as error:
                last = error
            else:
                self._answered[address] = numeric
                return answer
        raise last

    async def _numbers(self, host: str) -> tuple[str, ...]:
        """What the name server says; when it says nothing, where the host answered last."""
        known = () if self._known is None else self._known.of(host)
        try:
            return await self._names.addresses(host) or known
        except Unreachable:
            if not known:
                raise
            return known

    async def _converse(self, address: Address, numeric: str, body: bytes) -> bytes:
        try:
            async with asyncio.timeout(self._connect):
                reader, writer = await asyncio.open_connection(numeric, address.port)
        except TimeoutError as error:
            raise _silent(address, f"({numeric}) does not accept connections: no answer") from error
        except OSError as error:
            # asyncio puts its own words into `strerror`.
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise _silent(address, f"({numeric}) does not accept connections: {reason.lower()}") from error
        try:
            writer.write(frame(body))
            await writer.drain()
            return await _read_frame(address, reader)
        except ConnectionError as error:
            raise _silent(address, "broke the connection off") from error
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _read_frame(address: Address, reader: asyncio.StreamReader) -> bytes:
    frames = FrameReader()
    while data := await reader.read(MAX_FRAME + 1):
        body = frames.feed(data)
        if body is not None:
            return body
    raise _silent(address, "closed the connection without an answer")


def _silent(address: Address, problem: str) -> Unreachable:
    return Unreachable(Code.HOST_UNREACHABLE, f"{address} {problem}")

"""Taking connections in: requests whole, in pieces, with too much, half-closed; and no descriptor left."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from muster.base.errors import Code, Misconfigured
from muster.host.service.connection import Connection
from muster.host.service.door import Door
from muster.wire.frame import MAX_BODY, frame


class Echo:
    """Answers every request with itself, and remembers what happened."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.happened = asyncio.Event()
        self.is_welcome = True

    def _tell(self, word: str) -> None:
        self.told.append(word)
        self.happened.set()

    def opened(self, connection: Connection) -> bool:
        self._tell(f"opened {connection.peer}")
        return self.is_welcome

    def asked(self, connection: Connection, body: bytes) -> None:
        self._tell("asked")
        connection.answer(body)

    def garbled(self) -> None:
        self._tell("garbled")

    def closed(self, _connection: Connection) -> None:
        self._tell("closed")

    def crowded(self) -> None:
        self._tell("crowded")

    async def until(self, word: str) -> None:
        async with asyncio.timeout(10):
            while word not in self.told:
                self.happened.clear()
                await self.happened.wait()


@asynccontextmanager
async def opened(echo: Echo, host: str = "127.0.0.1") -> AsyncIterator[Door]:
    door = Door(echo, asyncio.get_running_loop(), (host, 0))
    try:
        yield door
    finally:
        door.close()


def run(story: object) -> None:
    asyncio.run(asyncio.wait_for(story, 20))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_request_is_heard_whole_and_answered_and_the_connection_closed(host: str) -> None:
    async def story() -> None:
        echo = Echo()
        async with opened(echo, host) as door:
            reader, writer = await asyncio.open_connection(*door.endpoint)
            writer.write(frame(b"x" * MAX_BODY))
            assert await reader.read() == frame(b"x" * MAX_BODY)
            writer.close()
            assert echo.told == [f"opened {host}", "asked", "closed"]

    run(story())


def test_a_request_that_comes_byte_by_byte_is_waited_for() -> None:
    async def story() -> None:
        echo = Echo()
        async with opened(echo) as door:
            reader, writer = await asyncio.open_connection(*door.endpoint)
            await echo.until("opened 127.0.0.1")
            for byte in frame(b"slowly"):
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(0)
            writer.write_eof()
            assert await reader.read() == frame(b"slowly")
            writer.close()

    run(story())


@pytest.mark.parametrize("sent", [b"\0", b"\xff", frame(b"one") + b"\x01", frame(b"x" * MAX_BODY) + b"y"])
def test_what_is_no_frame_ends_the_connection_without_an_answer(sent: bytes) -> None:
    async def story() -> None:
        echo = Echo()
        async with opened(echo) as door:
            reader, writer = await asyncio.open_connection(*door.endpoint)
            writer.write(sent)
            assert await reader.read() == b""
            writer.close()
            assert echo.told == ["opened 127.0.0.1", "garbled", "closed"]

    run(story())


def test_who_leaves_in_the_middle_is_forgotten() -> None:
    async def story() -> None:
        echo = Echo()
        async with opened(echo) as door:
            _, writer = await asyncio.open_connection(*door.endpoint)
            writer.write(frame(b"half")[:2])
            writer.close()
            await echo.until("closed")
            assert "asked" not in echo.told

    run(story())


def test_who_is_not_welcome_is_closed_at_once() -> None:
    async def story() -> None:
        echo = Echo()
        echo.is_welcome = False
        async with opened(echo) as door:
            reader, writer = await asyncio.open_connection(*door.endpoint)
            assert await reader.read() == b""
            writer.close()
            assert echo.told == ["opened 127.0.0.1", "closed"]

    run(story())


def test_more_peers_than_are_taken_at_once_are_all_answered() -> None:
    async def ask(door: Door, number: int) -> bool:
        reader, writer = await asyncio.open_connection(*door.endpoint)
        writer.write(frame(number.to_bytes(2, "big")))
        answer = await reader.read()
        writer.close()
        return answer == frame(number.to_bytes(2, "big"))

    async def story() -> None:
        async with opened(Echo()) as door:
            assert all(await asyncio.gather(*(ask(door, number) for number in range(200))))

    run(story())


def test_without_a_descriptor_left_who_waits_is_taken_later() -> None:
    async def story() -> None:
        echo = Echo()
        async with opened(echo) as door:
            peer = socket.create_connection(door.endpoint)
            peer.sendall(frame(b"patience"))
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            # The next descriptor would be the lowest that is free.
            spare = os.dup(peer.fileno())
            os.close(spare)
            resource.setrlimit(resource.RLIMIT_NOFILE, (spare, hard))
            try:
                await echo.until("crowded")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await echo.until("closed")
            assert echo.told == ["crowded", "opened 127.0.0.1", "asked", "closed"]
            assert peer.recv(100) == frame(b"patience")
            peer.close()

    run(story())


def test_an_address_that_is_taken_says_so() -> None:
    async def story() -> None:
        async with opened(Echo()) as door:
            with pytest.raises(Misconfigured) as caught:
                Door(Echo(), asyncio.get_running_loop(), door.endpoint)
            assert caught.value.code is Code.SETTINGS_INVALID
            assert "already in use" in caught.value.message

    run(story())

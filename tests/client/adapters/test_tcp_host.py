"""One request to a host over TCP, and hosts that misbehave, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from muster.base.errors import Code, Malformed, MusterError
from muster.client.adapters.tcp_host import TcpHost
from muster.client.core.discovery import Address, ServiceRecord
from muster.wire.frame import FrameReader, frame
from tests.worlds.name_servers import LOOPBACK, free_port

Host = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Names:
    """Every name has these addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def suffixes(self) -> tuple[str, tuple[str, ...]]:
        return "", ()

    async def services(self, name: str) -> tuple[ServiceRecord, ...]:
        return ()

    async def addresses(self, name: str) -> tuple[str, ...]:
        return self._addresses


def exchange(host: Host, *addresses: str, deadline: float = 5.0) -> bytes:
    """What comes back from a host on loopback to the body ``ask``."""

    async def run() -> bytes:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await host(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(serve, LOOPBACK, 0)
        try:
            port = server.sockets[0].getsockname()[1]
            transport = TcpHost(Names(*(addresses or (LOOPBACK,))), deadline=deadline)
            return await transport.exchange(Address("kms1.corp.example", port), b"ask")
        finally:
            server.close()

    return asyncio.run(run())


async def _heard(reader: asyncio.StreamReader) -> bytes:
    frames = FrameReader()
    while True:
        body = frames.feed(await reader.read(100))
        if body is not None:
            return body


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(frame(b"heard " + await _heard(reader)))


def test_one_body_goes_out_and_one_comes_back() -> None:
    assert exchange(echo) == b"heard ask"


def test_an_answer_in_pieces_is_put_together() -> None:
    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in frame(b"heard " + await _heard(reader)):
            writer.write(bytes((byte,)))
            await writer.drain()

    assert exchange(slowly) == b"heard ask"


def test_the_next_address_is_tried_when_one_is_dead() -> None:
    assert exchange(echo, "127.0.0.2", LOOPBACK) == b"heard ask"


async def _close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _heard(reader)
    writer.write(frame(b"an answer")[:4])


async def _wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def _trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _heard(reader)
    writer.write(b"\x80")
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize("host", [_close, _half, _wait, _trickle])
def test_a_host_that_gives_no_whole_answer_in_time_is_unreachable(host: Host) -> None:
    with pytest.raises(MusterError) as refused:
        exchange(host, deadline=0.3)
    assert refused.value.code is Code.HOST_UNREACHABLE
    assert "kms1.corp.example" in refused.value.message


@pytest.mark.parametrize("answer", [b"\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20])
def test_what_is_no_frame_is_malformed(answer: bytes) -> None:
    async def host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _heard(reader)
        writer.write(answer)

    with pytest.raises(Malformed):
        exchange(host)


def test_a_closed_port_and_a_name_without_address_are_told_apart() -> None:
    def ask(*addresses: str) -> str:
        transport = TcpHost(Names(*addresses))
        with pytest.raises(MusterError) as refused:
            asyncio.run(transport.exchange(Address("kms1.corp.example", free_port()), b"ask"))
        assert refused.value.code is Code.HOST_UNREACHABLE
        return refused.value.message

    assert "refused" in ask(LOOPBACK)
    assert "does not resolve" in ask()

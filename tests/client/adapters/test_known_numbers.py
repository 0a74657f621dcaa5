"""Where hosts answered last: kept, bounded, believed only as far as an address can be, and used when names say nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from muster.base.errors import Code, Unreachable
from muster.client.adapters.known_numbers import MAX_HOSTS, MAX_NUMBERS_BYTES, NUMBERS, KnownNumbers
from muster.client.adapters.tcp_host import TcpHost
from muster.client.core.discovery import Address, ServiceRecord
from tests.worlds.name_servers import LOOPBACK

HOST = "kms1.corp.example"


class Names:
    """A name server that answers this, or does not answer."""

    def __init__(self, answer: tuple[str, ...] | None) -> None:
        self.answer = answer

    async def suffixes(self) -> tuple[str, tuple[str, ...]]:
        return "", ()

    async def services(self, name: str) -> tuple[ServiceRecord, ...]:
        return ()

    async def addresses(self, name: str) -> tuple[str, ...]:
        if self.answer is None:
            raise Unreachable(Code.DNS_UNREACHABLE, "no answer")
        return self.answer


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read(100))
    writer.close()


def asked(names: Names, home: Path, *, keeps: bool = True, answers: bool = True) -> bytes:
    """One exchange with a host on loopback that gives back what it is told."""

    async def run() -> bytes:
        server = await asyncio.start_server(_echo, LOOPBACK, 0)
        address = Address(HOST, server.sockets[0].getsockname()[1] if answers else 1)
        try:
            transport = TcpHost(names, KnownNumbers(home))
            answer = await transport.exchange(address, b"ask")
            if keeps:
                transport.keep(address)
            return answer
        finally:
            server.close()

    return asyncio.run(run())


@pytest.mark.parametrize("lost", [None, ()], ids=["no answer", "no such name"])
def test_a_host_that_was_kept_is_found_when_names_say_nothing(tmp_path: Path, lost: tuple[str, ...] | None) -> None:
    names = Names((LOOPBACK,))
    asked(names, tmp_path)
    names.answer = lost
    assert asked(names, tmp_path) == b"ask"


def test_a_host_that_was_not_kept_is_not(tmp_path: Path) -> None:
    names = Names((LOOPBACK,))
    asked(names, tmp_path, keeps=False)
    assert not (tmp_path / NUMBERS).exists()
    names.answer = None
    with pytest.raises(Unreachable) as caught:
        asked(names, tmp_path)
    assert caught.value.code is Code.DNS_UNREACHABLE


def test_what_the_name_server_says_goes_before_what_is_remembered(tmp_path: Path) -> None:
    KnownNumbers(tmp_path).keep(HOST, "127.0.0.9")
    assert asked(Names((LOOPBACK,)), tmp_path) == b"ask"
    assert KnownNumbers(tmp_path).of(HOST) == (LOOPBACK,)


def test_as_many_hosts_are_known_as_can_be_asked_and_the_newest_stay(tmp_path: Path) -> None:
    known = KnownNumbers(tmp_path)
    for number in range(MAX_HOSTS + 5):
        known.keep(f"kms{number}.corp.example", f"192.0.2.{number + 1}")
    known.keep("kms7.corp.example", "192.0.2.200")
    assert known.of("kms4.corp.example") == ()
    assert known.of("kms5.corp.example") == ("192.0.2.6",)
    assert known.of("kms7.corp.example") == ("192.0.2.200",)
    known.forget()
    known.forget()
    assert known.of("kms7.corp.example") == ()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"kms1.corp.example": 7}',
        b'{"kms1.corp.example": "evil.example"}',
        b"[" * 20_000,
        b" " * (MAX_NUMBERS_BYTES + 1),
        b"\xff",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_file_that_makes_no_sense_is_not_known(tmp_path: Path, text: bytes) -> None:
    (tmp_path / NUMBERS).write_bytes(text)
    known = KnownNumbers(tmp_path)
    assert known.of(HOST) == ()
    known.keep(HOST, "192.0.2.7")
    assert known.of(HOST) == ("192.0.2.7",)


def test_where_nothing_can_be_written_nothing_is_known_and_nothing_fails(tmp_path: Path) -> None:
    known = KnownNumbers(tmp_path / "nowhere" / "at-all")
    known.keep(HOST, "192.0.2.7")
    assert known.of(HOST) == ()

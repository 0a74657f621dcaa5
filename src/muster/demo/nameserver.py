"""An authoritative name server on loopback: UDP and TCP on one port, signed updates accepted.

It serves the demonstration and the tests, where it stands beside BIND 9 under the same contract.
It binds to loopback only, keeps nothing on disk, and answers no zone but its own.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.tsig
import dns.update

from muster.base.clock import Clock, SystemClock
from muster.demo.signatures import judge, seal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from muster.demo.zones import Zones

LOOPBACK: Final = "127.0.0.1"

CONNECTION_SECONDS: Final = 5.0
"""One absolute deadline for a whole TCP connection."""

MAX_CONNECTIONS: Final = 256
"""Open TCP connections; one more is closed at once."""

PLAIN_UDP_BYTES: Final = 512
"""Largest reply by UDP to a query without EDNS (RFC 1035 section 4.2.1)."""

LARGEST_UDP_BYTES: Final = 1232
"""Largest reply by UDP whatever EDNS allows: never in fragments (DNS flag day 2020)."""

LARGEST_TCP_BYTES: Final = 65_535

SIGNATURE_BYTES: Final = 512
"""Room kept for a TSIG: owner name 255, algorithm name 255 at the most unlikely."""

PORT_ATTEMPTS: Final = 16
"""How often a free port is drawn until UDP and TCP are both free on it."""

_HEADER_BYTES: Final = 12


class NameServer:
    """`async with NameServer(zones, keys) as server:` answers until the block ends."""

    def __init__(self, zones: Zones, keys: Mapping[str, str], clock: Clock | None = None) -> None:
        """`keys` maps TSIG key names to base64 secrets (HMAC-SHA256)."""
        self.zones = zones
        self.queries = 0
        self.updates = 0
        self._keys = {
            key.name: key for key in (dns.tsig.Key(name, secret, dns.tsig.HMAC_SHA256) for name, secret in keys.items())
        }
        self._clock = clock or SystemClock()
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def port(self) -> int:
        """The port in use; 0 before the start."""
        return self._port

    @property
    def address(self) -> str:
        """``127.0.0.1:PORT``, as every program's ``MUSTER_DNS_SERVER`` takes it."""
        return f"{LOOPBACK}:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Bind UDP and TCP to one free port of loopback; raises OSError when there is none."""
        loop = asyncio.get_running_loop()
        for attempt in range(PORT_ATTEMPTS):
            self._tcp = await asyncio.start_server(self._serve, LOOPBACK, 0)
            port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(LOOPBACK, port)
                )
            except OSError:
                self._tcp.close()
                if attempt + 1 == PORT_ATTEMPTS:
                    raise
                continue
            self._port = port
            return

    async def stop(self) -> None:
        """Close both sockets and every connection."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._tcp is not None:
            await self._tcp.wait_closed()
        self._tcp = self._udp = None

    def respond(self, wire: bytes, udp_limit: int | None = None) -> bytes | None:
        """The reply to one message, or None where silence is the answer.

        With `udp_limit` at most that many bytes, or as many as the query's EDNS allows.
        """
        try:
            message = dns.message.from_wire(wire, keyring=False)
            if message.flags & dns.flags.QR:
                return None
            verdict = judge(wire, message, self._keys, self._clock.now())
        except (dns.exception.DNSException, ValueError):
            return _format_error(wire)
        # Judged with our own clock: dnspython must not sign the reply with the system's.
        message.tsig = None
        if verdict.error != dns.rcode.NOERROR:
            response = dns.message.make_response(message)
            response.set_rcode(dns.rcode.NOTAUTH)
        elif message.opcode() == dns.opcode.UPDATE:
            self.updates += 1
            response = dns.message.make_response(message)
            response.set_rcode(self.zones.update(cast("dns.update.UpdateMessage", message), verdict.signer))
        elif message.opcode() == dns.opcode.QUERY:
            self.queries += 1
            response = self.zones.answer(message)
        else:
            response = dns.message.make_response(message)
            response.set_rcode(dns.rcode.NOTIMP)
        room = udp_limit and min(max(message.payload, udp_limit), LARGEST_UDP_BYTES)
        signature = SIGNATURE_BYTES if verdict.record else 0
        rendered = response.to_wire(max_size=(room or LARGEST_TCP_BYTES) - signature, prefer_truncation=True)
        return seal(rendered, verdict, self._clock.now())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._open.add(task)
        try:
            with suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
                async with asyncio.timeout(CONNECTION_SECONDS):
                    await self._converse(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Messages of one connection, each after its two-byte length (RFC 7766)."""
        while True:
            length = int.from_bytes(await reader.readexactly(2), "big")
            reply = self.respond(await reader.readexactly(length))
            if reply is None:
                return
            writer.write(len(reply).to_bytes(2, "big") + reply)
            await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    """UDP side: one datagram in, at most one out."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._server.respond(data, PLAIN_UDP_BYTES)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


def _format_error(wire: bytes) -> bytes | None:
    """FORMERR with the asker's id; nothing to a header cut short or to a reply (no loops)."""
    if len(wire) < _HEADER_BYTES or wire[2] & 0x80:
        return None
    opcode_and_recursion = wire[2] & 0x79
    return wire[:2] + bytes([0x80 | opcode_and_recursion, int(dns.rcode.FORMERR)]) + bytes(8)

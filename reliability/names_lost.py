"""R9: a name server that is down, slow, ignorant, poisoned or endless. Who was licensed stays so by the host it remembers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import TypeVar

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from muster.base.clock import SystemClock
from muster.client import app as client
from muster.client.service.machine import Machine
from muster.wire.activation import State
from muster.wire.frame import FrameReader, frame
from reliability.figure import Figure, below, none_of
from tests.worlds.hand_wakes import HandWakes, serve
from tests.worlds.network_world import Office, parts
from tests.worlds.vendor_keys import CAD_PRO, CertifiedHost, VendorKeys

MODES = ("silent", "slow", "ignorant", "poisoned", "endless", "down")
ZONE, HOST = "corp.example", "kms1.corp.example"
LOOPBACK = "127.0.0.1"
GARBAGE = b"HTTP/1.1 400 Bad Request\r\n\r\n"
DELAY_SECONDS = 1.5
TTL = 60
TARGETS, STRANGERS = 1_000, 3
LARGEST_UDP = 1_232

ATTEMPT_SECONDS = 30.0
"""A question of a name has five seconds, a host with its name ten: this is far more than one of each."""
PROCESSOR_SECONDS = 5.0
PATIENCE_SECONDS = 10.0
RETRY = timedelta(hours=2)
DAY = timedelta(days=1)
T = TypeVar("T")


class Names(asyncio.DatagramProtocol):
    """A name server by UDP and TCP, with the fault of `mode`."""

    def __init__(self, host_port: int, stranger_port: int) -> None:
        self.mode = "well"
        self.port = 0
        self._ports = host_port, stranger_port
        self._answering: set[asyncio.Task[None]] = set()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port, or on the one it had."""
        self._tcp = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._tcp.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(LOOPBACK, self.port))

    async def stop(self) -> None:
        """Be gone."""
        if self._udp is not None and self._tcp is not None:
            self._udp.close()
            self._tcp.close()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """See `asyncio.DatagramProtocol`."""
        task = asyncio.ensure_future(self._by_udp(data, address))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _by_udp(self, data: bytes, address: tuple[str, int]) -> None:
        assert self._udp is not None
        if self.mode == "silent":
            return
        if self.mode == "slow":
            await asyncio.sleep(DELAY_SECONDS)
        if self.mode == "poisoned":
            # Forged answers that come before the real one: other ids, another question, no message at all.
            for number in range(20):
                self._udp.sendto(number.to_bytes(2, "big") + self._answer(data)[2:], address)
            self._udp.sendto(b"\x00" * 12, address)
            self._udp.sendto(b"?", address)
        answer = self._answer(data)
        if len(answer) > LARGEST_UDP:
            short = dns.message.make_response(dns.message.from_wire(data))
            short.flags |= dns.flags.TC
            answer = short.to_wire()
        self._udp.sendto(answer, address)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        answer = self._answer(await reader.readexactly(size))
        writer.write(len(answer).to_bytes(2, "big") + answer)
        await writer.drain()
        writer.close()

    def _answer(self, data: bytes) -> bytes:
        asked = dns.message.from_wire(data)
        answer = dns.message.make_response(asked)
        name, kind = asked.question[0].name, asked.question[0].rdtype.name
        if self.mode == "ignorant":
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif kind == "SRV":
            answer.answer.append(dns.rrset.from_text_list(name, TTL, "IN", "SRV", self._services()))
        elif kind == "A":
            answer.answer.append(dns.rrset.from_text(name, TTL, "IN", "A", LOOPBACK))
        return answer.to_wire(max_size=65_535)

    def _services(self) -> list[str]:
        host, stranger = self._ports
        if self.mode == "endless":
            return [f"0 {number} 1 dead{number}.{ZONE}." for number in range(TARGETS)]
        if self.mode == "poisoned":
            return [f"0 0 {stranger} evil{number}.{ZONE}." for number in range(STRANGERS)]
        return [f"0 0 {host} {HOST}."]


class Network:
    """A certified host, a stranger that speaks another protocol, and the name server, on one loop in a thread."""

    def __init__(self, vendor: VendorKeys) -> None:
        self._host = CertifiedHost(vendor)
        self.loop = asyncio.new_event_loop()
        self.asked = 0
        self.host = ""
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.names = self.do(self._start())

    def do(self, what: Coroutine[None, None, T]) -> T:
        """Something on the network's own loop, done."""
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(PATIENCE_SECONDS)

    async def _start(self) -> Names:
        self.servers = [await asyncio.start_server(way, LOOPBACK, 0) for way in (self._serve, self._insult)]
        ports = [server.sockets[0].getsockname()[1] for server in self.servers]
        self.host, names = f"{LOOPBACK}:{ports[0]}", Names(*ports)
        await names.start()
        return names

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames, body = FrameReader(), None
        while body is None and (data := await reader.read(300)):
            body = frames.feed(data)
        if body is not None:
            self.asked += 1
            writer.write(frame(self._host.reply(body, 30, SystemClock().now())))
            await writer.drain()
        writer.close()

    async def _insult(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GARBAGE)
        await writer.drain()
        writer.close()

    async def _stop(self) -> None:
        await self.names.stop()
        for server in self.servers:
            server.close()

    def close(self) -> None:
        """Everything is gone."""
        self.do(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE_SECONDS)
        self.loop.close()


@contextmanager
def network(vendor: VendorKeys) -> Iterator[Network]:
    """A network that is there until the block ends."""
    found = Network(vendor)
    try:
        yield found
    finally:
        found.close()


def names_lost(folder: Path, days: int) -> list[Figure]:
    """Every fault, at once, on a licensed machine and on a new one; then `days` days without a name server."""
    with ThreadPoolExecutor(len(MODES)) as threads:
        found = threads.map(lambda mode: _under(mode, folder / mode), MODES)
        return [*chain.from_iterable(found), *_months(folder / "months", days)]


def _under(mode: str, folder: Path) -> list[Figure]:
    """A machine is activated while all is well; then the fault comes, and another machine with it."""
    vendor = VendorKeys(opened=SystemClock().now())
    with network(vendor) as around:
        licensed = _machine(folder / "licensed", vendor, around)
        begun = asyncio.run(client.activate(licensed, None))
        assert begun.error is None, begun.error
        around.names.mode = mode
        if mode == "down":
            around.do(around.names.stop())
        return [*_renewal(mode, licensed, around), *_first(mode, _machine(folder / "new", vendor, around), around)]


def _machine(home: Path, vendor: VendorKeys, around: Network) -> Machine:
    words = {client.DNS_SERVER: f"{LOOPBACK}:{around.names.port}", client.DNS_ZONES: ZONE}
    machine = client.open_machine(home, environment=words, hardware=parts(1), virtual=False)
    if not machine.state.vendors():
        client.install(machine, vendor.product_file().encode(), edition=CAD_PRO.name)
    return machine


def _renewal(mode: str, machine: Machine, around: Network) -> list[Figure]:
    asked, begun, worked = around.asked, time.monotonic(), time.thread_time()
    result = asyncio.run(client.activate(machine, None))
    taken, work = time.monotonic() - begun, time.thread_time() - worked
    by = "the host it remembers" if result.error is None and around.asked == asked + 1 else f"{result.error}"
    return [
        Figure(f"{mode}: renewed by", by, "the host it remembers", result.error is None),
        below(f"{mode}: renewed after", taken, ATTEMPT_SECONDS, "s"),
        below(f"{mode}: processor time of it", work, PROCESSOR_SECONDS, "s"),
    ]


def _first(mode: str, machine: Machine, around: Network) -> list[Figure]:
    begun, asked = time.monotonic(), around.asked
    result = asyncio.run(client.activate(machine, None))
    taken = time.monotonic() - begun
    told = "activated" if result.error is None else str(result.error.code)
    fits = (result.error is None) == (mode == "slow") and result.scene.standing().state is not State.UNLICENSED
    wanted = "activated" if mode == "slow" else "a code, and its grace"
    return [
        Figure(f"{mode}: a new machine is told", told, wanted, fits and around.asked - asked == (mode == "slow")),
        below(f"{mode}: told after", taken, ATTEMPT_SECONDS, "s"),
    ]


def _months(folder: Path, days: int) -> list[Figure]:
    """On a clock moved by hand: how often a machine asks that no name server answers, licensed and not."""
    office = Office(folder)
    office.host(machines=24)
    machine = office.machine()
    asyncio.run(client.activate(machine, None))
    office.network.dns_down = True
    office.network.hosts.clear()
    office.network.questions.clear()
    wakes = HandWakes(office.clock, office.clock.now() + days * DAY)
    serve(machine, wakes)
    moments = [at for at, _ in wakes.woken]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    most = days * DAY / RETRY
    asked = len(office.network.asked) + len(office.network.questions)
    return [
        Figure(f"down for {days} days: wakes", str(len(moments)), f"some, < {most:.0f}", 0 < len(moments) < most),
        none_of("wakes less than a minute after the one before", sum(gap < timedelta(minutes=1) for gap in gaps)),
        Figure(
            "shortest and longest pause",
            f"{min(gaps)}, {max(gaps)}",
            "backs off to 12 h while 30 days are left",
            min(gaps) >= RETRY * 0.9 and timedelta(hours=10) <= max(gaps) <= timedelta(hours=13.2),
        ),
        Figure("different pauses", str(len(set(gaps))), "spread by chance", len(set(gaps)) > len(gaps) // 2),
        none_of("questions beyond one host and one zone a wake", max(0, asked - 2 * (len(moments) + 1))),
    ]

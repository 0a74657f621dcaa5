"""Two name servers behind one face: the embedded one and BIND 9, each a fresh world on loopback.

Both are given the same zone files, keys and grants: what holds against one must hold against the
other.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdataclass
import pytest

from muster.base.clock import SystemClock
from muster.base.entropy import SystemEntropy
from muster.demo.nameserver import NameServer
from muster.demo.zones import Grant, Zones, zone_text
from tests.worlds.parts import part

LOOPBACK = "127.0.0.1"
READY_SECONDS = 10.0
PORT_ATTEMPTS = 5

UPDATER = "updater"
STRANGER = "stranger"
SECRET = "c2VjcmV0IG9mIHRoZSB1cGRhdGVyIGluIHRoZSB0ZXN0cw=="
OTHER_SECRET = "YW5vdGhlciBzZWNyZXQgdGhhdCBub2JvZHkgZ3JhbnRlZA=="


@dataclass(frozen=True)
class World:
    """What a name server is started with; `keys` maps names to base64 secrets.

    `options` and `policy` are lines of BIND's configuration. `clock_ahead` moves the clock of the embedded one; BIND 9 does
    not start under faketime.
    """

    zones: tuple[str, ...] = ("corp.example", "lab.example")
    records: str = ""
    label: str = "_muster._tcp"
    keys: dict[str, str] = field(default_factory=lambda: {UPDATER: SECRET})
    clock_ahead: timedelta = timedelta(0)
    options: str = ""
    policy: str = ""

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The updater may write the service records and addresses of hosts below ``hosts``."""
        return tuple(
            grant
            for zone in self.zones
            for grant in (
                Grant(f"{UPDATER}.", f"{self.label}.{zone}.", ("SRV",)),
                Grant(f"{UPDATER}.", f"hosts.{zone}.", ("A", "AAAA"), below=True),
            )
        )


@dataclass(frozen=True)
class Served:
    """A running name server: where it is, and how to look into it without any of our adapters."""

    kind: str
    port: int
    folder: Path

    @property
    def address(self) -> str:
        """As ``MUSTER_DNS_SERVER`` and ``[dns] server`` take it."""
        return f"{LOOPBACK}:{self.port}"

    def records(self, name: str, rdtype: str) -> list[str]:
        """The records at `name` in presentation form, sorted."""
        query = dns.message.make_query(name, rdtype)
        reply = dns.query.tcp(query, LOOPBACK, port=self.port, timeout=2)
        return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)

    def ttl(self, name: str, rdtype: str) -> int:
        """Seconds that the record set at `name` may be cached."""
        query = dns.message.make_query(name, rdtype)
        return dns.query.tcp(query, LOOPBACK, port=self.port, timeout=2).answer[0].ttl

    def key_file(self, name: str = UPDATER, secret: str = SECRET) -> Path:
        """A key in BIND's format, in the server's folder."""
        path = self.folder / f"{name}-{secret[:4]}.key"
        path.write_text(_key_text(name, secret), encoding="utf-8")
        return path


class _ClockAhead:
    """The system's clock, moved."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead
        self._system = SystemClock()

    def now(self) -> datetime:
        return self._system.now() + self._ahead

    def monotonic(self) -> float:
        return self._system.monotonic()

    def boot_seconds(self) -> float:
        return self._system.boot_seconds()

    def boot_id(self) -> bytes:
        return self._system.boot_id()


@contextmanager
def embedded(folder: Path, world: World | None = None) -> Iterator[Served]:
    """The embedded name server on a thread and an event loop of its own."""
    world = world or World()
    zones = Zones([zone_text(zone, world.records) for zone in world.zones], world.grants)
    keys = {f"{name}.": secret for name, secret in world.keys.items()}
    server = NameServer(zones, keys, _ClockAhead(world.clock_ahead))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="embedded name server", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(READY_SECONDS)
        try:
            yield Served("embedded", server.port, folder)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(READY_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(READY_SECONDS)
        loop.close()


@contextmanager
def bind(folder: Path, world: World | None = None) -> Iterator[Served]:
    """BIND 9 on a free port, its files in `folder`, stopped afterwards."""
    world = world or World()
    command = [part("named")]
    for zone in world.zones:
        (folder / f"{zone}.zone").write_text(zone_text(zone, world.records), encoding="utf-8")
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        # Another named may take the port between the draw and the start, and named itself goes on
        # without it: whoever answers must tell the identity drawn here.
        identity = SystemEntropy().token(8).hex()
        configuration = folder / "named.conf"
        configuration.write_text(_configuration(folder, world, port, identity), encoding="utf-8")
        log = folder / "named.log"
        with log.open("w", encoding="utf-8") as stream:
            process = subprocess.Popen(
                [*command, "-f", "-g", "-n", "1", "-c", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        try:
            if _answers_as(identity, port, process):
                yield Served("bind", port, folder)
                return
        finally:
            process.terminate()
            process.wait(READY_SECONDS)
    pytest.fail("BIND did not answer:\n" + (folder / "named.log").read_text(encoding="utf-8"))


@contextmanager
def silent() -> Iterator[str]:
    """A name server that takes every message and answers none; gives its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
        tcp.bind((LOOPBACK, 0))
        tcp.listen()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(tcp.getsockname())
            yield f"{LOOPBACK}:{tcp.getsockname()[1]}"


START: dict[str, Callable[[Path, World], AbstractContextManager[Served]]] = {
    "embedded": embedded,
    "bind": bind,
}


def free_port() -> int:
    """A port that was free for UDP and TCP a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
        tcp.bind((LOOPBACK, 0))
        port: int = tcp.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, suppress(OSError):
            udp.bind((LOOPBACK, port))
            return port
    return free_port()


def _key_text(name: str, secret: str) -> str:
    return f'key "{name}" {{\n\talgorithm hmac-sha256;\n\tsecret "{secret}";\n}};\n'


def _configuration(folder: Path, world: World, port: int, identity: str) -> str:
    policy = "".join(
        f"    grant {grant.key} {'subdomain' if grant.below else 'name'} {grant.name} {' '.join(grant.types)};\n"
        for grant in world.grants
    )
    policy += world.policy
    zones = "".join(
        f'zone "{zone}" {{\n  type primary; file "{zone}.zone";\n  update-policy {{\n{policy}  }};\n}};\n'
        for zone in world.zones
    )
    keys = "".join(_key_text(name, secret) for name, secret in world.keys.items())
    return f"""{keys}
options {{
  directory "{folder}";
  pid-file "{folder}/named.pid";
  session-keyfile "{folder}/session.key";
  managed-keys-directory "{folder}";
  server-id "{identity}";
  listen-on port {port} {{ {LOOPBACK}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  allow-query {{ any; }};
  allow-transfer {{ none; }};
  dnssec-validation no;
  notify no;
  {world.options}
}};
controls {{ }};
{zones}"""


def _answers_as(identity: str, port: int, process: subprocess.Popen[bytes]) -> bool:
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    query = dns.message.make_query("id.server.", "TXT", dns.rdataclass.CH)
    while process.poll() is None and clock.monotonic() < deadline:
        # Not up yet: refused at once by TCP, so wait for the process in small steps.
        with suppress(OSError, EOFError, dns.exception.DNSException):
            reply = dns.query.tcp(query, LOOPBACK, port=port, timeout=1)
            return [rdata.to_text() for rrset in reply.answer for rdata in rrset] == [f'"{identity}"']
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    return False

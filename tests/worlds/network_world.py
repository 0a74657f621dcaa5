"""A network in memory: DNS records, activation hosts with the real deciding core, machines with real state folders.

Nothing is sent; time is moved by hand. `live` lets a machine do by itself what its deadlines ask for.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from muster.base.errors import Code, Malformed, Unreachable
from muster.client import app as client
from muster.client.adapters.journal_file import JournalFile
from muster.client.adapters.state_folder import StateFolder
from muster.client.core.choices import ClientSettings
from muster.client.core.discovery import Address, ServiceRecord
from muster.client.service.machine import Machine, Surroundings
from muster.host.core.answering import Answering, Intervals, Mandate, Represented
from muster.host.core.counting import Counts
from muster.host.core.limits import NewIds
from muster.trust.hardware import Parts, make_parts
from muster.wire.activation import State, decode_request
from muster.wire.calendar import seconds
from muster.wire.certificate import decode_certificate
from muster.wire.product import Edition
from muster.wire.sign1 import decode_sign1
from tests.worlds.clocks import HandClock
from tests.worlds.entropy import SeededEntropy
from tests.worlds.vendor_keys import CAD_PRO, CertifiedHost, VendorKeys

ZONE = "corp.example"
SERVICE = f"_muster._tcp.{ZONE}"
KMS1, KMS2 = Address("kms1.corp.example"), Address("kms2.corp.example")
RENEWAL_MINUTES, RETRY_MINUTES = 7 * 24 * 60, 120


@dataclass
class HostInMemory:
    """An activation host: certified by `vendor`, counting as the real one does."""

    vendor: VendorKeys
    clock: HandClock
    certified: CertifiedHost = field(init=False)
    answering: Answering = field(init=False)
    renewal_minutes: int = RENEWAL_MINUTES
    retry_minutes: int = RETRY_MINUTES
    asked: list[State] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.certified = CertifiedHost(self.vendor)
        self.install()

    def install(self, counts: Counts | None = None) -> None:
        """Take the vendor's newest keysets and a certificate; the count stays unless another is given."""
        certificate = self.certified.certificate
        claims = decode_certificate(decode_sign1(certificate).payload)
        mandate = Mandate(certificate, claims, self.certified.private)
        withdrawn = frozenset(self.vendor.keysets[-1].withdrawn)
        represented = Represented(tuple(self.vendor.documents), withdrawn, (mandate,))
        if counts is None:
            counts = self.answering.counts if hasattr(self, "answering") else Counts({}, 1)
        intervals = Intervals(self.renewal_minutes, self.retry_minutes)
        vendors = {self.vendor.fingerprint[:8]: represented}
        self.answering = Answering(vendors, intervals, counts, 0, NewIds())

    def answer(self, body: bytes) -> bytes:
        """What the host says to one request."""
        with suppress(Malformed):
            self.asked.append(decode_request(body).state)
        return self.answering.decide(body, "192.0.2.9", "", seconds(self.clock.now()), lambda *_: False).answer

    def fill(self, machines: int, edition: Edition = CAD_PRO) -> None:
        """Let so many other machines ask."""
        for number in range(machines):
            client_id = (10_000 + number).to_bytes(16, "big")
            self.answer(self.vendor.request_body(edition, client_id=client_id))


class Network:
    """`NameService` and `HostTransport` in one. `asked` are the hosts that were asked, in order."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[ServiceRecord, ...]] = {}
        self.hosts: dict[Address, HostInMemory | bytes] = {}
        self.asked: list[Address] = []
        self.questions: list[str] = []
        self.dns_down = False

    def publish(self, address: Address, host: HostInMemory | bytes, priority: int = 0, weight: int = 0) -> None:
        """Put a host on the network and into DNS."""
        self.hosts[address] = host
        others = [r for r in self.records.get(SERVICE, ()) if (r.target, r.port) != (address.host, address.port)]
        record = ServiceRecord(priority, weight, address.port, address.host)
        self.records[SERVICE] = (*others, record)

    def lose(self, address: Address) -> None:
        """The host is gone; DNS still names it."""
        del self.hosts[address]

    async def suffixes(self) -> tuple[str, tuple[str, ...]]:
        return ZONE, ()

    async def services(self, name: str) -> tuple[ServiceRecord, ...]:
        self.questions.append(name)
        if self.dns_down:
            raise Unreachable(Code.DNS_UNREACHABLE, "the name server gave no answer")
        return self.records.get(name, ())

    async def addresses(self, name: str) -> tuple[str, ...]:
        return ("192.0.2.1",)

    def keep(self, address: Address) -> None:
        """There are no numbers here."""

    def forget(self) -> None:
        """There are no numbers here."""

    async def exchange(self, address: Address, body: bytes) -> bytes:
        self.asked.append(address)
        host = self.hosts.get(address)
        if host is None:
            raise Unreachable(Code.HOST_UNREACHABLE, f"{address} does not accept connections")
        return host if isinstance(host, bytes) else host.answer(body)


def parts(number: int) -> Parts:
    """The hardware of machine `number`."""
    return make_parts(
        board=f"board-{number}", disk=f"disk-{number}", network=f"02:00:00:00:00:{number:02x}", platform=f"cpu-{number}"
    )


@dataclass
class Office:
    """One vendor's product on one organisation's network."""

    folder: Path
    vendor: VendorKeys = field(default_factory=VendorKeys)
    clock: HandClock = field(default_factory=HandClock)
    network: Network = field(default_factory=Network)

    def host(self, address: Address = KMS1, *, priority: int = 0, machines: int = 0) -> HostInMemory:
        """An activation host in DNS that so many machines have asked already."""
        host = HostInMemory(self.vendor, self.clock)
        host.fill(machines)
        self.network.publish(address, host, priority)
        return host

    def machine(
        self, number: int = 1, edition: Edition = CAD_PRO, *, clock: HandClock | None = None, home: Path | None = None
    ) -> Machine:
        """A machine with the generic key of an edition; the same `home` again is the same state on this hardware."""
        home = home or self.folder / f"machine-{number}"
        around = Surroundings(clock or self.clock, SeededEntropy(number), parts(number), settings=ClientSettings())
        machine = Machine(StateFolder(home), self.network, self.network, JournalFile(home), around)
        if not machine.state.vendors():
            client.install(machine, self.vendor.product_file().encode(), edition=edition.name)
        return machine


def activate(machine: Machine, edition: str | None = None) -> client.Result:
    """Ask once, now."""
    return asyncio.run(client.activate(machine, edition))


def state(machine: Machine, edition: str | None = None) -> State:
    """The state now."""
    return machine.scene(edition).standing().state


def live(machine: Machine, clock: HandClock, for_: timedelta) -> list[datetime]:
    """Let time pass; the machine asks whenever it is due. When it asked."""
    end = clock.now() + for_
    asked: list[datetime] = []
    while True:
        due = client.next_attempt(machine.scene(None))
        if due is None or due > end:
            clock.move(end - clock.now())
            return asked
        clock.move(max(timedelta(), due - clock.now()))
        asked.append(clock.now())
        asyncio.run(client.activate_due(machine))

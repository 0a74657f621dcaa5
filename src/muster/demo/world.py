"""A whole world on loopback: a vendor and its service, a name server, an activation host, machines, an administrator's console.

Each is real, each has its own home.

Only the clock is the demonstration's own, so that weeks pass in a moment, and the machines' hardware is invented.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from muster.base.entropy import SystemEntropy
from muster.client import app as client
from muster.demo.administration import Administration
from muster.demo.clock import DemoClock
from muster.demo.nameserver import LOOPBACK, NameServer
from muster.demo.served import Served
from muster.demo.zones import Grant, Zones, zone_text
from muster.host import app as host
from muster.license import License
from muster.trust.hardware import Parts
from muster.trust.productkey import KeyKind
from muster.vendor import app as vendor
from muster.wire.product import Edition

ZONE = "corp.example"
TARGET = f"kms1.{ZONE}"
SERVICE = f"_muster._tcp.{ZONE}"
KEY_NAME = "update-key"
SECRET_BYTES = 32
PASSWORD_BYTES = 8
ADMINISTRATOR = "admin"
ORGANISATION = "Globex Corporation"
VENDOR = "Acme Software"
ACTIVATIONS = 10
CLIENT_EDITION, SERVER_EDITION = "acme-cad-pro", "acme-cad-server"


@dataclass
class DemoMachine:
    """One machine of the fleet and what it was told last."""

    name: str
    edition: str
    machine: client.Machine
    home: Path
    state: str = "UNLICENSED"
    count: int = 0
    code: str | None = None
    expires_at: str | None = None
    is_permanent: bool = False
    first_count: int = 0
    was_licensed_at_once: bool = False

    @property
    def is_server(self) -> bool:
        """Whether it has a server edition."""
        return self.edition == SERVER_EDITION

    async def ask(self) -> None:
        """Find the host and ask it."""
        result = await client.activate(self.machine, None)
        self._note(client.report(result.scene))

    def look(self) -> None:
        """What the machine knows now, without asking anybody."""
        self._note(client.report(self.machine.scene(None)))

    def _note(self, row: dict[str, object]) -> None:
        self.state, self.count = str(row["state"]), int(str(row["count"] or 0))
        error = row["last_error"]
        self.code = str(error["code"]) if isinstance(error, dict) else None
        self.expires_at = str(row["expires_at"]) if row["expires_at"] else None
        self.is_permanent = bool(row["permanent"])


@dataclass(frozen=True, slots=True)
class Pages:
    """What can be opened in a browser, and by whom; an installation id to try at the portal."""

    portal: str
    vendor: str
    console: str
    name: str
    password: str
    installation_id: str


class World:
    """Made by `build`, used in the story, taken down by `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = DemoClock()
        self.machines: list[DemoMachine] = []
        self.isolated: DemoMachine | None = None
        self.administration: Administration | None = None
        self.service = ""
        self.used = 0
        self.fingerprint = ""
        self._secret = base64.b64encode(SystemEntropy().token(SECRET_BYTES)).decode()
        self._host: host.RunningHost | None = None
        self._names: NameServer | None = None
        self._served: Served | None = None
        # Events of the programs belong into their logs, not between the pictures.
        logging.getLogger("muster").addHandler(logging.NullHandler())

    def make_vendor(self) -> str:
        """A vendor with a product, a customer and a host key; the vendor fingerprint."""
        acme, self.fingerprint = vendor.create(
            self.folder / "vendor", VENDOR, SystemEntropy().token(16).hex(), environment={}, clock=self.clock
        )
        definition = (self.folder / "vendor" / vendor.EXAMPLE).read_text()
        vendor.import_product(acme, definition, vendor.EXAMPLE)
        vendor.add_organisation(acme, ORGANISATION)
        self._product = vendor.export_product(acme).encode()
        self._key = vendor.issue_key(acme, vendor.Order(KeyKind.HOST, "acme-cad", ORGANISATION)).formatted
        mak = vendor.Order(KeyKind.MAK, CLIENT_EDITION, ORGANISATION, activations=ACTIVATIONS)
        self._mak = vendor.issue_key(acme, mak).formatted
        self._vendor = acme
        return self.fingerprint

    def start_service(self) -> str:
        """The vendor's service: API, portal, pages of operators and admins; where it listens."""
        from muster.vendor.web.serving import create_app

        self._accounts = vendor.open_accounts(self.folder / "vendor", self._vendor, environment={})
        self._served = Served(create_app(self._vendor, self._accounts))
        self.service = self._served.address
        return self.service

    def ask_vendor(self) -> int:
        """How many activations of the multiple activation key are used, as the vendor counts; kept in `used`."""
        keys = vendor.list_keys(self._vendor, ORGANISATION)
        self.used = sum(key.used for key in keys if key.kind is KeyKind.MAK)
        return self.used

    async def start_names(self) -> str:
        """A name server for the organisation's zone that takes updates signed with one key; its address."""
        grants = [
            Grant(KEY_NAME, SERVICE, ("SRV",)),
            Grant(KEY_NAME, TARGET, ("A", "AAAA")),
        ]
        self._names = NameServer(Zones([zone_text(ZONE)], grants), {KEY_NAME: self._secret})
        await self._names.start()
        return self._names.address

    async def start_host(self) -> str:
        """An activation host: product file, key, certified by the vendor's service, DNS; where it listens."""
        home = self.folder / "host"
        host.set_up(home, self._product, self._key, clock=self.clock)
        await host.activate(home, service=self.service, organisation=ORGANISATION, clock=self.clock)
        key_file = home / "update.key"
        key_file.write_text(f'key "{KEY_NAME}" {{ algorithm hmac-sha256; secret "{self._secret}"; }};\n')
        return await self.serve_host()

    async def serve_host(self) -> str:
        """Let the host answer, for the first time or again; where it listens."""
        home = self.folder / "host"
        dns = {
            "server": self._names.address if self._names else "",
            "target": TARGET,
            "addresses": ["127.0.0.1"],
            "tsig_key_file": "update.key",
            "zones": [{"zone": ZONE}],
        }
        self._host = await host.RunningHost.start(
            home, listen=["127.0.0.1:0"], dns=dns, environment={}, clock=self.clock
        )
        await self._host.tend()
        return self._host.address

    def published(self) -> list[str]:
        """The service's records, as the name server holds them."""
        return self._names.zones.records(SERVICE, "SRV") if self._names else []

    def install(self, name: str, edition: str, number: int) -> DemoMachine:
        """Roll the image with the generic key out to one more machine."""
        added = self._installed(name, edition, number)
        self.machines.append(added)
        return added

    def install_isolated(self, name: str, number: int) -> DemoMachine:
        """A machine that reaches nobody, with the multiple activation key."""
        added = self._installed(name, CLIENT_EDITION, number)
        client.install_key(added.machine, self._mak)
        added.look()
        return added

    def _installed(self, name: str, edition: str, number: int) -> DemoMachine:
        home = self.folder / name
        environment = {"MUSTER_DNS_SERVER": self._names.address if self._names else "", "MUSTER_DNS_ZONES": ZONE}
        hardware = Parts(*(f"{part}{number}" for part in ("board", "disk", "network", "platform")))
        machine = client.open_machine(
            home, environment=environment, clock=self.clock, hardware=hardware, virtual=number % 3 == 0
        )
        client.install(machine, self._product, edition=edition)
        added = DemoMachine(name, edition, machine, home)
        added.look()
        return added

    @property
    def is_host_up(self) -> bool:
        """Whether the host answers."""
        return self._host is not None

    @property
    def count(self) -> int:
        """The count that was told last."""
        return max((m.count for m in self.machines), default=0)

    def threshold(self, edition: str) -> int:
        """How many machines an edition needs."""
        return self._edition(edition).threshold

    def _edition(self, name: str) -> Edition:
        return self.machines[0].machine.scene(name).edition

    def programs_view(self, machine: DemoMachine) -> License:
        """What the vendor's program sees on a machine, offline."""
        return License.open(
            machine.edition,
            vendor=self.fingerprint,
            home=machine.home,
            clock=self.clock,
            hardware=machine.machine.around.hardware,
        )

    def skip(self, time: timedelta) -> None:
        """Let time pass."""
        self.clock.skip(time)

    async def look_at_all(self) -> Mapping[str, int]:
        """The administrator's console asks every machine by SSH; how many are activated by which method."""
        self.administration = Administration(self.folder / "console", self.clock)
        return await self.administration.look([*self.machines, *([self.isolated] if self.isolated else [])])

    def open_pages(self) -> Pages:
        """Let one administrator into the pages of vendor and console; after `look_at_all`."""
        if self.administration is None:
            raise RuntimeError("nobody has looked yet")
        password = SystemEntropy().token(PASSWORD_BYTES).hex()
        self._accounts.add("demonstration", ADMINISTRATOR, "admin", password=password)
        to_try = self.install_isolated("lab-02", len(self.machines) + 2)
        # Another name of the same machine: browsers keep the cookies of a host, whatever its port.
        service = self.service.replace(LOOPBACK, "localhost")
        return Pages(
            f"{service}/",
            f"{service}/login",
            f"{self.administration.serve(ADMINISTRATOR, password)}/",
            ADMINISTRATOR,
            password,
            client.installation_id(to_try.machine, None),
        )

    async def stop_host(self) -> None:
        """The host is gone, and nobody tells anybody."""
        if self._host is not None:
            await self._host.stop()
            self._host = None

    async def close(self) -> None:
        """Stop what runs."""
        await self.stop_host()
        if self.administration is not None:
            await self.administration.close()
        if self._served is not None:
            await asyncio.to_thread(self._served.close)
        if self._names is not None:
            await self._names.stop()
        await asyncio.sleep(0)

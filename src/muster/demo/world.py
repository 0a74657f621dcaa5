"""A whole world on loopback: a vendor, a name server, an activation host and machines, each real, each with its own home.

Only the clock is the demonstration's own, so that weeks pass in a moment, and the machines' hardware is invented.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from muster.base.entropy import SystemEntropy
from muster.client import app as client
from muster.demo.clock import DemoClock
from muster.demo.nameserver import NameServer
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
ORGANISATION = "Globex Corporation"
VENDOR = "Acme Software"
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
        self.state, self.count = str(row["state"]), int(str(row["count"]))
        error = row["last_error"]
        self.code = str(error["code"]) if isinstance(error, dict) else None
        self.expires_at = str(row["expires_at"]) if row["expires_at"] else None


class World:
    """Made by `build`, used in the story, taken down by `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = DemoClock()
        self.machines: list[DemoMachine] = []
        self.fingerprint = ""
        self._secret = base64.b64encode(SystemEntropy().token(SECRET_BYTES)).decode()
        self._host: host.RunningHost | None = None
        self._names: NameServer | None = None
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
        self._vendor = acme
        return self.fingerprint

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
        """An activation host: product file, key, the vendor's confirmation, DNS; where it listens."""
        home = self.folder / "host"
        host.set_up(home, self._product, self._key, clock=self.clock)
        done = vendor.confirm(self._vendor, host.installation_id(home))
        host.confirm(home, done.digits, clock=self.clock, organisation=ORGANISATION)
        key_file = home / "update.key"
        key_file.write_text(f'key "{KEY_NAME}" {{ algorithm hmac-sha256; secret "{self._secret}"; }};\n')
        dns = {
            "server": self._names.address if self._names else "",
            "target": TARGET,
            "addresses": ["127.0.0.1"],
            "tsig_key_file": str(key_file),
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
        home = self.folder / name
        environment = {"MUSTER_DNS_SERVER": self._names.address if self._names else "", "MUSTER_DNS_ZONES": ZONE}
        hardware = Parts(*(f"{part}{number}" for part in ("board", "disk", "network", "platform")))
        machine = client.open_machine(
            home, environment=environment, clock=self.clock, hardware=hardware, virtual=number % 3 == 0
        )
        client.install(machine, self._product, edition=edition)
        added = DemoMachine(name, edition, machine, home)
        added.look()
        self.machines.append(added)
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

    async def stop_host(self) -> None:
        """The host is gone, and nobody tells anybody."""
        if self._host is not None:
            await self._host.stop()
            self._host = None

    async def close(self) -> None:
        """Stop what runs."""
        await self.stop_host()
        if self._names is not None:
            await self._names.stop()
        await asyncio.sleep(0)

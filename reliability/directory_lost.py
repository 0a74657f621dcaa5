"""R10: a directory that is down, slow, dead, false or full. A host answers within ten seconds, and no lease suffers."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from muster.base.clock import SystemClock
from muster.client import app as client
from muster.client.service.machine import Machine
from muster.console.directory.service.objects import load_schema
from muster.platform.ldap.directory_process import DirectoryProcess
from muster.platform.ldap.objects import Layout, find_layout, object_dn, write_object
from muster.platform.ldap.port import Directory, Local, Password, Server
from muster.trust.installation import directory_subject
from muster.wire.activation import State
from muster.wire.calendar import day_number
from muster.wire.directory import ActivationObject
from muster.wire.keyset import Purpose
from reliability.figure import Figure, below
from reliability.names_lost import LOOPBACK, Network, network
from tests.worlds.name_servers import silent
from tests.worlds.network_world import parts
from tests.worlds.openldap import ADMINISTRATOR, MACHINE, PASSWORD, SUFFIX, Slapd, slapd
from tests.worlds.vendor_keys import CAD, CAD_PRO, VendorKeys

PATH_SECONDS = 10.0

PATIENCE_SECONDS = 30.0
CONTROLLERS = 10
ELSEWHERE = bytes(range(16))
NOBODY = f"ldap://{LOOPBACK}:1"
HOST, DIRECTORY = "host", "directory"


@dataclass
class Organisation:
    """A directory that activated a machine, and a host that may; `layout` is where objects lie."""

    vendor: VendorKeys
    server: Slapd
    around: Network
    home: Path
    layout: Layout

    @property
    def url(self) -> str:
        """Where the directory is."""
        return f"ldap://{self.server.address}"

    def put(self, name: str, directory: bytes, number: int = 1, **claims: int) -> None:
        """Put objects of this name for the directory with this id."""
        made = self.vendor.certificate(directory_subject(directory), Purpose.OBJECT, **claims)
        found = ActivationObject(self.vendor.fingerprint[:8], CAD.id, made, ())

        async def work(session: Directory) -> None:
            for each in range(number):
                await write_object(session, self.layout, f"{name} {each}", found)

        _write(self.server, work)

    def take(self, name: str, number: int = 1) -> None:
        """Take them away again."""

        async def work(session: Directory) -> None:
            for each in range(number):
                await session.remove(object_dn(self.layout, f"{name} {each}"))

        _write(self.server, work)

    def machine(self, urls: Sequence[str]) -> Machine:
        """The machine, whose directory is at these servers."""
        self.home.mkdir(exist_ok=True)
        (self.home / "password").write_text(PASSWORD)
        (self.home / "client.toml").write_text(
            f'hosts = ["{self.around.host}"]\n[directory]\nservers = {json.dumps(list(urls))}\nbase = "{SUFFIX}"\n'
            f'ca = "{self.server.authority}"\nuser = "{MACHINE}"\npassword_file = "password"\n'
        )
        machine = client.open_machine(self.home, environment={}, hardware=parts(1), virtual=False)
        if not machine.state.vendors():
            client.install(machine, self.vendor.product_file().encode(), edition=CAD_PRO.name)
        return machine

    def asked(self, urls: Sequence[str]) -> tuple[str, float, datetime | None]:
        """How a machine with a lease of the directory's is renewed: method or code, seconds, end of its lease."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.home.with_name("leased"), self.home)
        machine, asked, begun = self.machine(urls), self.around.asked, time.monotonic()
        result = asyncio.run(client.activate(machine, None))
        taken, standing = time.monotonic() - begun, result.scene.standing()
        way = HOST if self.around.asked > asked else DIRECTORY
        is_good = result.error is None and standing.state is State.LICENSED
        return (way if is_good else f"{result.error}"), taken, standing.expires_at


def _write(server: Slapd, work: Callable[[Directory], Awaitable[None]]) -> None:
    async def run() -> None:
        login = Password(ADMINISTRATOR, PASSWORD)
        async with DirectoryProcess().connect(Server(server.local), login, PATIENCE_SECONDS) as session:
            await work(session)

    asyncio.run(run())


def directory_lost(folder: Path, crowd: int) -> list[Figure]:
    """Each fault on a machine with a good lease; `crowd` objects of another directory in one of them."""
    (folder / "slapd").mkdir()
    vendor = VendorKeys(opened=SystemClock().now())
    with slapd(folder / "slapd", sizelimit=5_000) as server, network(vendor) as around, ExitStack() as dead:
        organisation = Organisation(vendor, server, around, folder / "leased", _layout(server))
        organisation.put("good", organisation.layout.ident)
        begun = asyncio.run(client.activate(organisation.machine([organisation.url]), None))
        assert begun.error is None, begun.error
        leased = begun.scene.standing().expires_at
        assert leased is not None
        organisation.home = folder / "machine"
        silences = [f"ldap://{dead.enter_context(silent())}" for _ in range(CONTROLLERS)]
        today, figures = day_number(SystemClock().now()), list[Figure]()

        def row(what: str, wanted: str, urls: Sequence[str]) -> None:
            by, taken, end = organisation.asked(urls)
            holds = by == wanted and end is not None and end >= leased
            figures.append(Figure(f"{what}: renewed by", by, wanted, holds))
            figures.append(below(f"{what}: renewed after", taken, PATH_SECONDS, "s"))

        row("down", HOST, [NOBODY])
        row("silent", HOST, silences[:1])
        row("all ten controllers silent", HOST, silences)
        row("nine of ten controllers silent", DIRECTORY, [*silences[1:], organisation.url])
        organisation.put("other", ELSEWHERE, crowd)
        row(f"an object among {crowd:,} of another directory", DIRECTORY, [organisation.url])
        organisation.take("good")
        row(f"{crowd:,} objects of another directory alone", HOST, [organisation.url])
        organisation.take("other", crowd)
        organisation.put("old", organisation.layout.ident, not_before_day=today - 400, days=300)
        row("an object that has ended", HOST, [organisation.url])
        return figures


def _layout(server: Slapd) -> Layout:
    async def schema() -> None:
        async with DirectoryProcess().connect(Server(server.local), Local(), PATIENCE_SECONDS) as session:
            await load_schema(session)

    asyncio.run(schema())
    found: list[Layout] = []

    async def work(session: Directory) -> None:
        found.append(await find_layout(session, SUFFIX))

    _write(server, work)
    return found[0]

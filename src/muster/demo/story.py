"""What happens in the demonstration, in order. Tells a `Stage`; draws nothing itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Protocol, Self

from muster.base.counted import counted
from muster.client import app as client
from muster.demo.portal import confirmation_at
from muster.demo.world import ACTIVATIONS, CLIENT_EDITION, ORGANISATION, SERVER_EDITION, VENDOR, DemoMachine, World

SERVERS = 5
FIRST_CLIENTS = 3
RETRY = timedelta(hours=2, minutes=15)
RENEWAL = timedelta(days=7, hours=1)
WITHOUT_HOST = timedelta(days=60)
LICENSED = "LICENSED"


class Stage(Protocol):
    """Where the story is told, between `__aenter__` and `__aexit__`."""

    async def __aenter__(self) -> Self:
        """The curtain opens."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The curtain falls."""

    async def scene(self, title: str) -> None:
        """A new part begins."""

    async def line(self, text: str) -> None:
        """Something happened."""

    async def moved(self, world: World, machine: DemoMachine | None) -> None:
        """A machine, or the whole world when None, looks different now."""


class Disappointed(Exception):
    """The world did not do what the story says; the demonstration ends with 1."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the story ended: lines for people, facts for scripts."""

    lines: tuple[str, ...]
    facts: dict[str, Any]


async def tell(world: World, stage: Stage, machines: int) -> Ending:
    """The whole story with so many machines."""
    await _opening(world, stage)
    fleet = await _roll_out(world, stage, machines)
    await _ask_again(world, stage, fleet)
    await _carry_digits(world, stage)
    await _renew(world, stage, fleet)
    await _lose_the_host(world, stage, fleet)
    await _look_at_all(world, stage, fleet)
    return _ending(world, fleet)


async def _opening(world: World, stage: Stage) -> None:
    await stage.scene("A vendor sells, an organisation sets up its activation host")
    fingerprint = world.make_vendor()
    await stage.line(f"{VENDOR} makes its keys: vendor fingerprint {fingerprint[:16]}…")
    service = await asyncio.to_thread(world.start_service)
    await stage.line(f"its service answers on {service}: a portal, pages, an API")
    await stage.line(f"{ORGANISATION} gets a host key; its name server is {await world.start_names()}")
    address = await world.start_host()
    await stage.moved(world, None)
    await stage.line(f"the host on {address} is certified online, for three years")
    records = world.published()
    if not records:
        raise Disappointed("the host did not publish itself in DNS")
    await stage.line(f"a signed update put it into DNS: SRV {records[0]}")
    await stage.moved(world, None)


async def _roll_out(world: World, stage: Stage, machines: int) -> list[DemoMachine]:
    await stage.scene("An image with a generic key is rolled out; nobody types anything")
    editions = _order(machines)
    numbers = {CLIENT_EDITION: 0, SERVER_EDITION: 0}
    fleet: list[DemoMachine] = []
    for number, edition in enumerate(editions, 1):
        numbers[edition] += 1
        kind = "server" if edition == SERVER_EDITION else "pc"
        machine = world.install(f"{kind}-{numbers[edition]:02}", edition, number)
        fleet.append(machine)
        await machine.ask()
        machine.first_count, machine.was_licensed_at_once = machine.count, machine.state == LICENSED
        _expect(machine.count == min(number, 50), f"{machine.name} was told {machine.count}, not {number}")
        threshold = world.threshold(edition)
        _expect((machine.state == LICENSED) == (number >= threshold), f"{machine.name} is {machine.state} at {number}")
        if number == SERVERS and machine.state == LICENSED:
            await stage.line(f"{machine.name} is told 5: enough for servers, activated at once")
        elif number == world.threshold(CLIENT_EDITION) and machine.state == LICENSED:
            await stage.line(f"{machine.name} is told {number}: enough for everybody")
        await stage.moved(world, machine)
    return fleet


def _order(machines: int) -> list[str]:
    """Three clients, servers until five machines have asked and all are there, then clients."""
    servers = min(SERVERS, max(0, machines - FIRST_CLIENTS))
    clients = machines - servers
    first = min(FIRST_CLIENTS, clients)
    return [CLIENT_EDITION] * first + [SERVER_EDITION] * servers + [CLIENT_EDITION] * (clients - first)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Disappointed(otherwise)


async def _ask_again(world: World, stage: Stage, fleet: list[DemoMachine]) -> None:
    waiting = [m for m in fleet if m.state != LICENSED]
    await stage.scene(f"Two hours later: those that were counted too early ask again ({len(waiting)})")
    world.skip(RETRY)
    for machine in waiting:
        await machine.ask()
        await stage.moved(world, machine)
    licensed = sum(m.state == LICENSED for m in fleet)
    await stage.line(f"{licensed} of {counted(len(fleet), 'machine')} LICENSED, for 180 days")


async def _carry_digits(world: World, stage: Stage) -> None:
    await stage.scene("In the laboratory: a machine without any network, activated once and for good")
    machine = world.isolated = world.install_isolated("lab-01", len(world.machines) + 1)
    digits = client.installation_id(machine.machine, None)
    await stage.line(f"{machine.name} shows its installation id: {digits[:13]}…")
    confirmation = await asyncio.to_thread(confirmation_at, world.service, digits)
    _expect(bool(confirmation), "the portal confirmed nothing")
    await stage.line(
        f"somebody types it into the vendor's portal, which answers {confirmation[:6]} {confirmation[6:12]}…"
    )
    client.confirm(machine.machine, confirmation)
    used = world.ask_vendor()
    machine.look()
    await stage.moved(world, machine)
    _expect(machine.state == LICENSED and machine.is_permanent, f"{machine.name} is {machine.state}")
    await stage.line(f"{machine.name} is LICENSED for good; {used} of {ACTIVATIONS} activations of the key are used")


async def _renew(world: World, stage: Stage, fleet: list[DemoMachine]) -> None:
    await stage.scene("A week later: everybody renews, quietly")
    world.skip(RENEWAL)
    before = max((m.expires_at or "" for m in fleet), default="")
    for machine in fleet:
        await machine.ask()
        await stage.moved(world, machine)
    renewed = [m for m in fleet if m.expires_at and m.expires_at > before]
    _expect(len(renewed) == sum(m.state == LICENSED for m in fleet), "not every lease was renewed")
    await stage.line(f"{len(renewed)} leases now end a week later, on {max((m.expires_at or '')[:10] for m in fleet)}")


async def _lose_the_host(world: World, stage: Stage, fleet: list[DemoMachine]) -> None:
    await stage.scene("The host dies, and nobody notices for two months")
    licensed = sum(m.state == LICENSED for m in fleet)
    await world.stop_host()
    world.skip(WITHOUT_HOST)
    await stage.moved(world, None)
    for machine in fleet:
        await machine.ask()
        await stage.moved(world, machine)
    still = [m for m in fleet if m.state == LICENSED]
    _expect(len(still) == licensed, f"only {len(still)} of {licensed} machines are still LICENSED")
    _expect(all(m.code for m in fleet), "a machine found a host that is gone")
    await stage.line(f"no renewal works ({fleet[0].code}); {_are(len(still))} still LICENSED")


async def _look_at_all(world: World, stage: Stage, fleet: list[DemoMachine]) -> None:
    await stage.scene("The administrator looks at everything, by SSH")
    methods = await world.look_at_all()
    await stage.moved(world, None)
    by_host = sum(m.state == LICENSED for m in fleet)
    _expect(
        methods.get("mak", 0) == 1, f"the console tells of {methods.get('mak', 0)} machines with a key of their own"
    )
    _expect(methods.get("host", 0) == by_host, f"the console tells of {methods.get('host', 0)} machines with a host")
    await stage.line(
        f"{counted(sum(methods.values()), 'machine')} answered: {by_host} activated by the host, 1 by its own key"
    )


def _ending(world: World, fleet: list[DemoMachine]) -> Ending:
    still = [m for m in fleet if m.state == LICENSED]
    facts: dict[str, Any] = {
        "machines": len(fleet),
        "servers": sum(m.is_server for m in fleet),
        "licensed": len(still),
        "states": {m.name: m.state for m in fleet},
        "counts": [m.first_count for m in fleet],
        "first_licensed": [m.name for m in fleet if m.was_licensed_at_once],
        "days_left": world.programs_view(still[0]).days_left if still else None,
        "srv": world.published(),
        "isolated": {"state": world.isolated.state, "permanent": world.isolated.is_permanent}
        if world.isolated
        else None,
        "activations_used": world.used,
        "console": dict(world.administration.tally) if world.administration else {},
    }
    return Ending(tuple(_summary(world, fleet, still)), facts)


def _summary(world: World, fleet: list[DemoMachine], still: list[DemoMachine]) -> list[str]:
    servers = sum(m.is_server for m in fleet)
    lines = [
        f"{counted(len(fleet), 'machine')} asked, {servers} with a server edition; {_are(len(still))} LICENSED",
        "servers from the 5th machine on, clients from the 25th; nobody typed a key",
        "1 machine without a network has its own key, and is LICENSED for good",
    ]
    if still:
        seen = world.programs_view(still[0])
        lines.append(f"the vendor's program on {still[0].name} sees, offline: {seen.state}, {seen.days_left} days left")
    else:
        lines.append("too few machines asked: servers need 5, clients 25; try --machines 30")
    return lines


def _are(number: int) -> str:
    return f"{counted(number, 'machine')} {'is' if number == 1 else 'are'}"

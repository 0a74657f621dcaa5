"""Wakes that a test brings about: time goes to the deadline by itself unless something happens before."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from muster.client.ports import Wake
from muster.client.service.machine import Machine
from muster.client.service.operations import Desk
from muster.client.service.serving import Footing, Service
from tests.worlds.clocks import HandClock


@dataclass
class HandWakes:
    """`Wakes` on a clock moved by hand, until `end`. `happens` are causes by moment; `slept_until` are its deadlines."""

    clock: HandClock
    end: datetime
    happens: dict[datetime, Wake] = field(default_factory=dict)
    slept_until: list[datetime | None] = field(default_factory=list)
    woken: list[tuple[datetime, Wake]] = field(default_factory=list)
    network_watched: list[bool] = field(default_factory=list)

    async def next(self, until: datetime | None, *, network: bool = False) -> frozenset[Wake]:
        self.slept_until.append(until)
        self.network_watched.append(network)
        heard = [
            at for at, cause in self.happens.items() if at > self.clock.now() and (network or cause is not Wake.NETWORK)
        ]
        at = min([self.end, *heard, *([] if until is None else [until])])
        self.clock.move(max(timedelta(), at - self.clock.now()))
        if at == self.end:
            raise asyncio.CancelledError
        cause = self.happens[at] if at in heard else Wake.DEADLINE
        self.woken.append((at, cause))
        return frozenset({cause})

    def tell(self) -> None:
        """Whoever is told looks at the next deadline anyway."""

    def close(self) -> None:
        """Nothing to let go of."""


class OpenDoor:
    """Nobody comes in by it."""

    callers = 0
    is_lost = False
    is_closed = False

    async def listen(self) -> None:
        """It is open."""

    async def close(self) -> None:
        self.is_closed = True


def serve(machine: Machine, wakes: HandWakes, idle: timedelta | None = None) -> Service:
    """Let a machine look after itself until the end of its wakes; the service as it was then."""

    async def run() -> Service:
        service = Service(Footing(lambda: Desk(machine, Inspected()), wakes, wakes.clock, idle))
        await service.run(OpenDoor())
        return service

    return asyncio.run(run())


class Inspected:
    """`Inspection` of a machine that lies in memory."""

    def home(self) -> Any:
        raise AssertionError("nobody diagnoses here")

    async def reach(self, address: object, number: str) -> None:
        raise AssertionError("nobody diagnoses here")


def events(machine: Machine) -> list[str]:
    """Names of what happened, oldest first."""
    return [str(row["event"]) for row in machine.journal.last(10_000)]

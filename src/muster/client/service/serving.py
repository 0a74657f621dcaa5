"""The licensing service of a machine: sleeps until something is due, does it, answers who asks (spec/control.md §Service).

One deed at a time, so that none works on what another is changing; looking is always possible. Between deadlines it wakes for
callers, changed files, a clock that was set and, after a failure, another network: for nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from muster.base.clock import Clock
from muster.base.errors import Code, MusterError, Refused
from muster.client.core.agenda import (
    TROUBLE_PAUSE,
    Insistence,
    hopes_for_network,
    news,
    next_wake,
    told_before,
    wants_at_start,
    wants_now,
)
from muster.client.core.control import Request
from muster.client.core.licensing import Scene
from muster.client.core.rights import Role
from muster.client.ports import Wake, Wakes
from muster.client.service.activating import attempt_edition
from muster.client.service.installing import install_offered
from muster.client.service.machine import Machine
from muster.client.service.operations import Desk, perform
from muster.client.service.reception import incident

USERS_ATTEMPTS = 6
USERS_WINDOW_SECONDS = 60.0
"""What users together may have hosts asked for; administrators and deadlines are not bounded by it."""

REMEMBERED_EVENTS = 1000
_ASKS_HOSTS = frozenset({"activate", "renew", "diagnose"})


class Door(Protocol):
    """Where callers come in."""

    @property
    def callers(self) -> int:
        """How many are there."""

    @property
    def is_lost(self) -> bool:
        """Whether nobody can find it any more."""

    async def listen(self) -> None:
        """Open it, or open it anew."""

    async def close(self) -> None:
        """Send everybody away."""


@dataclass(frozen=True, slots=True)
class Footing:
    """What the service stands on. `open_desk` reads settings, choices and hardware anew; `Misconfigured` for wrong ones."""

    open_desk: Callable[[], Desk]
    wakes: Wakes
    clock: Clock
    idle: timedelta | None = None
    """How long nobody may ask until the service ends by itself; None: it never does."""


class Service:
    """Made with a footing, run once. `carry_out` is for callers, `look_again` for SIGHUP."""

    def __init__(self, footing: Footing) -> None:
        self._footing = footing
        self._clock = footing.clock
        self._desk = footing.open_desk()
        self._one_at_a_time = asyncio.Lock()
        self._insistence: Insistence | None = None
        self._not_before: datetime | None = None
        self._users_attempts: deque[float] = deque(maxlen=USERS_ATTEMPTS)
        self._told = told_before(self._machine.journal.last(REMEMBERED_EVENTS))
        self._complained: set[tuple[object, ...]] = set()
        self._busy_at = self._clock.monotonic()

    @property
    def _machine(self) -> Machine:
        return self._desk.machine

    async def run(self, door: Door) -> None:
        """Serve until cancelled, or until idle for long enough. Used time is saved and the door closed in the end."""
        self._note("service.started", on_demand=self._footing.idle is not None)
        try:
            await self._attend(frozenset(), at_start=True)
            while True:
                if door.is_lost:
                    await self._open_again(door)
                causes = await self._footing.wakes.next(self._until(), network=self._hopes())
                if self._is_over(causes, door):
                    break
                await self._attend(causes)
        except asyncio.CancelledError:
            pass
        finally:
            await door.close()
            self._save_all()
            self._note("service.stopped")
            self._footing.wakes.close()

    def look_again(self) -> None:
        """Read settings and ``products.d`` anew."""
        self._footing.wakes.tell()

    async def carry_out(self, request: Request, role: Role) -> dict[str, Any]:
        """Do what a caller asks, one thing after the other; what only looks does not wait."""
        self._busy_at = self._clock.monotonic()
        if role is Role.USER and request.name in _ASKS_HOSTS:
            self._check_rate()
        try:
            if not request.operation.changes:
                return await perform(self._desk, request)
            async with self._one_at_a_time:
                self._reopen()
                found = await perform(self._desk, request)
                self._reopen()
            self._footing.wakes.tell()
            return found
        finally:
            self._busy_at = self._clock.monotonic()

    def _check_rate(self) -> None:
        now, before = self._clock.monotonic(), self._users_attempts
        if len(before) == USERS_ATTEMPTS and now - before[0] < USERS_WINDOW_SECONDS:
            raise Refused(Code.RATE_LIMITED, "users of this machine asked too often within a minute")
        before.append(now)

    # --- deadlines

    async def _attend(self, causes: frozenset[Wake], *, at_start: bool = False) -> None:
        """Do what is due. Whatever goes wrong is told, leaves the rest alone, and is tried again after a pause."""
        async with self._one_at_a_time:
            self._reopen()
            now = self._clock.now()
            if Wake.NETWORK in causes:
                self._insistence = Insistence(now)
            elif self._insistence is not None and now < self._insistence.since:
                self._insistence = None
            is_whole = self._try(self._take_offered)
            wanted = [scene for scene in self._machine.scenes() if self._wants(scene, at_start=at_start)]
            is_whole = self._save_all() and is_whole
            self._tell_news()
            for scene in wanted:
                is_whole = await self._attempt(scene) and is_whole
            self._insist()
            self._tell_news()
            self._not_before = None if is_whole else self._clock.now() + TROUBLE_PAUSE

    def _insist(self) -> None:
        """What is left of a change of the network, once what was due is done."""
        if self._insistence is None:
            return
        left = self._insistence.tried(self._clock.now())
        is_hoped_for = any(hopes_for_network(scene) for scene in self._machine.scenes())
        self._insistence = left if is_hoped_for and left.next_at() is not None else None

    def _wants(self, scene: Scene, *, at_start: bool) -> bool:
        if not at_start:
            return wants_now(scene, self._insistence)
        # A service that is started for every question would ask hosts for every question.
        is_first = self._footing.idle is None or not self._was_here(scene)
        return wants_at_start(scene) if is_first else wants_now(scene, None)

    def _was_here(self, scene: Scene) -> bool:
        """Whether the record was saved since the machine started."""
        with suppress(MusterError):
            saved = self._machine.state.record(scene.product.keysets.vendor_id)
            return saved is not None and saved.boot_id == self._clock.boot_id()
        return False

    async def _attempt(self, scene: Scene) -> bool:
        try:
            await attempt_edition(self._machine, scene)
        except MusterError as error:
            self._complain("service.trouble", edition=scene.edition.name, code=str(error.code))
        except Exception as error:  # noqa: BLE001 - one edition's misfortune is not the others'
            told = incident(error, self._machine.around.entropy)
            self._note("service.trouble", edition=scene.edition.name, code=str(told.code), problem=told.message)
        else:
            return True
        return False

    def _until(self) -> datetime | None:
        now = self._clock.now()
        until = next_wake(self._machine.scenes(), self._insistence)
        if self._not_before is not None:
            until = self._not_before if until is None else max(until, self._not_before)
        elif until is not None and until <= now:
            # What is due although it was just attended to would be due for ever.
            until = now + TROUBLE_PAUSE
        if self._footing.idle is not None:
            over = now + self._footing.idle - timedelta(seconds=self._clock.monotonic() - self._busy_at)
            until = over if until is None else min(until, over)
        return until

    def _hopes(self) -> bool:
        """Whether a change of the network matters: not while one is settling, and never to who is licensed."""
        return self._insistence is None and any(hopes_for_network(scene) for scene in self._machine.scenes())

    def _is_over(self, causes: frozenset[Wake], door: Door) -> bool:
        idle = self._footing.idle
        if idle is None or causes != {Wake.DEADLINE} or door.callers:
            return False
        return self._clock.monotonic() - self._busy_at >= idle.total_seconds()

    # --- what recurs

    def _reopen(self) -> None:
        """Settings, choices and hardware as they are now; with wrong settings the ones before stay."""
        try:
            self._desk = self._footing.open_desk()
        except MusterError as error:
            self._complain("settings.refused", code=str(error.code), problem=error.message)

    def _take_offered(self) -> None:
        install_offered(self._machine)

    def _save_all(self) -> bool:
        """Used time and high-water of every vendor; whether that worked for all that can be read."""
        for damage in self._machine.damaged():
            self._complain("state.damaged", vendor=damage.vendor_id.hex(), code=str(damage.error.code))
        done = [self._try(self._machine.awake, vendor_id) for vendor_id in self._machine.sound()]
        return all(done)

    def _try(self, do: Callable[..., object], *arguments: object) -> bool:
        try:
            do(*arguments)
        except MusterError as error:
            self._complain("service.trouble", code=str(error.code), problem=error.message)
            return False
        return True

    async def _open_again(self, door: Door) -> None:
        try:
            await door.listen()
        except MusterError as error:
            self._not_before = self._clock.now() + TROUBLE_PAUSE
            self._complain("service.trouble", code=str(error.code), problem=error.message)

    def _tell_news(self) -> None:
        self._told, events = news(self._machine.scenes(), self._told)
        for row in events:
            self._note(row.pop("event"), **row)

    def _note(self, name: str, **fields: object) -> None:
        self._machine.journal.note(self._clock.now(), name, **fields)

    def _complain(self, name: str, **fields: object) -> None:
        """Note a trouble once: it may last for months, and the journal is short."""
        row = (name, *fields.items())
        if row not in self._complained:
            self._complained.add(row)
            self._note(name, **fields)

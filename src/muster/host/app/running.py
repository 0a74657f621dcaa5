"""A host that serves: server, store and registration put together, and the small things that recur."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from muster.base.clock import Clock, SystemClock
from muster.base.errors import Code, Misconfigured, MusterError, StoreFailed
from muster.base.log import event
from muster.host.adapters.event_file import EventFile
from muster.host.adapters.home_folder import HomeFolder
from muster.host.adapters.http_pages import HttpPages
from muster.host.adapters.listening_file import announce
from muster.host.adapters.publication_file import PublicationFile
from muster.host.adapters.sqlite_store import PRUNE_ROWS
from muster.host.app.naming import publisher, wanted_records
from muster.host.app.storing import open_server
from muster.host.core.answering import WARN_BEFORE_END
from muster.host.core.settings import METRICS_PORT, format_endpoint, parse_endpoint
from muster.host.ports import Store
from muster.host.service.registration import Registration
from muster.host.service.server import Server
from muster.platform.durable_file import lock
from muster.wire.calendar import moment, seconds

TEND_SECONDS = 2.0
"""How soon a confirmation or setting that was changed on disk is noticed."""

LOOK_AT_DNS_SECONDS = 60.0
PRUNE_EVERY = timedelta(hours=1)
WARN_EVERY = timedelta(days=1)


class RunningHost:
    """Made by `start`. `tend` does by hand what the host does by itself every two seconds."""

    def __init__(self, home: HomeFolder, parts: Parts, environment: Mapping[str, str]) -> None:
        self.server = parts.server
        self._home = home
        self._parts = parts
        self._environment = environment
        self._registration = Registration(PublicationFile(home.book), parts.clock)
        self._announced: IO[bytes] | None = None
        self._tending: asyncio.Task[None] | None = None
        self._registering: asyncio.Task[None] | None = None
        self._looked_at_dns: float | None = None
        self._one_at_a_time = asyncio.Lock()
        self._pruned: datetime | None = None
        self._warned: datetime | None = None

    @classmethod
    async def start(
        cls,
        home: Path,
        *,
        listen: Sequence[str] | None = None,
        dns: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        recount: bool = False,
    ) -> RunningHost:
        """Serve from `home` until `stop`. `listen` and `dns` win over the settings; `environment` is the process's unless given.

        `recount` moves a damaged database away first. Raises `Misconfigured` (NOT_SET_UP, HOME_IN_USE, SETTINGS_INVALID)
        or `StoreFailed`.
        """
        environment = os.environ if environment is None else environment
        flags = {"listen": tuple(listen) if listen else None, "dns": dns}
        folder, clock = HomeFolder(home, environment, flags), clock or SystemClock()
        if not folder.vendors():
            raise Misconfigured(Code.NOT_SET_UP, f"{home} has no product file", "muster host init --product FILE")
        held = lock(folder.lock)
        events = EventFile(folder.events)
        try:
            server, store = open_server(folder, clock, events, recount=recount)
        except MusterError:
            events.close()
            held.close()
            raise
        events.attach()
        parts = Parts(server, store, clock, held, events, _pages(folder, server))
        try:
            await server.start()
            if parts.pages is not None:
                await parts.pages.start()
            announced = announce(folder.listening, server.endpoints)
            event("host", "started", addresses=[format_endpoint(e) for e in server.endpoints])
        except MusterError:
            await server.stop()
            await parts.let_go()
            raise
        host = cls(folder, parts, environment)
        host._announced = announced
        host._tending = asyncio.create_task(host._tend_on())
        return host

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens, with the real ports."""
        return tuple(format_endpoint(e) for e in self.server.endpoints)

    @property
    def address(self) -> str:
        """The first of `addresses`."""
        return self.addresses[0]

    @property
    def metrics_address(self) -> str:
        """Where metrics and health are served; empty when they are not."""
        return format_endpoint(self._parts.pages.endpoint) if self._parts.pages else ""

    async def stop(self) -> None:
        """Drain and let go: everything asked is answered, everything answered is on disk."""
        event("host", "stopping")
        if self._announced is not None:
            self._announced.close()
        for task in (self._tending, self._registering):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self.server.stop()
        await self._parts.let_go()

    def look_again(self) -> None:
        """Read the home anew, as it is done every two seconds."""
        self.server.reload()
        self._looked_at_dns = None

    async def tend(self) -> None:
        """Notice what changed on disk, drop what is too old, publish what is due."""
        await self._keep()
        await self._register()

    async def _keep(self) -> None:
        if self.server.reload():
            self._looked_at_dns = None
        self.server.flush()
        self._parts.events.flush()
        await self._settle()
        now = self._parts.clock.now()
        self._warn(now)
        if self._pruned is None or not timedelta(0) <= now - self._pruned < PRUNE_EVERY:
            with suppress(StoreFailed):
                if await self._parts.store.prune(seconds(now)) < PRUNE_ROWS:
                    self._pruned = now

    def _warn(self, now: datetime) -> None:
        """Of certificates that end, once a day."""
        if self._warned is not None and timedelta(0) <= now - self._warned < WARN_EVERY:
            return
        self._warned = now
        for vendor, serial, end in self.server.certificate_ends():
            left = moment(end) - now
            if left <= WARN_BEFORE_END:
                days = max(0, left.days)
                event("host", "certificate.ending", logging.WARNING, vendor=vendor.hex(), serial=serial, days=days)

    async def _settle(self) -> None:
        """Tidy up after a storm for as long as nobody asks."""
        before = self.server.activity
        with suppress(StoreFailed):
            while await self._parts.store.settle() and self.server.activity == before:
                pass

    async def _tend_on(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._keep()
            except MusterError as error:
                event("host", "tending.failed", code=error.code, problem=error.message)
            is_time = self._looked_at_dns is None or loop.time() - self._looked_at_dns >= LOOK_AT_DNS_SECONDS
            # Apart from the rest: a name server that is silent must not keep a new certificate from being noticed.
            if is_time and (self._registering is None or self._registering.done()):
                self._looked_at_dns = loop.time()
                self._registering = asyncio.create_task(self._register())
            await asyncio.sleep(TEND_SECONDS)

    async def _register(self) -> None:
        setup = self.server.setup
        dns = setup.settings.dns
        if not dns.publish or not dns.has_credentials or not setup.labels:
            return
        endpoints = self.server.endpoints
        try:
            way = publisher(self._home.path, dns, self._environment)
            loop = asyncio.get_running_loop()
            wanted = await loop.run_in_executor(None, wanted_records, dns, setup.labels, endpoints)
            async with self._one_at_a_time:
                if way is not None and self._registration.is_due(wanted):
                    await self._registration.register(way, wanted)
        except MusterError as error:
            event("host", "dns.failed", code=error.code, problem=error.message)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running host is made of; `held` is the lock on its home."""

    server: Server
    store: Store
    clock: Clock
    held: IO[bytes]
    events: EventFile
    pages: HttpPages | None

    async def let_go(self) -> None:
        """Close everything, then free the home."""
        if self.pages is not None:
            await self.pages.stop()
        await self.store.close()
        self.events.close()
        self.held.close()


def _pages(folder: HomeFolder, server: Server) -> HttpPages | None:
    where = folder.settings().metrics
    if not where:
        return None
    from muster.host.app.metrics import HostMetrics  # only those who measure need it installed

    metrics = HostMetrics(server)
    return HttpPages(parse_endpoint(where, METRICS_PORT), {"/metrics": metrics.metrics, "/health": metrics.health})

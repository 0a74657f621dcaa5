"""The administrator's console of the demonstration: the machines in its inventory, asked by SSH; its pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from muster.demo.door import Door
from muster.demo.nameserver import LOOPBACK
from muster.demo.served import Served

if TYPE_CHECKING:
    from muster.base.clock import Clock
    from muster.console.app import Console
    from muster.demo.world import DemoMachine

SETTINGS = '[ssh]\nkeys = ["{key}"]\nagent = false\n'
GROUP = "demonstration"


class Administration:
    """A console whose home is `home`. Make it, `look`, perhaps `serve`, and `close` it."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self.tally: Mapping[str, int] = {}
        self._home = home
        self._clock = clock
        self._door = Door()
        self._work: Console | None = None
        self._pages: Served | None = None
        self._stack = ExitStack()

    async def look(self, machines: list[DemoMachine]) -> Mapping[str, int]:
        """Take machines into the inventory and ask each by SSH what is on it; how many there are of each method."""
        from muster.console import app as console

        self._home.mkdir(mode=0o700)
        key_file = self._home / "key"
        await self._door.start(key_file)
        self._door.machines = {machine.name: machine for machine in machines}
        (self._home / console.SETTINGS).write_text(SETTINGS.format(key=key_file))
        work = await asyncio.to_thread(console.open_console, self._home, environment={}, clock=self._clock)
        targets = [console.Target(m.name, LOOPBACK, self._door.port, m.name, group=GROUP) for m in machines]
        console.discover(work, targets, "list")
        carrier = console.carrier(self._home, environment={})
        try:
            await console.carry_out(work, carrier, console.begin(work, "status", {}, ()))
        finally:
            await carrier.close()
        self._work = work
        self.tally = console.tally(work, "method", ())
        return self.tally

    def serve(self, name: str, password: str) -> str:
        """Serve the pages for one administrator, after `look`; their address."""
        from muster.console import app as console
        from muster.console.web.serving import create_app

        if self._work is None:
            raise RuntimeError("nobody has looked yet")
        accounts = console.open_accounts(self._home, environment={}, clock=self._clock)
        accounts.add(GROUP, name, "admin", password=password)
        workers = self._stack.enter_context(console.workers(self._home))
        self._pages = Served(
            create_app(self._work, accounts, workers, console.key_room(self._home), console.directory_room(self._home))
        )
        return self._pages.address

    async def close(self) -> None:
        """Stop what runs."""
        if self._pages is not None:
            await asyncio.to_thread(self._pages.close)
        await asyncio.to_thread(self._stack.close)
        await self._door.close()

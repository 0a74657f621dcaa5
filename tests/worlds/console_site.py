"""A console's pages as a browser meets them: real database, real accounts, machines in memory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from httpx2 import Response

from muster.base.errors import Code, Misconfigured, Refused
from muster.console.adapters.sql_books import SqlStore
from muster.console.adapters.vault import BoxVault, is_set_up
from muster.console.core.conditions import parse_conditions
from muster.console.core.targets import from_list
from muster.console.ports import Carrier, Machine, VendorService
from muster.console.service.access import console_accounts
from muster.console.service.acting import Console
from muster.console.web.serving import create_app
from muster.console.web.site import DirectoryRoom, Elsewhere, KeyRoom
from muster.console.web.working import Workers
from muster.platform.accounts import Accounts
from muster.platform.accounts.memory import MemoryAccounts
from muster.platform.ldap.memory import MemoryDirectory
from muster.platform.ldap.port import Directory, Password, Server
from muster.platform.openid.exchange import Identities
from muster.platform.sql import sqlite_url
from muster.trust.product import Product
from tests.worlds.carried_machines import CarriedMachines
from tests.worlds.clocks import MORNING, HandClock
from tests.worlds.console_inventory import fill
from tests.worlds.directory_world import MEMORY_SERVER, directory_in_memory
from tests.worlds.effort import LIGHT
from tests.worlds.entropy import SeededEntropy
from tests.worlds.vendor_site import PASSWORD, Browser, plain

Service = Callable[[Product], VendorService]
PEOPLE = {"anna": "admin", "otto": "operator", "vera": "viewer"}
WAIT_SECONDS = 20.0


@dataclass
class ConsoleSite:
    """anna administers, otto operates, vera views. `machines` answer every action."""

    console: Console
    clock: HandClock
    accounts: Accounts
    machines: CarriedMachines
    workers: Workers
    app: FastAPI
    store: SqlStore

    def know(self, name: str) -> None:
        """One of `PEOPLE` may log in with `PASSWORD`."""
        if self.accounts.store.find(name) is None:
            self.accounts.add("setup", name, PEOPLE[name], password=PASSWORD)

    def as_(self, name: str) -> Browser:
        self.know(name)
        browser = Browser(self.app)
        assert browser.log_in(name, PASSWORD).status_code == 200
        return browser

    def machine(self, name: str) -> Machine:
        (found,) = self.store.run(lambda books: books.selected(parse_conditions([f"name={name}"]), MORNING))
        return found

    def add(self, names: str) -> None:
        self.store.run(lambda books: books.add_machines(from_list(names), "list", MORNING))

    def ended(self, task: int) -> None:
        assert self.workers.wait(task, WAIT_SECONDS), "the task did not end"


def no_service(product: Product) -> VendorService:
    raise Misconfigured(Code.NO_SERVICE, f"{product.claims.vendor} has no service here")


def act(browser: Browser, operation: str, which: str = "which=all", **fields: str) -> Response:
    """Go from the list to the question and on; what came."""
    asked = browser.get(f"/act?operation={operation}&{which}")
    assert asked.status_code == 200, plain(asked)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asked.text.split("<main")[1]))
    return browser.post("/act", data={**hidden, **fields})


def reaching(directory: MemoryDirectory) -> Callable[[str, str, str], AbstractAsyncContextManager[Directory]]:
    """Logs in to a directory in memory; the domain is all that it has."""

    def connect(place: str, user: str, password: str) -> AbstractAsyncContextManager[Directory]:
        if place != "corp.example":
            raise Refused(Code.NO_DOMAIN)
        return directory.connect(Server(MEMORY_SERVER.url, start_tls=True), Password(user, password), 1)

    return connect


@contextmanager
def console_site(
    home: Path,
    number: int = 0,
    *,
    database: str = "",
    service: Service | None = None,
    carrier: Carrier | None = None,
    directory: MemoryDirectory | None = None,
    identities: Identities | None = None,
) -> Iterator[ConsoleSite]:
    """A site with so many machines in its inventory; `database`: a URL, else SQLite in `home`; `carrier`: others."""
    store = SqlStore(database or sqlite_url(home / "console.db"))
    store.migrate()
    store._database.run(lambda connection: fill(connection, number, MORNING))
    clock, machines = HandClock(), CarriedMachines()
    accounts = console_accounts(store, MemoryAccounts(), clock, SeededEntropy(), LIGHT)

    @asynccontextmanager
    async def carrying() -> AsyncIterator[Carrier]:
        yield carrier or machines

    workers, console = Workers(carrying), Console(store, clock, "setup")
    keys = KeyRoom(
        lambda: is_set_up(home),
        lambda passphrase: BoxVault.create(home, passphrase, SeededEntropy(), LIGHT),
        lambda passphrase: BoxVault(home, passphrase, SeededEntropy()),
        service or no_service,
        lambda: SeededEntropy().token(16),
    )
    directories = DirectoryRoom("corp.example", "", reaching(directory or directory_in_memory()))
    elsewhere = Elsewhere(identities, clock, SeededEntropy()) if identities else None
    app = create_app(console, accounts, workers, keys, directories, elsewhere=elsewhere)
    try:
        yield ConsoleSite(console, clock, accounts, machines, workers, app, store)
    finally:
        workers.close()
        store.close()

"""A console, three machines with one multiple activation key, and the vendor that made it: no network, real cryptography."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from muster.console.adapters.sql_books import SqlStore
from muster.console.core.targets import from_list
from muster.console.ports import VendorService
from muster.console.service.acting import Console, begin, carry_out
from muster.console.service.products import add_product
from muster.console.service.proxying import Taken, confirm_online, request_bundle, take_bundle_of_any, unconfirmed
from muster.platform.sql import sqlite_url
from muster.trust.product import Product
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from tests.worlds.clocks import HandClock
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.mak_machines import MakMachines
from tests.worlds.vendor_world import Acme

ID, OTHER_ID = bytes(range(16)), bytes(range(16, 32))
NAMES = ("pc-1", "pc-2", "pc-3")


@dataclass
class Lab:
    """A console, three machines with one MAK, and the vendor that made it."""

    console: Console
    acme: Acme
    machines: MakMachines
    key: ProductKey
    vendor: DirectVendor

    def do(self, tasks: list[int]) -> dict[str, str]:
        """Carry tasks out; the code of each machine's last verdict."""
        found: dict[str, str] = {}
        for task in tasks:
            asyncio.run(carry_out(self.console, self.machines, task))
            verdicts = self.console.store.run(lambda books, task=task: books.verdicts(task))  # type: ignore[misc]
            found |= {name: verdict.code for name, verdict in verdicts}
        return found

    @property
    def ids(self) -> list[int]:
        """All machines of the inventory."""
        return [m.id for m in self.console.store.run(lambda books: books.selected((), self.console.clock.now()))]

    def service(self, _: Product) -> VendorService:
        """Its vendor, whichever the product."""
        return self.vendor

    def confirm(self) -> list[Taken]:
        """Online."""
        return asyncio.run(confirm_online(self.console, self.ids, self.service, ID))

    def exported(self, *, with_names: bool = True) -> str:
        """What waits, as a bundle."""
        return request_bundle(self.console, unconfirmed(self.console, self.ids), ID, with_names=with_names).text

    def answered(self, text: str | None = None) -> str:
        """The vendor's answer to what waits, or to `text`."""
        return vendor.confirm_bundle(self.acme.vendor, text or self.exported()).file

    def take(self, text: str) -> Taken:
        """Import."""
        return take_bundle_of_any(self.console, text)

    @property
    def activated(self) -> list[str]:
        """Machines that are activated."""
        return [name for name, machine in self.machines.machines.items() if machine.is_activated]


@contextmanager
def labs(acme: Acme, folder: Path) -> Iterator[Callable[..., Lab]]:
    """Makes a lab each time it is called: by the name of its console's database, with a MAK of so many activations."""
    stores = []

    def make(name: str = "console", activations: int = 3) -> Lab:
        store = SqlStore(sqlite_url(folder / f"{name}.db"))
        stores.append(store)
        store.migrate()
        console = Console(store, HandClock(), "anna")
        machines = MakMachines(add_product(console, vendor.export_product(acme.vendor)))
        key = acme.mak(activations)
        for number, each in enumerate(NAMES):
            machines.add(each, number, key)
        store.run(lambda books: books.add_machines(from_list(" ".join(NAMES)), "list", console.clock.now()))
        lab = Lab(console, acme, machines, key, DirectVendor(acme))
        lab.do([begin(console, "status", {}, ())])
        machines.asked.clear()
        return lab

    try:
        yield make
    finally:
        for store in stores:
            store.close()


def codes(taken: Taken) -> list[str]:
    """The codes of its rows."""
    return [row.verdict.code for row in taken.rows]

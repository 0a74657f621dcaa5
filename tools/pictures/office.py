"""The administrators of Globex Corporation: a console whose inventory, tasks, keys and directory came about in six weeks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from muster.console.core.targets import from_csv
from muster.console.service.products import add_product
from muster.platform.ldap.memory import MemoryDirectory
from muster.trust.product import open_product
from muster.vendor import app as vendor
from tests.worlds.console_site import ConsoleSite, act, console_site
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.directory_world import directory_in_memory
from tests.worlds.mak_machines import MakMachines
from tests.worlds.vendor_site import Browser
from tools.pictures.business import TODAY, Business
from tools.pictures.fleet import LAB, Fleet, inventory
from tools.pictures.sales import GLOBEX, close_the_quarter

PASSPHRASE = "four words of a sentence"  # noqa: S105 - of a console that lasts for a minute
PLACE = {"place": "corp.example", "user": "admin", "password": "secret"}
BEGIN = TODAY - timedelta(days=44)
HARDWARE = 90_000
"""Numbers from here on are machines of the laboratory, whom the vendor has not met."""


@dataclass
class Office:
    """The console and what stands behind it."""

    business: Business
    site: ConsoleSite
    fleet: Fleet
    directory: MemoryDirectory

    def as_(self, name: str) -> Browser:
        """Somebody logs in, some minutes later than whoever did before."""
        self.pass_(minutes=9)
        return self.site.as_(name)

    def pass_(self, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        """Time passes here and at the vendor."""
        self.site.clock.move(days=days, hours=hours, minutes=minutes)
        self.business.live_until(self.site.clock.now())

    def work(self, name: str, operation: str, which: str, **fields: str) -> None:
        """Act on machines through the page, and wait until it is done."""
        self.fleet.answer(self.site.clock.now())
        page = act(self.as_(name), operation, f"which=all&where={which}", **fields)
        self.site.ended(int(page.url.path.rsplit("/", 1)[1]))


@contextmanager
def run_office(home: Path, business: Business) -> Iterator[Office]:
    """From the first inventory to today."""
    product = vendor.export_product(business.acme.vendor)
    fleet = Fleet(MakMachines(open_product(product)))
    for number in range(1, LAB + 1):
        fleet.laboratory.add(f"lab-{number}", HARDWARE + number)
    fleet.rooms.before = lambda _: site.clock.move(seconds=0.8)
    directory = directory_in_memory()
    service = DirectVendor(business.acme)
    home.mkdir()
    with console_site(home, service=lambda _: service, carrier=fleet, directory=directory) as site:
        site.clock.move(BEGIN - site.clock.now())
        for name in ("anna", "otto", "vera"):
            site.know(name)
        office = Office(business, site, fleet, directory)
        _take_in(office)
        _keep_keys(office, product)
        _act(office)
        close_the_quarter(business)
        site.clock.move(TODAY - site.clock.now())
        yield office


def _take_in(office: Office) -> None:
    site = office.site
    site.store.run(lambda books: books.add_machines(from_csv(inventory()), "csv", site.clock.now()))
    office.work("otto", "status", "group%3Ddesign,simulation")
    office.pass_(days=30)


def _keep_keys(office: Office, product: str) -> None:
    add_product(office.site.console, product)
    order = office.business.order
    mak, host_key = order("acme-cad-pro", GLOBEX, 20).formatted, order("acme-cad", GLOBEX).formatted
    anna = office.as_("anna")
    again = {"passphrase": PASSPHRASE, "again": PASSPHRASE}
    anna.fill(
        "/keys/add", page="/keys", keys=f"{mak} laboratory, order 3310\n{host_key} directory of corp.example", **again
    )
    anna.fill("/directory/activate", page="/directory", **PLACE, key="2", passphrase=PASSPHRASE, how="online")
    anna.fill("/views/save", page="/machines", where="expires<30d", sort="expires", group_by="", name="Ends soon")


def _act(office: Office) -> None:
    site = office.site
    office.pass_(days=9, hours=2)
    office.work("otto", "renew", "group%3Dsimulation")
    office.pass_(days=4)
    office.work("anna", "install-key", "group%3Dlab", key="1", passphrase=PASSPHRASE)
    office.pass_(minutes=25)
    office.work("otto", "installation-id", "group%3Dlab")
    office.pass_(minutes=40)
    office.work("otto", "status", "group%3Ddesign")
    anna = office.as_("anna")
    anna.fill("/keys/refresh", page="/keys", key="1", passphrase=PASSPHRASE)
    site.accounts.issue_token("anna", "inventory-sync", "vera", frozenset({"read"}), 180)

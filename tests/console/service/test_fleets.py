"""What deployment tools push: a machine becomes what the console's fleet file says."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.base.config import load
from muster.base.errors import Code, Misconfigured, Refused
from muster.client.core.fleet import Fleet, make_offer
from muster.console.adapters.sql_books import SqlStore
from muster.console.core.fleet_file import ProductWish, fleet_text
from muster.console.core.targets import from_list
from muster.console.service.acting import Console, begin, carry_out
from muster.console.service.fleets import fleet_files
from muster.console.service.products import add_product
from muster.console.service.proxying import collect, confirm_online
from muster.platform.sql import sqlite_url
from muster.trust.product import open_product
from muster.vendor import app as vendor
from muster.wire.confirmation import decode_confirmation_file
from tests.worlds.clocks import HandClock
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.mak_machines import MakMachines
from tests.worlds.vendor_world import Acme

FILE = "acme-software.muster"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    acme = Acme(tmp_path_factory.mktemp("acme"))
    yield acme
    acme.close()


@pytest.fixture
def console(tmp_path: Path, acme: Acme) -> Iterator[Console]:
    store = SqlStore(sqlite_url(tmp_path / "console.db"))
    store.migrate()
    console = Console(store, HandClock(), "anna")
    add_product(console, vendor.export_product(acme.vendor))
    yield console
    store.close()


def read(folder: Path, files: dict[str, str], name: str = "FLEET.toml") -> Fleet:
    """As `muster client apply` reads it."""
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return load(Fleet, folder / name, environment={}, prefix="NONE_")


def test_a_fleet_file_says_what_was_chosen_and_nothing_else(console: Console, acme: Acme, tmp_path: Path) -> None:
    files = fleet_files(
        console, (), edition="acme-cad-pro", hosts=["kms1.corp.example", "kms2.corp.example"], way="host"
    )
    fleet = read(tmp_path, files)
    assert (fleet.machine.hosts, fleet.machine.type) == (("kms1.corp.example", "kms2.corp.example"), "host")
    assert (fleet.machine.zone, fleet.machine.caching) == (None, None)
    (table,) = fleet.product
    assert (table.file, table.edition, table.key) == (FILE, "acme-cad-pro", None)
    offer = make_offer(table, files[FILE], open_product(files[FILE]))
    assert offer.edition == "acme-cad-pro"
    assert tomllib.loads(fleet_text([ProductWish("x")], hosts=())) == {
        "machine": {"hosts": []},
        "product": [{"file": "x"}],
    }


def test_each_machine_with_a_confirmation_has_a_folder_of_its_own(console: Console, acme: Acme, tmp_path: Path) -> None:
    key, machines = acme.mak(), MakMachines(add_product(console, vendor.export_product(acme.vendor)))
    for number, name in enumerate(("pc-1", "pc-2")):
        machines.add(name, number, key)
    console.store.run(lambda books: books.add_machines(from_list("pc-1 pc-2 pc-3"), "list", console.clock.now()))
    machines.add("pc-3", 3)
    asyncio.run(carry_out(console, machines, begin(console, "status", {}, ())))
    for task in collect(console, ()):
        asyncio.run(carry_out(console, machines, task))
    known = console.store.run(lambda books: books.selected((), console.clock.now()))
    asyncio.run(confirm_online(console, [m.id for m in known], lambda _: DirectVendor(acme), bytes(16)))
    files = fleet_files(console, known, keys=[key])
    assert {path for path in files if path.endswith("FLEET.toml")} == {
        "FLEET.toml",
        "pc-1/FLEET.toml",
        "pc-2/FLEET.toml",
    }
    (table,) = read(tmp_path, files, "pc-2/FLEET.toml").product
    assert (table.key, table.confirmation) == (key.formatted, "confirmation.txt")
    installation, _ = decode_confirmation_file(files["pc-2/confirmation.txt"])
    assert installation == machines.machines["pc-2"].packed
    assert read(tmp_path, files).product[0].confirmation is None


def test_what_cannot_be_wished_is_refused(console: Console, acme: Acme) -> None:
    for keys, edition, code in (
        ([acme.host_key()], "", Code.KEY_WRONG_KIND),
        ([acme.mak()], "acme-cad-server", Code.KEY_WRONG_EDITION),
    ):
        with pytest.raises(Refused) as refused:
            fleet_files(console, (), keys=keys, edition=edition)
        assert refused.value.code is code
    for wrong in ({"edition": "office"}, {"way": "magic"}, {"vendor": "Nobody"}):
        with pytest.raises(Misconfigured):
            fleet_files(console, (), **wrong)  # type: ignore[arg-type]

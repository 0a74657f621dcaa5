"""A directory is activated with a host key of the console: online, by a carried bundle, and again at no cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from muster.base.errors import Code, MusterError
from muster.console.adapters.sql_books import SqlStore
from muster.console.directory.service.objects import visible
from muster.console.service.acting import Console
from muster.console.service.forests import (
    activate_forest,
    delete_object,
    find,
    forest_request,
    product_of_key,
)
from muster.console.service.products import add_product
from muster.console.service.proxying import take_bundle_of_any
from muster.platform.ldap.memory import MemoryDirectory
from muster.platform.ldap.port import Directory, Password, Server
from muster.platform.sql import sqlite_url
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.directory_world import MEMORY_SERVER, directory_in_memory
from tests.worlds.vendor_world import Acme

ID = bytes(16)
NAME = "Acme Software acme-cad 1"
Result = TypeVar("Result")


@dataclass
class Bank:
    """A console, a directory, and the vendor that sold the host key."""

    console: Console
    acme: Acme
    directory: MemoryDirectory
    key: ProductKey
    vendor: DirectVendor

    def do(self, work: Callable[[Directory], Awaitable[Result]]) -> Result:
        """Something within the directory."""

        async def run() -> Result:
            server = Server(MEMORY_SERVER.url, start_tls=True)
            async with self.directory.connect(server, Password("admin", "secret"), 1) as session:
                return await work(session)

        return asyncio.run(run())

    def activate(self, *, online: bool = True, key: ProductKey | None = None, again: bool = False) -> str:
        """The name of the object."""
        chosen = key or self.key
        product = product_of_key(self.console, chosen)
        service = self.vendor if online else None
        return self.do(
            lambda d: activate_forest(self.console, d, product, chosen, service=service, fresh=ID, again=again)
        ).name

    def objects(self) -> dict[str, bool]:
        """Names of the objects, and whether each verifies."""
        product = product_of_key(self.console, self.key)
        known = {product.keysets.vendor_id: product}
        rows = self.do(lambda d: visible(d, known, self.acme.clock.now()))
        return {row.name: row.error is None for row in rows}

    def delete(self, name: str) -> None:
        """An object."""
        self.do(self._deleting(name))

    def _deleting(self, name: str) -> Callable[[Directory], Awaitable[None]]:
        async def work(directory: Directory) -> None:
            await delete_object(self.console, directory, await find(directory, name))

        return work


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    acme = Acme(tmp_path / "acme")
    store = SqlStore(sqlite_url(tmp_path / "console.db"))
    store.migrate()
    console = Console(store, acme.clock, "anna")
    add_product(console, vendor.export_product(acme.vendor))
    yield Bank(console, acme, directory_in_memory(), acme.host_key(), DirectVendor(acme))
    store.close()
    acme.close()


def refusal(work: Callable[[], object]) -> Code:
    with pytest.raises(MusterError) as refused:
        work()
    return refused.value.code


def test_a_directory_is_activated_online_and_its_object_verifies(bank: Bank) -> None:
    assert bank.activate() == NAME
    assert bank.objects() == {NAME: True}
    assert [row.action for row in bank.console.store.run(lambda books: books.audited(1))] == ["directory.activated"]


def test_an_object_that_was_deleted_is_written_again_without_the_vendor(bank: Bank) -> None:
    bank.activate()
    bank.delete(NAME)
    assert bank.objects() == {}
    assert bank.activate() == NAME
    assert bank.vendor.asked == ["confirm_bundle"]
    bank.delete(NAME)
    bank.activate(again=True)
    assert bank.vendor.asked == ["confirm_bundle", "confirm_bundle"]


def test_a_bundle_is_carried_for_a_directory_that_has_no_way_out(bank: Bank) -> None:
    assert refusal(lambda: bank.activate(online=False)) is Code.NOT_FOUND
    product = product_of_key(bank.console, bank.key)
    asked = bank.do(lambda d: forest_request(bank.console, d, product, bank.key, fresh=ID))
    answer = vendor.confirm_bundle(bank.acme.vendor, asked.text).file
    (row,) = take_bundle_of_any(bank.console, answer).rows
    assert row.verdict.is_good
    assert bank.activate(online=False) == NAME
    assert (bank.objects(), bank.vendor.asked) == ({NAME: True}, [])


def test_the_vendors_no_is_the_error(bank: Bank) -> None:
    vendor.block_key(bank.acme.vendor, bank.key.formatted, blocked=True)
    assert refusal(bank.activate) is Code.KEY_BLOCKED
    assert bank.objects() == {}


def test_a_mak_is_no_host_key_and_a_group_must_be_known(bank: Bank) -> None:
    mak = bank.acme.mak()
    assert refusal(lambda: product_of_key(bank.console, mak)) is Code.NOT_FOUND
    product = product_of_key(bank.console, bank.key)
    asked = lambda: bank.do(lambda d: forest_request(bank.console, d, product, mak, fresh=ID))  # noqa: E731
    assert refusal(asked) is Code.KEY_WRONG_KIND

"""Activating a directory and looking at it: in memory, with a real vendor behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from muster.base.errors import Code, Misconfigured, MusterError, Untrusted
from muster.console.directory.core.confirming import default_name
from muster.console.directory.service.objects import (
    activate,
    confirmed_online,
    delete,
    find,
    installation_id,
    visible,
)
from muster.platform.ldap.memory import MemoryDirectory
from muster.platform.ldap.port import Directory, Kerberos, Login, Password, Server
from muster.platform.vendor_api import VendorApi
from muster.trust.product import Product, open_product
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor import app as vendor_app
from muster.wire.directory import MAX_NAME_CHARACTERS
from tests.worlds.directory_world import MEMORY_SERVER, PC1, directory_in_memory, put_object
from tests.worlds.vendor_keys import VendorKeys
from tests.worlds.vendor_service import AcmeService, serving_acme
from tests.worlds.vendor_world import Acme, host

Result = TypeVar("Result")
ADMIN = Password("admin", "secret")
MACHINE = Kerberos(PC1, "pc1.keytab")


@dataclass
class Bank:
    """An organisation with a directory, a host key and the vendor that sold it."""

    acme: Acme
    directory: MemoryDirectory

    def __post_init__(self) -> None:
        self.product: Product = open_product(vendor_app.export_product(self.acme.vendor))
        self.key: ProductKey = self.acme.host_key()

    def do(self, work: Callable[[Directory], Awaitable[Result]], login: Login = ADMIN) -> Result:
        server = Server(MEMORY_SERVER.url, start_tls=not isinstance(login, Kerberos))

        async def run() -> Result:
            async with self.directory.connect(server, login, 1) as session:
                return await work(session)

        return asyncio.run(run())

    def confirmation(self) -> bytes:
        found = self.do(lambda d: installation_id(d, self.product, self.key))
        return self.acme.confirm(found).packed

    def activate(
        self, confirmation: bytes | None = None, *, login: Login = ADMIN, name: str = "", base: str = ""
    ) -> str:
        said = confirmation or self.confirmation()
        now = self.acme.clock.now()
        return self.do(lambda d: activate(d, self.product, said, now, name=name, base=base), login).name

    def rows(self) -> dict[str, Code | None]:
        """Names of the objects, and what is wrong with each."""
        products = {self.product.keysets.vendor_id: self.product}
        found = self.do(lambda d: visible(d, products, self.acme.clock.now()), MACHINE)
        return {row.name: row.error.code if row.error else None for row in found}


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(Acme(tmp_path / "acme"), directory_in_memory())


def refusal(work: Callable[[], object]) -> MusterError:
    with pytest.raises(MusterError) as raised:
        work()
    return raised.value


def test_what_the_vendor_confirmed_is_seen_by_machines_and_verifies(bank: Bank) -> None:
    assert bank.activate() == "Acme Software acme-cad 1"
    assert bank.rows() == {"Acme Software acme-cad 1": None}


def test_several_objects_lie_side_by_side_under_names_of_forty_characters(bank: Bank) -> None:
    confirmation = bank.confirmation()
    long = "Größe, +2 #" + "x" * (MAX_NAME_CHARACTERS - 11)
    assert [bank.activate(confirmation, name=name) for name in ("one", long)] == ["one", long]
    assert bank.rows() == {"one": None, long: None}
    again = refusal(lambda: bank.activate(confirmation, name="ONE"))
    assert again.code is Code.NAME_TAKEN
    too_long = refusal(lambda: bank.activate(confirmation, name=long + "x"))
    assert isinstance(too_long, Misconfigured)


def test_the_default_name_fits_whatever_the_vendor_is_called(bank: Bank) -> None:
    for serial in (1, 4_294_967_295):
        assert len(default_name(bank.product, 1, serial)) <= MAX_NAME_CHARACTERS


def test_an_object_of_a_base_in_the_domain_is_seen_too(bank: Bank) -> None:
    bank.activate(name="elsewhere", base="dc=corp,dc=example")
    assert bank.rows() == {"elsewhere": None}


def test_a_confirmation_of_another_directory_or_for_a_host_is_refused(bank: Bank) -> None:
    other = Bank(bank.acme, directory_in_memory("dc=other,dc=example"))
    refused = refusal(lambda: bank.activate(other.confirmation()))
    assert isinstance(refused, Untrusted)
    assert refused.code is Code.CONFIRMATION_UNTRUSTED
    for_host = bank.acme.confirm(host(bank.key, 1)).packed
    assert refusal(lambda: bank.activate(for_host)).code is Code.CONFIRMATION_MALFORMED
    assert bank.rows() == {}


def test_a_confirmation_after_its_end_puts_nothing_there(bank: Bank) -> None:
    confirmation = bank.confirmation()
    bank.acme.clock.move(days=4 * 365)
    assert refusal(lambda: bank.activate(confirmation)).code is Code.CERTIFICATE_EXPIRED
    assert bank.rows() == {}


def test_only_host_keys_activate_directories(bank: Bank) -> None:
    mak = bank.acme.mak()
    refused = refusal(lambda: bank.do(lambda d: installation_id(d, bank.product, mak)))
    assert (refused.code, mak.kind) == (Code.KEY_WRONG_KIND, KeyKind.MAK)


def test_who_may_not_write_is_told_of_a_base_that_will_do(bank: Bank) -> None:
    confirmation = bank.confirmation()
    refused = refusal(lambda: bank.activate(confirmation, login=MACHINE))
    assert refused.code is Code.DIRECTORY_REFUSED
    assert "--base" in refused.hint


def test_false_objects_are_shown_with_what_is_wrong(bank: Bank) -> None:
    bank.activate(name="good")
    stranger = VendorKeys("stranger")
    asyncio.run(put_object(bank.directory, stranger, "foreign"))
    place = f"CN=Activation Objects,CN=Muster,CN=Services,{bank.directory.configuration}"
    odd = {"objectClass": (b"serviceConnectionPoint",), "keywords": (b"muster-object-v1",)}
    bank.do(lambda d: d.add(f"CN=odd,{place}", odd))
    assert bank.rows() == {"good": None, "foreign": Code.NOT_SET_UP, "odd": Code.NO_ACTIVATION_OBJECT}


def test_deleting_names_what_is_there(bank: Bank) -> None:
    bank.activate(name="one")
    missing = refusal(lambda: bank.do(lambda d: find(d, "two")))
    assert (missing.code, "'one'" in missing.hint) == (Code.NOT_FOUND, True)
    kept = bank.do(lambda d: find(d, "ONE"))
    bank.do(lambda d: delete(d, kept))
    assert bank.rows() == {}


@pytest.fixture
def service(bank: Bank, tmp_path: Path) -> Iterator[AcmeService]:
    with serving_acme(tmp_path / "service", bank.acme) as found:
        yield found


def test_online_the_key_alone_is_enough(bank: Bank, service: AcmeService) -> None:
    way = VendorApi(service.url, tls=service.tls)
    said = bank.do(lambda d: confirmed_online(d, bank.product, bank.key, way))
    bank.activate(said, name="online")
    assert bank.rows() == {"online": None}
    vendor_app.block_key(bank.acme.vendor, bank.key.formatted, blocked=True)
    refused = refusal(lambda: bank.do(lambda d: confirmed_online(d, bank.product, bank.key, way)))
    assert refused.code is Code.KEY_BLOCKED

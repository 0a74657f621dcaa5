"""The vendor as the console asks it; the same suite for its real service over TLS and for the counterpart that tests ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError, Refused
from muster.console.adapters.vendor_https import HttpsVendor
from muster.console.ports import Left, VendorService
from muster.trust.bundle import open_bundle
from muster.trust.product import open_product
from muster.wire.bundle import RequestBundle, RequestRow, encode_request_bundle
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.served_vendor import served_acme
from tests.worlds.vendor_world import Acme, hardware, machine, packed


@dataclass
class World:
    """A vendor, and the service that the console asks."""

    acme: Acme
    service: VendorService


@pytest.fixture(scope="module", params=["direct", "https"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("acme")
    acme = Acme(folder / "vendor")
    if request.param == "direct":
        yield World(acme, DirectVendor(acme))
    else:
        with served_acme(folder, acme) as served:
            yield World(acme, HttpsVendor(served.url, served.tls))
    acme.close()


def refusal(world: World, vendor_id: bytes) -> Code:
    text = encode_request_bundle(RequestBundle(vendor_id, bytes(16), 1, ()))
    with pytest.raises(MusterError) as refused:
        asyncio.run(world.service.confirm_bundle(text))
    return refused.value.code


def test_a_bundle_is_answered_row_by_row_under_the_vendors_signature(world: World) -> None:
    mak, keysets = world.acme.mak(activations=1), world.acme.vendor.keysets()
    rows = tuple(RequestRow(packed(machine(mak, hardware(number))), f"pc-{number}") for number in range(2))
    asked = encode_request_bundle(RequestBundle(keysets.vendor_id, bytes(16), 1, rows))
    opened = open_bundle(asyncio.run(world.service.confirm_bundle(asked)), keysets)
    assert opened.doubt is None
    assert [row.code for row in opened.rows] == [0, Code.KEY_EXHAUSTED.number]
    assert [row.installation for row in opened.rows] == [row.installation for row in rows]


def test_a_bundle_to_another_vendor_is_refused(world: World) -> None:
    assert refusal(world, b"stranger") in {Code.VENDOR_MISMATCH, Code.INTERNAL}


def test_what_is_left_of_a_key_is_told_to_whoever_has_it(world: World) -> None:
    assert asyncio.run(world.service.left(world.acme.mak(activations=7))) == Left(7, 7, "acme-cad-pro")
    with pytest.raises(Refused) as refused:
        asyncio.run(world.service.left(world.acme.host_key()))
    assert refused.value.code is Code.KEY_WRONG_KIND


def test_the_newest_product_file_comes_whole(world: World) -> None:
    vendor_id = world.acme.vendor.keysets().vendor_id
    product = open_product(asyncio.run(world.service.product_file(vendor_id)))
    assert product.keysets.vendor_id == vendor_id

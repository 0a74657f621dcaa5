"""A directory is activated, looked at and freed of an object from pages, with a real vendor behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from muster.console.service.products import add_product
from muster.console.service.proxying import take_bundle_of_any
from muster.vendor import app as vendor
from tests.worlds.console_site import ConsoleSite, console_site
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.vendor_site import Browser, plain
from tests.worlds.vendor_world import Acme

PASSPHRASE = "four words of a sentence"
PLACE = {"place": "corp.example", "user": "admin", "password": "secret"}
KEY = {"key": "1", "passphrase": PASSPHRASE}
NAME = "Acme Software acme-cad 1"


@dataclass
class World:
    acme: Acme
    asked: DirectVendor
    site: ConsoleSite
    anna: Browser

    def send(self, action: str, **fields: str) -> str:
        """The text of the page that came."""
        return plain(self.anna.fill(f"/directory/{action}", page="/directory", **{**PLACE, **fields}))

    def actions(self, number: int) -> list[str]:
        """What the audit tells, the newest first."""
        return [row.action for row in self.site.store.run(lambda books: books.audited(number))]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    acme = Acme(tmp_path / "acme")
    asked = DirectVendor(acme)
    with console_site(tmp_path, service=lambda _: asked) as site:
        add_product(site.console, vendor.export_product(acme.vendor))
        anna = site.as_("anna")
        host_key = acme.host_key().formatted
        anna.fill("/keys/add", page="/keys", keys=host_key, passphrase=PASSPHRASE, again=PASSPHRASE)
        yield World(acme, asked, site, anna)
    acme.close()


def test_a_directory_is_activated_looked_at_and_freed(world: World) -> None:
    assert "PASSPHRASE_WRONG" in world.send("activate", key="1", passphrase="wrong", how="online")
    assert "USAGE" in world.send("activate", **KEY, how="perhaps")
    assert "No activation object is visible" in world.send("look")
    page = world.send("activate", **KEY, how="online")
    assert f"Activated: CN={NAME}" in page
    assert f"{NAME} verifies Acme Software acme-cad 1" in page
    assert world.actions(2) == ["directory.activated", "directory.activation"]
    assert world.asked.asked == ["confirm_bundle"]
    assert "asked twice" in world.send("delete", object=NAME, typed=NAME).lower()
    assert "asked twice" in world.send("delete", object=NAME, typed="Acme", sure="yes").lower()
    assert f"Removed: CN={NAME}" in world.send("delete", object=NAME, typed=NAME, sure="yes")
    assert world.actions(1) == ["directory.object-deleted"]
    world.send("activate", **KEY, how="kept", name="Again")
    assert "Again verifies" in world.send("look")
    assert world.asked.asked == ["confirm_bundle"]


def test_a_bundle_is_carried_to_the_vendor_instead(world: World) -> None:
    sent = {**PLACE, **KEY, "how": "kept"}
    assert "NOT_FOUND" in world.send("activate", **KEY, how="kept")
    bundle = world.anna.fill("/directory/request", page="/directory", **sent)
    assert bundle.headers["content-disposition"] == 'attachment; filename="request-bundle.txt"'
    take_bundle_of_any(world.site.console, vendor.confirm_bundle(world.acme.vendor, bundle.text).file)
    assert "Activated:" in world.send("activate", **KEY, how="kept")
    assert world.asked.asked == []


def test_nobody_but_an_administrator_comes_near(world: World) -> None:
    otto = world.site.as_("otto")
    assert otto.get("/directory").status_code == 403
    assert otto.fill("/directory/look", page="/find", **PLACE).status_code == 403
    assert world.anna.post("/directory/look", data=PLACE).status_code == 403
    assert world.anna.fill("/directory/forget", page="/directory", **PLACE).status_code == 404
    wrong = world.send("look", password="wrong one")
    assert ("DIRECTORY_REFUSED" in wrong, "wrong one" in wrong) == (True, False)

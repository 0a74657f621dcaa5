"""Keys, product files and proxy activation from pages, with a real vendor behind them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from muster.trust.product import open_product
from muster.vendor import app as vendor
from tests.worlds.console_site import ConsoleSite, act, console_site
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.mak_machines import MakMachines
from tests.worlds.vendor_site import Browser, plain
from tests.worlds.vendor_world import Acme

PASSPHRASE = "four words of a sentence"
NAMES = ("pc-1", "pc-2", "pc-3")


@dataclass
class World:
    acme: Acme
    site: ConsoleSite
    machines: MakMachines
    anna: Browser


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    acme = Acme(tmp_path / "acme")
    file = vendor.export_product(acme.vendor)
    machines = MakMachines(open_product(file))
    for number, name in enumerate(NAMES):
        machines.add(name, number)
    with console_site(tmp_path, service=lambda _: DirectVendor(acme), carrier=machines) as site:
        site.add(" ".join(NAMES))
        anna = site.as_("anna")
        sent = {"form": secret_of(anna)}
        assert anna.post("/keys/add-product", data=sent, files={"product": ("p", file.encode())}).status_code == 200
        yield World(acme, site, machines, anna)
    acme.close()


def secret_of(browser: Browser) -> str:
    return browser.get("/keys").text.split('name="form" value="')[1][:64]


def with_key(world: World, activations: int = 3) -> str:
    key = world.acme.mak(activations)
    page = world.anna.fill("/keys/add", page="/keys", keys=key.formatted, passphrase=PASSPHRASE, again=PASSPHRASE)
    assert "done" in plain(page)
    assert key.formatted not in page.text
    return key.partial


def install(world: World) -> None:
    page = act(world.anna, "install-key", key="1", passphrase=PASSPHRASE)
    assert page.url.path == "/tasks/1", plain(page)
    world.site.ended(1)


def test_a_key_is_kept_asked_about_and_installed(world: World) -> None:
    partial = with_key(world, 50)
    assert "Acme Software" in world.anna.get("/keys").text
    told = world.anna.fill("/keys/refresh", page="/keys", key="1", passphrase=PASSPHRASE)
    assert "50 of 50" in told.text
    assert "keys.asked" in world.anna.get("/audit").text
    wrong = act(world.anna, "install-key", key="1", passphrase="another one")
    assert (wrong.status_code, "PASSPHRASE_WRONG" in wrong.text) == (422, True)
    assert world.machines.asked == []
    install(world)
    assert {machine.key.partial for machine in world.machines.machines.values() if machine.key} == {partial}
    assert "3 done 0 said no" in plain(world.anna.get("/tasks/1"))
    assert PASSPHRASE not in world.anna.get("/audit").text
    world.anna.fill("/keys/remove", page="/keys", key="1")
    assert f"…{partial}" not in world.anna.get("/keys").text


def test_machines_are_activated_through_the_pages_online(world: World) -> None:
    with_key(world)
    install(world)
    assert act(world.anna, "installation-id").url.path == "/tasks/2"
    world.site.ended(2)
    page = act(world.anna, "confirm-online")
    assert "done 3" in plain(page)
    assert 'href="/act?operation=confirm&amp;which=all"' in page.text
    act(world.anna, "confirm")
    world.site.ended(3)
    assert all(machine.is_activated for machine in world.machines.machines.values())
    nothing = act(world.anna, "confirm")
    assert (nothing.status_code, "nothing is left" in nothing.text.lower()) == (404, True)
    assert act(world.anna, "confirm", again="yes").url.path == "/tasks/4"
    world.site.ended(4)
    # What is confirmed goes into fleet files too, machine by machine.
    archive = act(world.anna, "fleet", key="1", passphrase=PASSPHRASE, way="mak", hosts="kms1, kms2")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as files:
        names = files.namelist()
        text = files.read("FLEET.toml").decode()
    assert {"pc-1/confirmation.txt", "pc-2/FLEET.toml", "acme-software.muster"} <= set(names)
    assert 'hosts = ["kms1", "kms2"]' in text
    plainly = act(world.anna, "fleet", which="which=all&where=name=pc-1", dns="yes")
    with zipfile.ZipFile(io.BytesIO(plainly.content)) as files:
        assert "hosts = []" in files.read("FLEET.toml").decode()
    assert act(world.anna, "fleet", key="1", passphrase="wrong").status_code == 422
    assert world.site.as_("otto").get("/act?operation=fleet&which=all").status_code == 403


def test_machines_are_activated_by_files_that_are_carried(world: World) -> None:
    with_key(world, 2)
    install(world)
    act(world.anna, "installation-id")
    world.site.ended(2)
    bundle = act(world.anna, "request-bundle", names="yes")
    assert bundle.text.startswith("-----BEGIN MUSTER")
    answer = vendor.confirm_bundle(world.acme.vendor, bundle.text).file
    otto = world.site.as_("otto")
    sent = {"form": secret_of(otto)}
    page = otto.post("/keys/take", data=sent, files={"bundle": ("b", answer.encode())})
    assert "done 2 KEY_EXHAUSTED 1" in plain(page)
    broken = otto.post("/keys/take", data=sent, files={"bundle": ("b", answer[:200].encode())})
    assert broken.status_code == 422
    act(otto, "confirm")
    world.site.ended(3)
    assert sum(machine.is_activated for machine in world.machines.machines.values()) == 2


def test_who_may_not_keep_keys_is_told(world: World) -> None:
    otto, vera = world.site.as_("otto"), world.site.as_("vera")
    assert otto.fill("/keys/add", page="/keys", keys="x", passphrase=PASSPHRASE).status_code == 403
    assert vera.fill("/keys/take", page="/machines").status_code == 403
    wrong = world.anna.fill("/keys/add", page="/keys", keys="x y", passphrase=PASSPHRASE, again="else")
    assert "PASSPHRASE_WRONG" in wrong.text
    told = world.anna.fill("/keys/add", page="/keys", keys="x y", passphrase=PASSPHRASE, again=PASSPHRASE)
    assert "KEY_MALFORMED" in told.text


def test_an_administrator_changes_the_passphrase(world: World) -> None:
    with_key(world)
    new = {"new": "another one of some length", "again": "another one of some length"}
    change = "/keys/passphrase"
    wrong = plain(world.anna.fill(change, page="/keys", passphrase="wrong", **new))
    assert "The passphrase does not open the console's keys. Type the one that was chosen for them" in wrong
    assert (
        "PASSPHRASE_WRONG" in world.anna.fill(change, page="/keys", passphrase=PASSPHRASE, new="one", again="two").text
    )
    assert world.site.as_("otto").fill(change, page="/keys", passphrase=PASSPHRASE, **new).status_code == 403
    assert "passphrase is changed" in world.anna.fill(change, page="/keys", passphrase=PASSPHRASE, **new).text
    assert act(world.anna, "install-key", key="1", passphrase=PASSPHRASE).status_code == 422
    assert act(world.anna, "install-key", key="1", passphrase=new["new"]).url.path == "/tasks/1"
    world.site.ended(1)

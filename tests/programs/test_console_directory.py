"""A console activates a real OpenLDAP: by a carried bundle, and online at `muster vendor serve`, by command and by page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from muster.console import app as console
from muster.console.cli import app
from muster.console.directory.service.objects import load_schema
from muster.console.web.serving import create_app
from muster.platform.ldap.directory_process import DirectoryProcess
from muster.platform.ldap.port import Local, Password, Server
from muster.vendor import app as vendor
from tests.programs.console_guide import Served, vendor_process
from tests.worlds import samba
from tests.worlds.openldap import ADMINISTRATOR, PASSWORD, SUFFIX, Slapd, slapd
from tests.worlds.samba import Domain
from tests.worlds.vendor_site import PASSWORD as PAGE_PASSWORD
from tests.worlds.vendor_site import Browser, plain
from tests.worlds.vendor_world import PASSPHRASE

pytestmark = pytest.mark.parts

NAME = "Acme Software acme-cad 1"
MACHINES = ("pc-1", "pc-2", "srv-1", "no name of a machine")


async def prepare(server: Slapd) -> None:
    """The schema, and some machines."""
    async with DirectoryProcess().connect(Server(server.local), Local(), 10) as directory:
        await load_schema(directory)
    there = Server(f"ldap://{server.address}", start_tls=True, authority=str(server.authority))
    async with DirectoryProcess().connect(there, Password(ADMINISTRATOR, PASSWORD), 10) as directory:
        for name in MACHINES:
            await directory.add(f"cn={name},{SUFFIX}", {"objectClass": (b"device",)})


@dataclass
class World:
    """A directory, a vendor's service, and a console that knows a product file and a host key."""

    home: Path
    server: Slapd
    served: Served

    def done(self, *words: str, entered: str = "") -> str:
        around = {"MUSTER_HOME": str(self.home), "MUSTER_DIRECTORY_PASSWORD": PASSWORD}
        around |= {"SSL_CERT_FILE": str(self.served.authority)}
        result = CliRunner().invoke(
            app, [*words], env={**around, "MUSTER_PASSPHRASE": PASSPHRASE}, input=entered, catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    def plain(self, *words: str) -> Any:
        there = ["--server", f"ldap://{self.server.address}", "--user", ADMINISTRATOR]
        return json.loads(self.done("directory", *words, *there, "--ca", str(self.server.authority), "--json"))

    def add_key(self) -> str:
        """One more host key; its number in the console."""
        added = self.done("keys", "add", "-", "--json", entered=self.served.acme.host_key().formatted)
        return str(json.loads(added)["keys"][0]["key"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("forest")
    (folder / "slapd").mkdir()
    with slapd(folder / "slapd") as server, vendor_process(folder / "acme") as served:
        asyncio.run(prepare(server))
        world = World(folder / "console", server, served)
        (folder / "acme.muster").write_text(vendor.export_product(served.acme.vendor))
        world.done("products", "add", str(folder / "acme.muster"))
        yield world


def test_a_directory_is_activated_by_a_carried_bundle(world: World, tmp_path: Path) -> None:
    key, bundle, answer = world.add_key(), tmp_path / "request", tmp_path / "confirmation"
    there = ["--server", f"ldap://{world.server.address}", "--user", ADMINISTRATOR, "--ca", str(world.server.authority)]
    world.done("directory", "activate", "--key", key, "--export", str(bundle), *there)
    answer.write_text(vendor.confirm_bundle(world.served.acme.vendor, bundle.read_bytes()).file)
    assert "1 of 1 rows confirmed" in world.done("import", str(answer))
    row = world.plain("activate", "--key", key, "--offline")
    assert row["name"] == NAME
    (found,) = world.plain("list")["objects"]
    assert (found["dn"].lower(), found["verifies"]) == (row["dn"].lower(), True)
    world.done("directory", "delete", row["name"], "--yes", *there)
    assert world.plain("list") == {"objects": []}


def test_a_directory_is_activated_online_by_a_command(world: World) -> None:
    key = world.add_key()
    assert world.plain("activate", "--key", key, "--name", "By command")["name"] == "By command"
    (found,) = world.plain("list")["objects"]
    assert (found["name"], found["verifies"]) == ("By command", True)


def test_a_directory_is_activated_online_and_searched_by_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(world.served.authority))
    key = world.add_key()
    settings = f'[directory]\nplace = "ldap://{world.server.address}"\nauthority = "{world.server.authority}"\n'
    (world.home / "console.toml").write_text(settings)
    work, accounts = console.open_console(world.home), console.open_accounts(world.home)
    accounts.add("setup", "anna", "admin", password=PAGE_PASSWORD)
    keys = console.key_room(world.home)
    with console.workers(world.home) as workers:
        anna = Browser(create_app(work, accounts, workers, keys, console.directory_room(world.home)))
        anna.log_in("anna", PAGE_PASSWORD)
        place = {"place": f"ldap://{world.server.address}", "user": ADMINISTRATOR, "password": PASSWORD}
        assert f'value="{place["place"]}"' in anna.get("/directory").text
        asked = {**place, "key": key, "passphrase": PASSPHRASE, "how": "online", "name": "By page"}
        page = plain(anna.fill("/directory/activate", page="/directory", **asked))
        assert "activated: cn=by page," in page.lower()
        assert "By page verifies Acme Software acme-cad" in page
        sure = {"object": "By page", "typed": "By page", "sure": "yes"}
        assert (
            "removed: cn=by page," in plain(anna.fill("/directory/delete", page="/directory", **place, **sure)).lower()
        )
        found = anna.fill("/find/directory", page="/find", **place, unit=SUFFIX, name="*")
        assert "3 machines found, 3 of them new. 1 entries of the directory" in plain(found)
        assert "2 machines found, 0 of them new." in plain(
            anna.fill("/find/directory", page="/find", **place, name="pc-*")
        )
        local = anna.fill("/directory/look", page="/directory", place="ldapi:///", user="", password="")
        assert "a local socket is a matter of console.toml" in local.text.lower()
        nobody = anna.fill("/directory/look", page="/directory", **{**place, "password": ""})
        assert "is missing" in nobody.text


def test_a_domain_is_activated_by_pages_as_the_console_itself(
    world: World, samba_domain: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keytab, place = tmp_path / "console.keytab", f"ldap://{samba_domain.address}"
    samba_domain.tool("domain", "exportkeytab", str(keytab), "--principal=Administrator")
    monkeypatch.setenv("SSL_CERT_FILE", str(world.served.authority))
    monkeypatch.setenv("KRB5_CONFIG", str(samba_domain.folder / "krb5.conf"))
    key, home = world.add_key(), world.home
    settings = f'[directory]\nplace = "{place}"\nkeytab = "{keytab}"\nprincipal = "{samba.ADMINISTRATOR}"\n'
    (home / "console.toml").write_text(settings)
    work, accounts = console.open_console(home), console.open_accounts(home)
    accounts.add("setup", "kira", "admin", password=PAGE_PASSWORD)
    with console.workers(home) as workers:
        kira = Browser(create_app(work, accounts, workers, console.key_room(home), console.directory_room(home)))
        kira.log_in("kira", PAGE_PASSWORD)
        own = {"place": place, "user": "", "password": "", "base": ""}
        asked = {**own, "key": key, "passphrase": PASSPHRASE, "how": "online", "name": "By tickets"}
        page = plain(kira.fill("/directory/activate", page="/directory", **asked))
        assert "activated: cn=by tickets," in page.lower()
        assert samba.CONFIGURATION.lower() in page.lower()
        assert "By tickets verifies Acme Software acme-cad" in plain(
            kira.fill("/directory/look", page="/directory", **own)
        )
        sure = {"object": "By tickets", "typed": "By tickets", "sure": "yes"}
        gone = plain(kira.fill("/directory/delete", page="/directory", **own, **sure))
        assert "removed: cn=by tickets," in gone.lower()
        elsewhere = kira.fill("/directory/look", page="/directory", **{**own, "user": "nobody@CORP.EXAMPLE"})
        assert "is missing" in elsewhere.text

"""From nothing to machines that their directory activates, by commands alone: a Samba domain, and OpenLDAP."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from muster.base.clock import SystemClock
from muster.vendor.app import block_key, export_product
from tests.programs.host_process import serving
from tests.worlds import dirsrv, openldap, samba
from tests.worlds.command_line import muster
from tests.worlds.host_world import SmallVendor, ask, certified_home
from tests.worlds.name_servers import silent
from tests.worlds.vendor_world import PASSPHRASE, Acme

pytestmark = pytest.mark.parts

COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]
PATIENCE_SECONDS = 60
LOOKING_SECONDS, MARGIN_SECONDS = 10, 10
SERVER_EDITION = "acme-cad-server"
PASSWORD_VARIABLE = "MUSTER_DIRECTORY_PASSWORD"


@dataclass
class Site:
    """An organisation's directory, as its administrator and its machines meet it."""

    folder: Path
    administrator: list[str]
    environment: dict[str, str]
    machines: list[str] = field(default_factory=list)
    base: list[str] = field(default_factory=list)

    def run(self, *arguments: str, home: Path | None = None, entered: str = "") -> subprocess.CompletedProcess[str]:
        around = self.environment | ({"MUSTER_HOME": str(home)} if home is not None else {})
        # Names that only a preloaded library resolves need a process of their own.
        if "LD_PRELOAD" not in around:
            return muster(*arguments, environment=around, typed=entered)
        return subprocess.run(
            [*COMMAND, *arguments],
            env={k: v for k, v in os.environ.items() if not k.startswith("MUSTER_")} | around,
            input=entered,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def directory(self, command: str, *arguments: str, entered: str = "") -> str:
        """What ``muster directory`` printed; it must succeed."""
        done = self.run("directory", command, *arguments, *self.administrator, entered=entered)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def machine(self, name: str, settings: str = "") -> Path:
        """A machine's home, with a generic key of the server edition."""
        home = self.folder / name
        home.mkdir()
        (home / "client.toml").write_text(settings)
        installed = self.run(
            "client", "install", str(self.folder / "acme.muster"), "--edition", SERVER_EDITION, home=home
        )
        assert installed.returncode == 0, installed.stderr
        return home

    def activate(self, home: Path) -> dict[str, Any]:
        """Try once; the object of status."""
        found: dict[str, Any] = json.loads(self.run("client", "activate", "--json", home=home).stdout)
        return found

    def list(self) -> list[dict[str, Any]]:
        product = str(self.folder / "acme.muster")
        rows: list[dict[str, Any]] = json.loads(self.directory("list", "--product", product, "--json", *self.base))[
            "objects"
        ]
        return rows


@pytest.fixture
def vendor() -> SmallVendor:
    return SmallVendor()


@pytest.fixture
def domain_site(samba_domain: samba.Domain, tmp_path: Path, vendor: SmallVendor) -> Iterator[Site]:
    (tmp_path / "acme.muster").write_bytes(vendor.product_file())
    who = ["--domain", samba.ZONE, "--user", samba.ADMINISTRATOR, "--ca", str(samba_domain.authority)]
    site = Site(tmp_path, who, {**samba_domain.environment, PASSWORD_VARIABLE: samba.PASSWORD})
    yield site
    for row in site.list():
        site.directory("delete", row["dn"], "--yes")


def object_of(site: Site, vendor: SmallVendor, name: str, *options: str) -> dict[str, Any]:
    """Activate the directory: the key makes an id, the vendor confirms it, the directory holds the object."""
    product = ("--product", str(site.folder / "acme.muster"))
    digits = site.directory("installation-id", *product, "--key", "-", *site.base, entered=vendor.key().formatted)
    done = site.directory(
        "activate", vendor.confirm_directory(digits), *product, "--name", name, "--json", *site.base, *options
    )
    found: dict[str, Any] = json.loads(done)
    return found


def test_a_domain_from_nothing_to_a_machine_that_leaves(
    domain_site: Site, samba_domain: samba.Domain, vendor: SmallVendor
) -> None:
    site = domain_site
    object_of(site, vendor, "Acme CAD for Example Bank")
    assert [(row["name"], row["verifies"]) for row in site.list()] == [("Acme CAD for Example Bank", True)]
    members = [samba_domain.joined(name, site.folder / f"samba-{name}") for name in ("ws1", "ws2")]
    homes = [site.machine(m.name, f'[directory]\nsamba = "{m.smb_conf}"\n') for m in members]
    for home in homes:
        told = site.activate(home)
        assert (told["state"], told["method"]) == ("LICENSED", "directory"), told
    # A third machine is in no domain: the host activates it.
    certified_home(site.folder / "host", vendor)
    outside = site.machine("outside", f'[directory]\nsamba = "{site.folder}/none"\n')
    with serving(site.folder / "host") as host:
        for number in range(1, 5):
            asyncio.run(ask(host.address, vendor, number))
        assert site.run("client", "set-host", host.address, home=outside).returncode == 0
        told = site.activate(outside)
        assert (told["state"], told["method"]) == ("LICENSED", "host"), told
    site.directory("delete", "Acme CAD for Example Bank", "--yes")
    told = site.activate(homes[0])
    assert (told["state"], told["method"]) == ("LICENSED", "directory"), told
    samba_domain.leave(members[1])
    told = site.activate(homes[1])
    assert told["state"] == "RENEWAL_GRACE", told
    license_ = json.loads(site.run("client", "license", "--json", home=homes[1]).stdout)
    assert license_["reason"] == "NO_DOMAIN"


def test_only_members_of_the_group_are_activated(
    domain_site: Site, samba_domain: samba.Domain, vendor: SmallVendor
) -> None:
    site = domain_site
    inside, outside = samba_domain.computer("cad1"), samba_domain.computer("office1")
    samba_domain.group("CAD machines", inside.principal)
    object_of(site, vendor, "For some", "--only-group", "CAD machines")
    told = {}
    for member in (inside, outside):
        # Whoever is asked for a ticket anew shows the group in it.
        who = f'principal = "{member.principal}@{samba.REALM}"\nkeytab = "{member.keytab}"\n'
        told[member.name] = site.activate(site.machine(member.name, f'[directory]\ndomain = "{samba.ZONE}"\n{who}'))
    assert (told["CAD1"]["state"], told["OFFICE1"]["state"]) == ("LICENSED", "INITIAL_GRACE")


def test_openldap_from_nothing_to_a_machine_that_leaves(tmp_path: Path, vendor: SmallVendor) -> None:
    (tmp_path / "acme.muster").write_bytes(vendor.product_file())
    (tmp_path / "slapd").mkdir()
    with openldap.slapd(tmp_path / "slapd") as server:
        url = f"ldap://{server.address}"
        who = ["--server", url, "--user", openldap.ADMINISTRATOR, "--ca", str(server.authority)]
        site = Site(tmp_path, who, {PASSWORD_VARIABLE: openldap.PASSWORD}, base=["--base", openldap.SUFFIX])
        loaded = site.run("directory", "schema", "--apply", "--server", server.local)
        assert loaded.stdout.strip() == "the schema is loaded", loaded.stderr
        object_of(site, vendor, "Acme CAD")
        object_of(site, vendor, "Größe, +2")
        assert [(row["name"], row["verifies"]) for row in site.list()] == [("Acme CAD", True), ("Größe, +2", True)]
        (tmp_path / "password").write_text(openldap.PASSWORD)
        settings = (
            f'[directory]\nservers = ["{url}"]\nbase = "{openldap.SUFFIX}"\nca = "{server.authority}"\n'
            f'user = "{openldap.MACHINE}"\npassword_file = "{tmp_path}/password"\n'
        )
        homes = [site.machine(name, settings) for name in ("ws1", "ws2")]
        for home in homes:
            told = site.activate(home)
            assert (told["state"], told["method"]) == ("LICENSED", "directory"), told
        with ExitStack() as dead:
            urls = [f"ldap://{dead.enter_context(silent())}" for _ in range(9)]
            before = SystemClock().monotonic()
            told = site.activate(site.machine("ws3", settings.replace(f'["{url}"]', json.dumps([*urls, url]))))
            took = SystemClock().monotonic() - before
            assert (told["method"], took < LOOKING_SECONDS + MARGIN_SECONDS) == ("directory", True), (told, took)
        for row in site.list():
            site.directory("delete", row["name"], "--yes", *site.base)
        assert site.activate(homes[0])["state"] == "LICENSED"
        server.stop()
        assert site.activate(homes[0])["state"] == "LICENSED"
        (homes[1] / "client.toml").write_text("")
        assert site.activate(homes[1])["state"] == "RENEWAL_GRACE"


def test_389_from_nothing_to_a_machine_and_to_a_group(tmp_path: Path, vendor: SmallVendor) -> None:
    (tmp_path / "acme.muster").write_bytes(vendor.product_file())
    (tmp_path / "dirsrv").mkdir()
    with dirsrv.dirsrv(tmp_path / "dirsrv") as server:
        url = f"ldap://{server.address}"
        who = ["--server", url, "--user", dirsrv.ADMINISTRATOR, "--ca", str(server.authority)]
        site = Site(tmp_path, who, {PASSWORD_VARIABLE: openldap.PASSWORD}, base=["--base", openldap.SUFFIX])
        dirsrv.load(server, site.run("directory", "schema", "--form", "389").stdout, "ldapmodify")
        object_of(site, vendor, "Größe, +2")
        assert [(row["name"], row["verifies"]) for row in site.list()] == [("Größe, +2", True)]
        (tmp_path / "password").write_text(openldap.PASSWORD)
        settings = (
            f'[directory]\nservers = ["{url}"]\nbase = "{openldap.SUFFIX}"\nca = "{server.authority}"\n'
            f'user = "{openldap.MACHINE}"\npassword_file = "{tmp_path}/password"\n'
        )
        told = site.activate(site.machine("ws1", settings))
        assert (told["state"], told["method"]) == ("LICENSED", "directory"), told
        site.directory("delete", "Größe, +2", "--yes", *site.base)
        assert site.list() == []
        group = f"cn=CAD machines,{openldap.SUFFIX}"
        dirsrv.load(server, f"dn: {group}\nobjectClass: groupOfNames\ncn: CAD machines\nmember: {openldap.MACHINE}\n")
        object_of(site, vendor, "For some", "--only-group", group)
        inside = site.activate(site.machine("ws2", settings))
        outside = site.activate(site.machine("ws3", settings.replace(openldap.MACHINE, openldap.OUTSIDER)))
        assert (inside["state"], outside["state"]) == ("LICENSED", "INITIAL_GRACE"), outside
        nowhere = f"cn=none,{openldap.SUFFIX}"
        with pytest.raises(AssertionError, match="is no group"):
            object_of(site, vendor, "For nobody", "--only-group", nowhere)
        assert [row["name"] for row in site.list()] == ["For some"]


@contextmanager
def vendor_serving(home: Path) -> Iterator[str]:
    """``muster vendor serve`` of this home as a process; its URL."""
    around = {k: v for k, v in os.environ.items() if not k.startswith("MUSTER_")}
    process = subprocess.Popen(
        [*COMMAND, "vendor", "serve", "--listen", "127.0.0.1:0"],
        env={**around, "MUSTER_HOME": str(home), "MUSTER_PASSPHRASE": PASSPHRASE},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process.stdout.readline().strip().removeprefix("listening on ")
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def test_with_a_host_key_alone_the_vendors_own_service_activates_a_directory(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "vendor")
    key, blocked = acme.host_key(), acme.host_key()
    block_key(acme.vendor, blocked.formatted, blocked=True)
    (tmp_path / "acme.muster").write_text(export_product(acme.vendor))
    acme.close()
    (tmp_path / "slapd").mkdir()
    with openldap.slapd(tmp_path / "slapd") as server, ExitStack() as running:
        url = running.enter_context(vendor_serving(tmp_path / "vendor"))
        place = f"ldap://{server.address}"
        who = ["--server", place, "--user", openldap.ADMINISTRATOR, "--ca", str(server.authority)]
        site = Site(tmp_path, who, {PASSWORD_VARIABLE: openldap.PASSWORD}, base=["--base", openldap.SUFFIX])
        assert site.run("directory", "schema", "--apply", "--server", server.local).returncode == 0
        online = ("activate", "--product", str(tmp_path / "acme.muster"), "--key", "-", "--service", url, *site.base)
        refused = site.run("directory", *online, *who, entered=blocked.formatted)
        assert (refused.returncode, "KEY_BLOCKED" in refused.stderr) == (1, True), refused.stderr
        assert site.list() == []
        found = json.loads(site.directory(*online, "--name", "Acme CAD", "--json", entered=key.formatted))
        assert [(row["dn"].lower(), row["verifies"]) for row in site.list()] == [(found["dn"].lower(), True)]
        (tmp_path / "password").write_text(openldap.PASSWORD)
        settings = (
            f'[directory]\nservers = ["{place}"]\nbase = "{openldap.SUFFIX}"\nca = "{server.authority}"\n'
            f'user = "{openldap.MACHINE}"\npassword_file = "{tmp_path}/password"\n'
        )
        told = site.activate(site.machine("ws1", settings))
        assert (told["state"], told["method"]) == ("LICENSED", "directory"), told
        running.close()
        gone = site.run("directory", *online, *who, entered=key.formatted)
        assert (gone.returncode, "SERVICE_UNREACHABLE" in gone.stderr) == (3, True), gone.stderr


def test_a_host_publishes_itself_in_the_domain_by_its_account(domain_site: Site, samba_domain: samba.Domain) -> None:
    account, home = samba_domain.computer("kms9"), domain_site.folder / "kms9"
    # A name of its own: in this domain whoever writes one first owns it.
    label = "_acme._tcp"
    certified_home(home, SmallVendor(srv=label))
    (home / "host.toml").write_text(
        f'listen = ["127.0.0.1:1688"]\n[dns]\ngss = true\nkeytab = "{account.keytab}"\n'
        f'target = "kms9.{samba.ZONE}"\naddresses = ["192.0.2.9"]\nzones = [{{ zone = "{samba.ZONE}" }}]\n'
    )
    published = domain_site.run("host", "publish", home=home)
    assert published.returncode == 0, published.stderr
    assert f"0 0 1688 kms9.{samba.ZONE}." in samba_domain.records(f"{label}.{samba.ZONE}", "SRV")
    assert domain_site.run("host", "retire", home=home).returncode == 0
    assert samba_domain.records(f"{label}.{samba.ZONE}", "SRV") == []

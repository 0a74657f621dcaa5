"""Pages for whoever runs a host, followed: what it saw, DNS, moving it, several, its doors and settings, images, trouble."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import psycopg
import pytest

from tests.docs.conftest import Reading
from tests.docs.reader import Reader
from tests.worlds.host_world import SmallVendor, certified_home
from tests.worlds.name_servers import SECRET, World, bind
from tests.worlds.postgresql import Postgresql

ZONE, NAME = "corp.example", "kms1.corp.example"
RECORD = f"_muster._tcp.{ZONE}"
GRANTS = f"grant {NAME} name {RECORD}. SRV; grant {NAME} name {NAME}. A AAAA;"


def published(server: str) -> str:
    """The settings of a host that publishes itself at this name server."""
    return (
        f'[dns]\ntarget = "{NAME}"\naddresses = ["192.0.2.7"]\nzones = [{{ zone = "{ZONE}" }}]\n'
        f'tsig_key_file = "kms1.key"\nserver = "{server}"\n'
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Of a host with a certificate, that listens on a free port of loopback."""
    certified_home(tmp_path / "host")
    (tmp_path / "host" / "host.toml").write_text('listen = ["127.0.0.1:0"]\n[dns]\npublish = false\n')
    return tmp_path / "host"


def machine(reader: Reader, home: Path) -> None:
    """A machine with a product file of the same vendor."""
    (reader.folder / "acme.muster").write_bytes(SmallVendor().product_file())
    reader.run("muster client install acme.muster --edition acme-cad-pro", home=home)


def test_a_host_tells_what_it_saw_and_is_backed_up(reading: Reading, home: Path, tmp_path: Path) -> None:
    with reading("docs/operate/host.md") as reader:
        reader.around["MUSTER_HOME"] = str(home)
        reader.follow("muster host machines")
        reader.each("muster host backup", home, tmp_path / "new")
        reader.run("muster host status --no-look-up --check", home=tmp_path / "new")


@pytest.mark.parts
def test_a_host_moves_and_a_lost_ones_record_is_removed(reading: Reading, home: Path, tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    new = tmp_path / "new"
    new.mkdir()
    with (
        bind(tmp_path / "names", World(zones=(ZONE,), keys={NAME: SECRET, "updater": SECRET}, policy=GRANTS)) as server,
        reading("docs/operate/moving-hosts.md") as reader,
    ):
        key = server.key_file(NAME).read_text(encoding="utf-8")
        for place in (home, new, reader.folder):
            (place / "kms1.key").write_text(key)
            (place / "kms1.key").chmod(0o600)
        settings = published(server.address)
        (home / "host.toml").write_text(settings)
        (new / "host.toml").write_text(f'listen = ["127.0.0.1:0"]\n{settings}publish = false\n')
        backup, restore, serve = reader.take("muster host backup").splitlines()
        reader.run(backup, home=home)
        reader.run(restore, home=new)
        reader.run("muster host publish", home=home)
        assert server.records(RECORD, "SRV") == [f"0 0 1688 {NAME}."]
        reader.follow("muster host retire", home=home)
        assert server.records(RECORD, "SRV") == []
        with reader.serving(serve, home=new):
            reader.run("muster host status --no-look-up", home=new)
        # As if it had been published by a host on the usual port that is lost.
        reader.run("muster host publish", home=home)
        assert server.records(RECORD, "SRV") != []
        command, *typed = reader.take("nsupdate").splitlines()
        address, _, port = server.address.rpartition(":")
        reader.run(command, typed="\n".join([f"server {address} {port}", *typed, ""]))
        assert server.records(RECORD, "SRV") == []


@pytest.mark.parts
def test_a_key_is_made_for_the_name_server_and_the_host_taken_out(reading: Reading, home: Path, tmp_path: Path) -> None:
    made = tmp_path / "kms1.key"
    (tmp_path / "names").mkdir()
    with reading("docs/operate/dns.md", {"/etc/bind/kms1.key": str(made)}) as reader:
        reader.follow("tsig-keygen")
        (secret,) = re.findall(r'secret "(.+)"', made.read_text(encoding="utf-8"))
        world = World(zones=(ZONE,), keys={NAME: secret, "updater": SECRET}, policy=GRANTS)
        with bind(tmp_path / "names", world) as server:
            (home / "kms1.key").write_bytes(made.read_bytes())
            (home / "kms1.key").chmod(0o600)
            (home / "host.toml").write_text(published(server.address))
            reader.run("muster host publish", home=home)
            ask = "dig @{} -p {}".format(*server.address.split(":"))
            assert reader.run(f"{ask} +short SRV {RECORD}") == f"0 0 1688 {NAME}.\n"
            reader.follow("muster host retire", home=home)
            reader.names["dig"] = ask
            assert reader.follow("dig") == ""


@pytest.mark.parts
def test_two_hosts_share_a_count_in_a_database(
    reading: Reading, home: Path, tmp_path: Path, postgresql_server: Postgresql
) -> None:
    own = {"ROLE muster": "ROLE several", "DATABASE muster OWNER muster": "DATABASE several OWNER several"}
    with reading("docs/operate/several-hosts.md", own) as reader:
        with psycopg.connect(postgresql_server.address("postgres"), autocommit=True) as connection:
            for statement in reader.take("CREATE ROLE").splitlines():
                connection.execute(statement.encode())
        address = postgresql_server.address("several").replace("muster@", "several@")
        reader.names["postgresql://muster@db.corp.example/muster?sslmode=verify-full"] = address
        store, dns = reader.take("store"), reader.take("[dns]")
        certified_home(tmp_path / "other")
        for place in (home, tmp_path / "other"):
            (place / "host.toml").write_text(
                f'listen = ["127.0.0.1:0"]\n{store}{dns}publish = false\ntarget = "{NAME}"\n'
            )
        with (
            reader.serving("muster host serve", home=home) as one,
            reader.serving("muster host serve", home=tmp_path / "other") as two,
        ):
            for number, address in enumerate((one, two)):
                machine(reader, tmp_path / f"machine-{number}")
                words = f"muster client set-host {address}\nmuster client activate"
                said = reader.run(words, home=tmp_path / f"machine-{number}", code=1)
                assert f"{number + 1} of 25 machines" in said


def test_the_doors_of_a_host_are_set_and_tried(reading: Reading, home: Path, tmp_path: Path) -> None:
    with reading("docs/operate/firewalls.md") as reader:
        reader.around["MUSTER_HOME"] = str(home)
        settings = home / "host.toml"
        settings.write_text(reader.take("allow") + settings.read_text())
        assert "198.51.100.0/24" in reader.run("muster host config check")
        machine(reader, tmp_path / "machine")
        with reader.serving("muster host serve", home=home) as address:
            reader.run(f"muster client set-host {address}", home=tmp_path / "machine")
            said = reader.each("muster client diagnose", tmp_path / "machine", home, codes=(1, 0))
        # The one thing that is left to say, behind a way that is open.
        assert "verdict: 1 of 25 machines" in said[0]


def test_settings_are_written_and_checked(reading: Reading, home: Path) -> None:
    with reading("docs/operate/settings.md", {"/var/lib/muster/host": str(home)}) as reader:
        reader.around["MUSTER_HOME"] = str(home)
        reader.follow("muster host config example")
        assert "no mistakes" in reader.follow("muster host config check")


def test_an_image_is_prepared_and_copies_are_found(reading: Reading, home: Path, tmp_path: Path) -> None:
    image, copy, console = tmp_path / "machine", tmp_path / "copy", tmp_path / "console"
    with reading("docs/operate/images.md") as reader:
        machine(reader, image)
        before = client_id(reader, image)
        rearm = reader.take("muster client rearm")
        assert "rearmed" in reader.run(rearm, home=image)
        assert client_id(reader, image) != before
        shutil.copytree(image, copy)
        with reader.serving("muster host serve", home=home) as address:
            for one in (image, copy):
                reader.run(f"muster client set-host {address}\nmuster client activate", home=one, code=1)
            said = reader.each("muster console report duplicates", console, home)
            assert "0 lines" in said[0], "the console has heard of nobody yet"
            assert "1 in all" in said[1], "two that share an id are one machine"
            reader.run(f"{rearm}muster client activate", home=copy, code=1)
            assert "2 in all" in reader.run("muster host machines", home=home)
            (image / "client.toml").write_text(reader.take("ephemeral"))
            reader.run("muster client activate", home=image, code=1)
            rows = csv.DictReader(reader.run("muster host machines --csv", home=home).splitlines())
            assert sorted(row["ephemeral"] for row in rows) == ["False", "True"], "the inventory shows it"


def client_id(reader: Reader, home: Path) -> str:
    (edition,) = json.loads(reader.run("muster client status --json", home=home))["editions"]
    return str(edition["client_id"])


def test_trouble_begins_with_three_commands(reading: Reading, home: Path, tmp_path: Path) -> None:
    with reading("docs/operate/troubleshooting.md") as reader:
        machine(reader, tmp_path / "machine")
        with reader.serving("muster host serve", home=home) as address:
            reader.run(f"muster client set-host {address}", home=tmp_path / "machine")
            places = (tmp_path / "machine", home, tmp_path / "machine")
            steps, host, happened = reader.each("muster client diagnose", *places, codes=(1, 0, 0))
        assert "verdict: 1 of 25 machines have asked the activation host [COUNT_BELOW_THRESHOLD]" in steps
        assert "acme-cad: 1 " in host
        assert "product.installed" in happened


def test_watching_is_four_commands(reading: Reading, home: Path, vendor_home: Path, tmp_path: Path) -> None:
    with reading("docs/operate/monitoring.md") as reader:
        (home / "host.toml").write_text('listen = ["127.0.0.1:0"]\n' + reader.take("metrics").replace("9688", "0"))
        machine(reader, tmp_path / "machine")
        # The machine is not activated yet, and that is what the second command is there to tell.
        places = (home, tmp_path / "machine", vendor_home, tmp_path / "console")
        reader.each("muster host status --check", *places, codes=(0, 1, 0, 0))


def test_an_organisation_is_simulated(reading: Reading) -> None:
    # Fewer days of fewer machines are drawn as well.
    with reading("docs/operate/simulate.md", {"--machines 300 --days 90": "--machines 40 --days 20"}) as reader:
        reader.follow("muster simulate")
        for name in ("plan.html", "plan.png"):
            assert (reader.folder / name).stat().st_size > 1000
        # The year of five hundred machines takes ten seconds, a quarter of thirty none.
        office = reader.take('name = "An office"')
        (reader.folder / "office.toml").write_text(
            office.replace("days = 365", "days = 90").replace("count = 500", "count = 30")
        )
        assert "0 differed" in reader.run("muster simulate office.toml")

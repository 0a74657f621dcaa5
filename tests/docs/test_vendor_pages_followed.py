"""Pages for vendors, followed: keys, products, the end of a product, the record, the API, the program that asks."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from muster.vendor import app as vendor
from tests.docs.conftest import Reading
from tests.docs.reader import KEY, Reader
from tests.worlds.effort import LIGHT
from tests.worlds.name_servers import LOOPBACK
from tests.worlds.postgresql import USER, Postgresql
from tests.worlds.vendor_world import PASSPHRASE

CUSTOMER = 'muster vendor organisation add "Globex Corporation"'
SELL = 'muster vendor key issue --scope acme-cad-pro --kind mak --organisation "Globex Corporation"'
SELL_HOST = 'muster vendor key issue --scope acme-cad --kind host --organisation "Globex Corporation"'


def install(reader: Reader, vendor: Path, home: Path) -> None:
    """A machine with the product file of this vendor and an edition's generic key."""
    reader.run("muster vendor product export --out acme.muster", home=vendor)
    reader.run("muster client install acme.muster --edition acme-cad-pro", home=home)


def host(reader: Reader, vendor: Path, home: Path, key: str) -> None:
    """A host with a certificate, by digits."""
    reader.run("muster vendor product export --out acme.muster", home=vendor)
    said = reader.run("muster host setup --product acme.muster --key -", home=home, typed=f"{key}\n")
    (digits,) = re.findall(r"(?:\d{7}-){17}\d{7}", said)
    told = reader.run(f"muster vendor confirm {digits}", home=vendor)
    (confirmation,) = re.findall(r"\d+(?:-\d+){5,}", told)
    reader.run(f"muster host confirm {confirmation}", home=home)


def test_keys_are_issued_confirmed_by_telephone_and_counted_by_reports(
    reading: Reading, vendor_home: Path, tmp_path: Path
) -> None:
    with reading("docs/vendor/keys.md") as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        for_host, mak = KEY.findall(reader.follow("muster vendor organisation add"))
        install(reader, vendor_home, tmp_path / "machine")
        reader.run("muster client install-key -", home=tmp_path / "machine", typed=f"{mak}\n")
        said = reader.run("muster client installation-id", home=tmp_path / "machine")
        (digits,) = re.findall(r"(?:\d{7}-){9}\d{7}", said)
        reader.names["1234567-…"] = digits
        assert re.search(r"\d{7}", reader.follow("muster vendor confirm"))
        host(reader, vendor_home, tmp_path / "host", for_host)
        reader.each("muster host report --out globex.report", tmp_path / "host", vendor_home)


def test_a_definition_is_imported_and_priced_by_level_and_maintenance(reading: Reading, vendor_home: Path) -> None:
    with reading("docs/vendor/products.md") as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        reader.run(CUSTOMER)
        definition = reader.folder / "product.toml"
        definition.write_bytes((vendor_home / "product.toml").read_bytes())
        command = reader.take("muster vendor product import")
        reader.run(command)
        shown = reader.take("[vendor]")
        definition.write_text(shown)
        assert "acme-cad-light" in reader.run(command)
        assert KEY.search(reader.follow("muster vendor key issue"))
        assert KEY.search(reader.follow("muster vendor key issue"))
        definition.write_text(shown + reader.take("[policy]"))
        reader.run(command)


def test_the_last_product_file_is_signed_and_taken(reading: Reading, vendor_home: Path, tmp_path: Path) -> None:
    with reading("docs/vendor/sunset.md") as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        definition = (vendor_home / "product.toml").read_text(encoding="utf-8")
        without = re.sub(r"^\[policy\].*?(?=^\[\[)", "", definition, flags=re.MULTILINE | re.DOTALL)
        (reader.folder / "product.toml").write_text(without + reader.take("[policy]"))
        reader.follow("muster vendor keyset rotate")
        home = tmp_path / "machine"
        reader.run("muster client install acme-last.muster --edition acme-cad-pro", home=home)
        told = json.loads(reader.run("muster client status --json", home=home))
        assert "2126" in json.dumps(told), told


def test_a_vendor_begins_and_two_of_three_root_keys_sign_elsewhere(reading: Reading, tmp_path: Path) -> None:
    with reading("docs/operate/vendor.md", {"/var/lib/muster/vendor": str(tmp_path / "vendor")}) as reader:
        reader.around["MUSTER_HOME"] = str(tmp_path / "vendor")
        assert KEY.search(reader.follow("muster vendor init"))
        # The page signs with two of three from here on.
        reader.around["MUSTER_HOME"] = str(tmp_path / "three")
        vendor.create(
            tmp_path / "three", "Acme Software", PASSPHRASE, roots=3, threshold=2, environment={}, effort=LIGHT
        )
        propose, sign, publish = reader.take("muster vendor keyset propose").splitlines()
        reader.run(f"mv {tmp_path}/three/roots/*.box .\n{propose}\n{sign}")
        reader.run(sign.replace("root-1", "root-2").replace("one.json", "two.json"))
        assert "keyset 2" in reader.run(publish)


@pytest.mark.usefixtures("curl")
def test_accounts_are_added_blocked_and_removed(reading: Reading, vendor_home: Path) -> None:
    with reading("docs/operate/vendor-pages.md") as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        assert "otto" in reader.follow("muster vendor account add anna", typed="vier Pferde im Regen\n")
        # No provider is asked before somebody logs in: what can be tried is that a service starts with these settings.
        settings = reader.take("[openid]").replace("/etc/muster", str(vendor_home))
        (vendor_home / "vendor.toml").write_text(settings)
        (vendor_home / "openid-secret").write_text("a secret of the provider\n")
        (vendor_home / "openid-secret").chmod(0o600)
        with reader.serving("muster vendor serve --listen 127.0.0.1:0") as url:
            assert "Acme&#39;s directory" in reader.run(f"curl --silent --fail {url}/login")


@pytest.mark.parts
def test_the_record_is_verified_a_person_forgotten_and_a_copy_taken_back(
    reading: Reading, vendor_home: Path, tmp_path: Path, postgresql_server: Postgresql
) -> None:
    names = {"/backup": str(tmp_path), "/var/lib/muster/vendor": str(tmp_path / "other")}
    names |= {"muster@db/acme": f"{USER}@{LOOPBACK}:{postgresql_server.port}/acme"}
    with reading("docs/operate/vendor-record.md", names) as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        reader.run(f"{CUSTOMER}\n{SELL}\nmuster vendor account add ada --role operator")
        (reader.names["HEX"],) = re.findall(r"[0-9a-f]{64}", reader.run("muster vendor show"))
        reader.follow("muster vendor audit verify")
        reader.run('muster vendor key extend 1 --activations 5 --reason "a word"')
        rows = json.loads(reader.run("muster vendor audit --json"))
        reader.names["4711"] = str(max(row["id"] for row in rows["audit"]))
        reader.follow("muster vendor audit erase")
        reader.follow("muster vendor backup")
        reader.follow("muster vendor restore")
        reader.run("muster vendor audit verify")
        server = {"PGHOST": LOOPBACK, "PGPORT": str(postgresql_server.port), "PGUSER": USER}
        reader.around |= server | {"URL": postgresql_server.address("acme")}
        reader.follow("createdb acme")
        reader.follow("muster vendor audit verify")


def test_a_vendor_is_copied_and_the_copy_tried(reading: Reading, vendor_home: Path, tmp_path: Path) -> None:
    names = {"/tmp/": "/"} | {f"/{name}": str(tmp_path / name) for name in ("backup", "elsewhere", "trial")}  # noqa: S108
    for name in ("backup", "elsewhere"):
        (tmp_path / name).mkdir()
    with reading("docs/operate/backup.md", names) as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        reader.follow("muster vendor audit export")
        reader.follow("export MUSTER_VENDOR_DATABASE")
        reader.run(CUSTOMER)
        key = KEY.findall(reader.run(SELL_HOST))[0]
        host(reader, vendor_home, tmp_path / "host", key)
        reader.each("muster host backup", tmp_path / "host", tmp_path / "again")
        reader.run("muster host status --no-look-up --check", home=tmp_path / "again")


@pytest.mark.usefixtures("curl")
def test_a_program_asks_and_sells_through_the_api(reading: Reading, vendor_home: Path) -> None:
    with reading("docs/operate/admin-api.md") as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        reader.run(f"{CUSTOMER}\n{SELL}\nmuster vendor account add anna --role admin")
        token = reader.run("muster vendor account token issue ci --account anna --scope read --scope keys")
        with reader.serving("muster vendor serve --listen 127.0.0.1:0") as url:
            reader.names["https://activate.acme.example"] = url
            reader.run(f"export TOKEN={token.split()[-1]}")
            said = reader.follow("curl")
        assert '"rows":[]' in said.replace(" ", "")
        assert len(KEY.findall(said)) == 10


def test_a_program_asks_for_its_licence(reading: Reading, vendor_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "machine"
    with reading("docs/develop/embedding.md") as reader:
        install(reader, vendor_home, home)
        (fingerprint,) = re.findall(r"[0-9a-f]{64}", reader.run("muster vendor show", home=vendor_home))
        reader.names['vendor="239aed61…"'] = f'vendor="{fingerprint}", home={str(home)!r}'
        program = reader.take("from muster.license import")
        (reader.folder / "ask.py").write_text(f"run = explain = print\n{program}")
        assert "render" in reader.run(f"{sys.executable} ask.py")


def test_keys_are_looked_at_rotated_and_signed_elsewhere(reading: Reading, vendor_home: Path, tmp_path: Path) -> None:
    with reading("docs/vendor/rotate-keys.md") as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        assert "keyset 1" in reader.follow("muster vendor keyset show")
        assert "keyset 2" in reader.follow("muster vendor keyset rotate")
        reader.around["MUSTER_HOME"] = str(tmp_path / "three")
        reader.follow("muster vendor init")
        propose, sign, publish = reader.take("muster vendor keyset propose --rotate host").splitlines()
        reader.run(f"mv {tmp_path}/three/roots/*.box .\n{propose}\n{sign}")
        reader.run(sign.replace("root-1", "root-2").replace("one.json", "two.json"))
        assert "keyset 2" in reader.run(publish)


@pytest.mark.usefixtures("curl")
def test_a_vendor_comes_back_from_its_copy(reading: Reading, vendor_home: Path, tmp_path: Path) -> None:
    names = {"/var/lib/muster/vendor": str(tmp_path / "new"), "/backup": str(tmp_path), "/elsewhere": str(tmp_path)}
    with reading("docs/vendor/disaster.md", names) as reader:
        seal = f"muster vendor audit export --out {tmp_path}/audit.bin --seal {tmp_path}/seal.txt"
        reader.run(f"{seal}\nmuster vendor backup {tmp_path}/acme.zip", home=vendor_home)
        *commands, serve = reader.take("muster vendor --home").splitlines()
        assert "keyset 1" in reader.run("\n".join(commands), home=tmp_path / "new")
        with reader.serving(f"{serve} --listen 127.0.0.1:0", home=tmp_path / "new") as url:
            reader.run(f"curl --silent --fail {url}/ready")

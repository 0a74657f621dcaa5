"""docs/operate/client.md, followed: a machine that a host activates; its fleet file and settings."""

from __future__ import annotations

from pathlib import Path

from tests.docs.conftest import Reading
from tests.docs.reader import KEY
from tests.docs.test_vendor_pages_followed import host

PAGE = "docs/operate/client.md"
SELL = """muster vendor organisation add "Globex Corporation"
muster vendor key issue --kind host --scope acme-cad --organisation "Globex Corporation"
"""


def test_a_machine_is_activated_and_a_fleet_file_says_what_it_is_to_be(
    reading: Reading, vendor_home: Path, tmp_path: Path
) -> None:
    home, host_home = tmp_path / "machine", tmp_path / "host"
    for folder in (home, host_home):
        folder.mkdir()
    (host_home / "host.toml").write_text('listen = ["127.0.0.1:0"]\n[dns]\npublish = false\n')
    with reading(PAGE) as reader:
        reader.around["MUSTER_HOME"] = str(vendor_home)
        (for_host,) = KEY.findall(reader.run(SELL))
        # One machine is enough for this host to activate it.
        definition = (vendor_home / "product.toml").read_text(encoding="utf-8")
        (reader.folder / "product.toml").write_text(definition.replace('class = "client"', "threshold = 1"))
        reader.run("muster vendor product import product.toml")
        host(reader, vendor_home, host_home, for_host)
        with reader.serving("muster host serve", home=host_home) as address:
            (home / "client.toml").write_text(f'hosts = ["{address}"]\n')
            reader.around["MUSTER_HOME"] = str(home)
            assert "LICENSED" in reader.follow("muster client install acme.muster")
        fleet = reader.take("# FLEET.toml")
        (reader.folder / "FLEET.toml").write_text(fleet)
        reader.run("muster client apply FLEET.toml --check", code=1)
        reader.run("muster client apply FLEET.toml\nmuster client apply FLEET.toml --check")
        (home / "client.toml").write_text(reader.take("hosts"))
        reader.run("muster client status")

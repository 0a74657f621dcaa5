"""The console's three scenarios in docs/operate, followed as they stand: real SSH servers, a real service of a vendor, a host."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.vendor import app as vendor
from muster.wire.bundle import decode_request_bundle
from tests.programs.console_guide import SERVER, Served, commands, desk, vendor_process
from tests.programs.host_process import serving
from tests.worlds.host_world import ask, certified_home
from tests.worlds.ssh_machines import SSHD

pytestmark = pytest.mark.skipif(not Path(SSHD).exists(), reason="no sshd here")
PRO = "acme-cad-pro"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with vendor_process(tmp_path_factory.mktemp("vendor") / "acme") as served:
        yield served


def used(served: Served, key: object) -> int:
    return served.acme.row(key).used  # type: ignore[arg-type]


def test_a_room_is_activated_online(served: Served, tmp_path: Path) -> None:
    key = served.acme.mak(activations=3)
    product = vendor.export_product(served.acme.vendor)
    with desk(tmp_path / "desk", key) as here:
        here.around = {"SSL_CERT_FILE": str(served.authority)}
        (here.folder / "acme.muster").write_text(product)
        here.add_machine("pc-1", product, PRO)
        here.add_machine("pc-2", product, PRO)
        (steps,) = commands("console-online.md")
        said = {words[2]: here.done(words) for words in steps}
        assert "2 of 3 left" in here.done(["muster", "console", "keys", "list"])
    assert "2 of 2 machines activated" in said["proxy"]
    assert said["machines"].count("LICENSED") == 2
    # Both machines are this very hardware, so the second took nothing.
    assert used(served, key) == 1


def test_an_isolated_laboratory_is_activated_and_a_machine_installed_anew(served: Served, tmp_path: Path) -> None:
    key = served.acme.mak(activations=3)
    product = vendor.export_product(served.acme.vendor)
    with desk(tmp_path / "desk", key) as here:
        (here.folder / "acme.muster").write_text(product)
        here.add_machine("pc-1", product, PRO)
        inside, outside, back, anew = commands("console-isolated.md")
        for words in inside:
            here.done(words)
        carried = here.folder / "lab.request"
        (row,) = decode_request_bundle(carried.read_bytes()).rows
        assert (row.name, b"pc-1" in carried.read_bytes()) == ("", False)
        (here.folder / "vendor").symlink_to(served.acme.home)
        here.done(outside[0], "vendor")
        (here.folder / "lab.confirmation").unlink()
        here.around = {"SSL_CERT_FILE": str(served.authority)}
        here.done(["muster", "console", "products", "add", "acme.muster"], "online")
        here.done(outside[1], "online")
        assert (here.folder / "lab.confirmation").exists()
        # Inside there is no way to the vendor.
        here.around = {"SSL_CERT_FILE": "/nowhere"}
        said = [here.done(words) for words in back]
        assert "1 of 1 rows confirmed" in said[0]
        assert "LICENSED" in said[2]
        shutil.rmtree(here.homes["pc-1"])
        here.install("pc-1", product, PRO)
        for words in anew:
            here.done(words)
        assert "LICENSED" in here.done(back[2])
    assert used(served, key) == 1


def test_machines_are_pointed_to_a_host(tmp_path: Path) -> None:
    small = certified_home(tmp_path / "host")
    with serving(tmp_path / "host") as host, desk(tmp_path / "desk") as here:
        for number in range(1, 5):
            asyncio.run(ask(host.address, small, number))
        product = small.product_file().decode()
        here.add_machine("srv-1", product, SERVER)
        here.add_machine("srv-2", product, SERVER)
        (steps,) = commands("console-volume.md")
        said = {}
        for words in steps:
            named = [host.address if word == "kms1.corp.example,kms2.corp.example" else word for word in words]
            said[words[2]] = here.done(named)
        assert said["machines"].count("LICENSED") == 2

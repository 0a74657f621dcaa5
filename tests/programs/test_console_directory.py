"""``muster console directory`` with a real OpenLDAP: exported, confirmed, imported, activated, listed, deleted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from muster.console.cli import app
from muster.console.directory.service.objects import load_schema
from muster.platform.ldap.directory_process import DirectoryProcess
from muster.platform.ldap.port import Local, Server
from muster.vendor import app as vendor
from tests.worlds.openldap import ADMINISTRATOR, PASSWORD, Slapd, slapd
from tests.worlds.vendor_world import PASSPHRASE, Acme

pytestmark = pytest.mark.parts


async def with_schema(server: Slapd) -> None:
    async with DirectoryProcess().connect(Server(server.local), Local(), 10) as directory:
        await load_schema(directory)


def test_a_directory_is_activated_by_a_carried_bundle(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "acme")
    product, bundle, answer = tmp_path / "acme.muster", tmp_path / "request", tmp_path / "confirmation"
    product.write_text(vendor.export_product(acme.vendor))
    (tmp_path / "slapd").mkdir()
    with slapd(tmp_path / "slapd") as server:
        asyncio.run(with_schema(server))
        there = ["--server", f"ldap://{server.address}", "--user", ADMINISTRATOR, "--ca", str(server.authority)]

        def done(*words: str, entered: str = "") -> str:
            around = {"MUSTER_HOME": str(tmp_path / "console"), "MUSTER_DIRECTORY_PASSWORD": PASSWORD}
            result = CliRunner().invoke(
                app, [*words], env={**around, "MUSTER_PASSPHRASE": PASSPHRASE}, input=entered, catch_exceptions=False
            )
            assert result.exit_code == 0, result.output
            return result.stdout

        done("products", "add", str(product))
        done("keys", "add", "-", entered=acme.host_key().formatted)
        done("directory", "activate", "--key", "1", "--export", str(bundle), *there)
        answer.write_text(vendor.confirm_bundle(acme.vendor, bundle.read_bytes()).file)
        assert "1 of 1 rows confirmed" in done("import", str(answer))
        row = json.loads(done("directory", "activate", "--key", "1", "--offline", "--json", *there))
        assert row["name"] == "Acme Software acme-cad 1"
        (found,) = json.loads(done("directory", "list", "--json", *there))["objects"]
        assert (found["dn"].lower(), found["verifies"]) == (row["dn"].lower(), True)
        done("directory", "delete", row["name"], "--yes", *there)
        assert json.loads(done("directory", "list", "--json", *there)) == {"objects": []}
    acme.close()

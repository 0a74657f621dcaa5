"""Machines are found in real directories: OpenLDAP and a Samba domain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from muster.base.errors import Code, Refused
from muster.console import app as console
from muster.console.cli import app as console_words
from muster.console.core.targets import Target
from muster.console.service.searching import PATIENCE_SECONDS, Search, search
from muster.platform.ldap.port import Attributes, Login
from tests.worlds.directory_world import Place, samba_place, slapd_place
from tests.worlds.openldap import ADMINISTRATOR, SUFFIX, Slapd, slapd
from tests.worlds.openldap import PASSWORD as LDAP_PASSWORD
from tests.worlds.samba import Domain, Member

pytestmark = pytest.mark.parts

_ENTRIES: dict[str, Attributes] = {
    f"ou=Lab,{SUFFIX}": {"objectClass": (b"organizationalUnit",)},
    f"cn=pc-1,ou=Lab,{SUFFIX}": {"objectClass": (b"device",)},
    f"cn=pc-2,{SUFFIX}": {"objectClass": (b"device",)},
    f"cn=srv-1,{SUFFIX}": {"objectClass": (b"device",), "description": (b"of the database",)},
    f"cn=no name of a machine,{SUFFIX}": {"objectClass": (b"device",)},
}


@pytest.fixture(scope="module")
def openldap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as server:
        asyncio.run(fill(slapd_place(server)))
        yield server


async def fill(place: Place) -> None:
    async with place.directories.connect(place.server, place.administrator, PATIENCE_SECONDS) as directory:
        for dn, attributes in _ENTRIES.items():
            await directory.add(dn, attributes)


def found(place: Place, wanted: Search, login: Login | None = None) -> tuple[tuple[Target, ...], int]:
    return asyncio.run(search(place.directories, place.server, login or place.administrator, wanted))


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Search(), ["pc-1", "pc-2", "srv-1"]),
        (Search(name="pc-*"), ["pc-1", "pc-2"]),
        (Search(base=f"ou=Lab,{SUFFIX}"), ["pc-1"]),
        (Search(filter="(description=of the data*)"), ["srv-1"]),
        (Search(name="*)(cn=*"), []),
        (Search(base=f"ou=Nowhere,{SUFFIX}"), []),
    ],
)
def test_devices_in_openldap(openldap: Slapd, wanted: Search, names: list[str]) -> None:
    targets, _ = found(slapd_place(openldap), wanted)
    assert sorted(target.name for target in targets) == names


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ([], ["pc-1", "pc-2", "srv-1"]),
        (["--name", "pc-*", "--ou", f"ou=Lab,{SUFFIX}"], ["pc-1"]),
        (["--filter", "(description=of the data*)"], ["srv-1"]),
    ],
)
def test_devices_in_openldap_come_into_the_inventory_by_one_command(
    openldap: Slapd, tmp_path: Path, wanted: list[str], names: list[str]
) -> None:
    words = ["discover", "--ldap", f"ldap://{openldap.address}", "--ldap-user", ADMINISTRATOR]
    words += ["--ldap-ca", str(openldap.authority), *wanted, "--json"]
    done = CliRunner().invoke(
        console_words, words, env={"MUSTER_HOME": str(tmp_path), "MUSTER_DIRECTORY_PASSWORD": LDAP_PASSWORD}
    )
    assert done.exit_code == 0, done.output
    assert {**json.loads(done.stdout), "unusable": 0} == {"found": len(names), "new": len(names), "unusable": 0}
    assert sorted(row["machine"] for row in console.rows(console.open_console(tmp_path), ())) == names


def test_what_cannot_be_a_machine_is_counted_and_units_are_groups(openldap: Slapd) -> None:
    targets, unusable = found(slapd_place(openldap), Search())
    assert unusable == 1
    assert {target.group for target in targets if target.name == "pc-1"} == {"Lab"}


def test_a_filter_that_is_none_is_told(openldap: Slapd) -> None:
    with pytest.raises(Refused) as told:
        found(slapd_place(openldap), Search(filter="(cn="))
    assert told.value.code is Code.DIRECTORY_REFUSED


def test_computers_of_a_samba_domain(
    samba_domain: Domain, samba_member: Member, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KRB5_CONFIG", str(samba_domain.folder / "krb5.conf"))
    targets, unusable = found(samba_place(samba_domain, samba_member), Search())
    assert unusable == 0
    assert samba_member.principal.rstrip("$").lower() in {target.name.partition(".")[0].lower() for target in targets}

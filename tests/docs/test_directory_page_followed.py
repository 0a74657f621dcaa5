"""docs/operate/directory.md, followed: a domain of Samba, then OpenLDAP, each activated with a vendor's service; a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.reader import KEY, Reader
from tests.docs.warm import warm
from tests.worlds import openldap, samba

pytestmark = pytest.mark.parts
SELL_HOST = 'muster vendor key issue --scope acme-cad --kind host --organisation "Globex Corporation"'
DELETE = (
    'muster directory delete "Acme Software acme-cad 1" --yes --domain corp.example '
    "--user administrator@CORP.EXAMPLE --ca ca.pem"
)


@pytest.fixture
def in_domain(samba_domain: samba.Domain, tmp_path: Path) -> Iterator[Path]:
    """`muster`, which finds the domain's names: they are in a library that a program is started with."""
    folder = tmp_path / "programs"
    folder.mkdir()
    with warm(folder, samba_domain.environment) as programs:
        yield programs


def test_two_directories_are_activated_and_a_machine_by_one_of_them(
    vendor_home: Path, samba_domain: samba.Domain, in_domain: Path, tmp_path: Path
) -> None:
    desk = tmp_path / "desk"
    desk.mkdir()
    reader = Reader("docs/operate/directory.md", desk, in_domain)

    reader.around["MUSTER_HOME"] = str(vendor_home)
    reader.run('muster vendor organisation add "Globex Corporation"')
    key = KEY.findall(reader.run(SELL_HOST))[0]
    with reader.serving("muster vendor serve --listen 127.0.0.1:0") as url:
        definition = (vendor_home / "product.toml").read_text(encoding="utf-8")
        named = re.sub(
            r'^(name = "Acme Software".*)$', rf'\1\nservice = "{url}"', definition, count=1, flags=re.MULTILINE
        )
        (desk / "product.toml").write_text(named)
        reader.run("muster vendor product import product.toml --export acme.muster")

        plain = dict(reader.around)
        reader.around |= samba_domain.environment | {"MUSTER_DIRECTORY_PASSWORD": samba.PASSWORD}
        (desk / "ca.pem").write_bytes(samba_domain.authority.read_bytes())
        said = reader.follow("muster directory activate", typed=f"{key}\n")
        assert "acme-cad" in said, said
        identify, activate = reader.take("muster directory installation-id").splitlines()
        reader.run(DELETE)
        (digits,) = re.findall(r"(?:\d{7}-){17}\d{7}", reader.run(identify, typed=f"{key}\n"))
        told = reader.run(f"muster vendor confirm {digits}")
        (confirmation,) = re.findall(r"\d+(?:-\d+){5,}", told)
        reader.run(activate.replace("CONFIRMATION-ID", confirmation))
        # Other tests share this domain.
        reader.run(DELETE)

        (tmp_path / "slapd").mkdir()
        with openldap.slapd(tmp_path / "slapd") as server:
            reader.around = plain | {"MUSTER_DIRECTORY_PASSWORD": openldap.PASSWORD}
            reader.names |= {
                "ldapi:///": server.local,
                "ldap://ldap.corp.example": f"ldap://{server.address}",
                '"ldap://ldap1.corp.example", "ldap://ldap2.corp.example"': f'"ldap://{server.address}"',
                "/etc/ssl/certs/corp.pem": str(server.authority),
                "cn=pc1,ou=machines,dc=corp,dc=example": openldap.MACHINE,
            }
            (desk / "ca.pem").write_bytes(server.authority.read_bytes())
            reader.follow("muster directory schema --apply", typed=f"{key}\n")
            home = tmp_path / "machine"
            home.mkdir()
            (home / "client.toml").write_text(reader.take("[directory]"))
            (home / "directory.password").write_text(openldap.PASSWORD)
            (home / "directory.password").chmod(0o600)
            reader.run("muster client install acme.muster --edition acme-cad-pro", home=home)
            assert "LICENSED" in reader.run("muster client activate", home=home)

    samba_domain.group("Activation hosts")
    try:
        reader.around = plain | samba_domain.environment | {"MUSTER_DIRECTORY_PASSWORD": samba.PASSWORD}
        (desk / "ca.pem").write_bytes(samba_domain.authority.read_bytes())
        assert "samba-tool" in reader.follow("muster directory dns-acl")
    finally:
        samba_domain.tool("group", "delete", "Activation hosts")
    reader.done()

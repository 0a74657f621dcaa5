"""What joining left on a machine's disk, read."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from muster.base.errors import Code, Refused
from muster.client.adapters.domain_member import DomainMember
from muster.client.adapters.windows_role import PrimaryDomain
from muster.client.core.membership import DirectorySettings, Membership, told_by_windows
from muster.platform.ldap.port import Kerberos, Local, Password
from tests.client.core.test_membership import KEY, LIVE, SSSD, keytab


def member(folder: Path, **settings: object) -> DomainMember:
    where = {"sssd": str(folder / "sssd"), "samba": str(folder / "smb.conf"), **settings}
    return DomainMember(DirectorySettings(**where), folder)  # type: ignore[arg-type]


def sssd(folder: Path) -> Path:
    (folder / "sssd").mkdir()
    path = folder / "sssd/sssd.conf"
    path.write_text(SSSD)
    return path


def test_a_machine_without_any_trace_belongs_to_no_domain(tmp_path: Path) -> None:
    assert member(tmp_path).membership() is None


def test_sssd_is_asked_and_people_win_over_it(tmp_path: Path) -> None:
    sssd(tmp_path)
    found = member(tmp_path).membership()
    assert found is not None
    assert (found.domain, found.source) == ("corp.example", "sssd")
    chosen = member(tmp_path, domain="lab.example").membership()
    assert chosen is not None
    assert chosen.domain == "lab.example"


def test_samba_is_asked_with_its_secrets(tmp_path: Path) -> None:
    conf = f"[global]\nsecurity = ads\nrealm = CORP.EXAMPLE\nprivate dir = {tmp_path}/private\n"
    (tmp_path / "smb.conf").write_text(conf)
    assert member(tmp_path).membership() is None
    (tmp_path / "private").mkdir()
    (tmp_path / "private/secrets.tdb").write_bytes(LIVE + KEY)
    found = member(tmp_path).membership()
    assert found is not None
    assert (found.domain, found.source) == ("corp.example", "Samba")


def test_a_folder_in_place_of_a_file_is_no_departure(tmp_path: Path) -> None:
    (tmp_path / "sssd/sssd.conf").mkdir(parents=True)
    with pytest.raises(Refused) as refused:
        member(tmp_path).membership()
    assert refused.value.code is Code.DIRECTORY_REFUSED


def test_the_login_follows_from_what_is_set(tmp_path: Path) -> None:
    (tmp_path / "krb5.keytab").write_bytes(keytab("PC1$@CORP.EXAMPLE"))
    (tmp_path / "password").write_text("secret\n")
    way = member(tmp_path)
    machine = Membership("corp.example", "test", keytab="krb5.keytab")
    assert way.login(machine) == Kerberos("PC1$@CORP.EXAMPLE", str(tmp_path / "krb5.keytab"))
    person = Membership("", "test", user="cn=pc1", password_file="password")
    assert way.login(person) == Password("cn=pc1", "secret")
    assert way.login(Membership("", "test", servers=("ldapi://x",))) == Local()


def test_a_keytab_without_the_machine_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        member(tmp_path).login(Membership("corp.example", "test", keytab="krb5.keytab"))
    assert str(tmp_path / "krb5.keytab") in refused.value.message


def test_windows_logs_in_as_the_account_that_asks(tmp_path: Path) -> None:
    found = told_by_windows(3, "corp.example")
    assert found is not None
    assert member(tmp_path).login(found) == Kerberos()


def test_what_windows_answers_is_laid_out_as_its_header_says() -> None:
    """Two numbers, three pointers, an id."""
    width = ctypes.sizeof(ctypes.c_void_p)
    assert (PrimaryDomain.dns.offset, ctypes.sizeof(PrimaryDomain)) == (8 + width, 8 + 3 * width + 16)

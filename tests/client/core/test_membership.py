"""Whether a machine belongs to a domain, by what joining leaves behind."""

from __future__ import annotations

import struct

import pytest

from muster.base.errors import Misconfigured
from muster.client.core.membership import (
    SYSTEM_KEYTAB,
    DirectorySettings,
    machine_principal,
    samba_words,
    set_by_people,
    told_by_samba,
    told_by_sssd,
    told_by_windows,
)

SSSD = """[sssd]
services = nss, pam
domains = local, corp.example
[domain/local]
id_provider = files
[domain/corp.example]
id_provider = ad
ad_domain = corp.example
krb5_realm = CORP.EXAMPLE
override_homedir = /home/%u
"""
SMB = """# Samba
[global]
   Security =  ADS
   realm = CORP.EXAMPLE
\tdedicated  keytab file = FILE:/var/lib/samba/krb5.keytab
; netbios name = x
[homes]
   security = user
"""
LIVE, FREE = struct.pack("<I", 0x26011999), struct.pack("<I", 0xD9FEE666)
KEY = b"SECRETS/MACHINE_PASSWORD/CORP"


def keytab(*principals: str) -> bytes:
    """A keytab with one row for each principal; a row that was deleted lies in between."""
    data = b"\x05\x02" + struct.pack(">i", -8) + bytes(8)
    for principal in principals:
        names, _, realm = principal.rpartition("@")
        words = [realm, *names.split("/")]
        row = struct.pack(">H", len(words) - 1)
        row += b"".join(struct.pack(">H", len(word)) + word.encode() for word in words) + bytes(20)
        data += struct.pack(">i", len(row)) + row
    return data


def test_sssd_tells_the_domain_it_serves_from_active_directory() -> None:
    found = told_by_sssd([SSSD])
    assert found is not None
    assert (found.domain, found.realm, found.keytab) == ("corp.example", "CORP.EXAMPLE", SYSTEM_KEYTAB)


def test_later_files_of_sssd_win_and_freeipa_is_known() -> None:
    more = "[sssd]\ndomains = ipa.example\n[domain/ipa.example]\nid_provider = ipa\nkrb5_keytab = /k\n"
    found = told_by_sssd([SSSD, more])
    assert found is not None
    assert (found.domain, found.keytab) == ("ipa.example", "/k")


@pytest.mark.parametrize(
    "text", ["", "[sssd]\nservices = nss\n", "[sssd]\ndomains = gone\n", SSSD.replace("= ad", "= ldap")]
)
def test_sssd_without_a_joined_domain_tells_of_none(text: str) -> None:
    assert told_by_sssd([text]) is None


def test_sssd_that_nobody_understands_is_an_error() -> None:
    with pytest.raises(Misconfigured):
        told_by_sssd(["domains = outside of any section\n"])


def test_samba_tells_the_domain_while_it_holds_the_machines_password() -> None:
    found = told_by_samba(samba_words(SMB), b"..." + LIVE + KEY + b"\x00")
    assert found is not None
    assert (found.domain, found.realm, found.keytab) == (
        "corp.example",
        "CORP.EXAMPLE",
        "/var/lib/samba/krb5.keytab",
    )


@pytest.mark.parametrize("secrets", [b"", FREE + KEY, KEY], ids=["none", "deleted", "no row"])
def test_samba_that_has_left_tells_of_none(secrets: bytes) -> None:
    assert told_by_samba(samba_words(SMB), secrets) is None


def test_samba_that_stands_alone_tells_of_none() -> None:
    assert told_by_samba(samba_words("[global]\nsecurity = user\nrealm = X\n"), LIVE + KEY) is None


def test_what_people_set_wins_only_where_they_set_something() -> None:
    assert set_by_people(DirectorySettings()) is None
    found = set_by_people(DirectorySettings(servers=("ldap://one",), base="dc=one"))
    assert found is not None
    assert (found.source, found.name, found.keytab) == ("client.toml", "dc=one", SYSTEM_KEYTAB)


@pytest.mark.parametrize("wrong", [{"servers": ("http://x",)}, {"user": "cn=x"}, {"password_file": "x"}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no directory server|belong together"):
        DirectorySettings(**wrong)  # type: ignore[arg-type]


def test_the_machines_own_name_is_found_in_its_keytab() -> None:
    found = keytab("host/pc1.corp.example@CORP.EXAMPLE", "PC1$@CORP.EXAMPLE", "PC1$@OTHER.EXAMPLE")
    assert machine_principal(found) == "PC1$@CORP.EXAMPLE"
    assert machine_principal(found, "other.example") == "PC1$@OTHER.EXAMPLE"
    assert machine_principal(keytab("host/pc1@IPA.EXAMPLE", "HTTP/pc1@IPA.EXAMPLE")) == "host/pc1@IPA.EXAMPLE"


@pytest.mark.parametrize(
    "data", [b"", b"\x05\x01" + bytes(9), keytab("x@Y")[:-25], b"\x05\x02" + bytes(40), b"\x05\x02\xff"]
)
def test_other_bytes_are_no_keytab(data: bytes) -> None:
    assert machine_principal(data) == ""


@pytest.mark.parametrize(
    ("role", "name", "domain"),
    [
        (0, "", None),
        (1, "Corp.Example", "corp.example"),
        (2, "", None),
        (3, "corp.example.", "corp.example"),
        (4, "corp.example", "corp.example"),
        (5, "corp.example", "corp.example"),
        (0, "corp.example", None),
        (6, "corp.example", None),
    ],
)
def test_windows_belongs_to_a_domain_by_its_role(role: int, name: str, domain: str | None) -> None:
    found = told_by_windows(role, name)
    assert (found.domain if found else None) == domain
    if found is not None:
        assert (found.source, found.realm) == ("Windows", "CORP.EXAMPLE")


def test_a_domain_that_dns_does_not_know_has_to_be_named() -> None:
    with pytest.raises(Misconfigured) as caught:
        told_by_windows(1, " ")
    assert "client.toml" in caught.value.hint

"""Where a directory is and what lies in it: what is taken, and what is told."""

from __future__ import annotations

import pytest

from muster.platform.directory_address import check_domain, check_entry, check_principal, check_server


@pytest.mark.parametrize(
    "text", ["ldap://dc1", "LDAPS://dc1.corp.example:636/", "ldapi://%2Frun%2Fslapd", "ldap://[::1]:389"]
)
def test_servers_are_taken_as_the_library_takes_them(text: str) -> None:
    assert check_server(text) == text


@pytest.mark.parametrize(
    "text", ["", "dc1", "ftp://x", "ldaps://", "ldap://:389", "ldap://a b", "ldap://me@dc1", "ldap://dc1:0"]
)
def test_what_is_no_server_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="; write ldap"):
        check_server(text)


@pytest.mark.parametrize(
    "text",
    [
        "dc=corp,dc=example",
        "OU=Sales\\, North, DC=corp, DC=example",
        'cn="Muster, Inc.",o=Acme',
        "uid=a+cn=b,o=c",
        "1.3.6.1=x,o=ü",
        "cn=config",
    ],
)
def test_names_of_entries_may_hold_escaped_commas(text: str) -> None:
    assert check_entry(text) == text


@pytest.mark.parametrize(
    "text", ["", "corp.example", "dc=corp,example", "dc=", "dc=corp,", ",dc=corp", "=x", "a=" + "b" * 1000]
)
def test_what_is_no_name_of_an_entry_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="; write a distinguished name"):
        check_entry(text)


def test_a_domain_is_a_name_and_no_address() -> None:
    assert check_domain("corp.example.") == "corp.example."
    for text in ("", "192.0.2.7", "corp example", "dc=corp", "-a.b", "a" * 254):
        with pytest.raises(ValueError, match=r"; write it like corp\.example"):
            check_domain(text)


def test_an_account_of_kerberos_may_have_a_realm() -> None:
    for text in ("PC1$@CORP.EXAMPLE", "host/pc1.corp.example@CORP.EXAMPLE", "muster"):
        assert check_principal(text) == text
    for text in ("", "a b", "@CORP", "a@", "a@b@c"):
        with pytest.raises(ValueError, match="; write it like"):
            check_principal(text)

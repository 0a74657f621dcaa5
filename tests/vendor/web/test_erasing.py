"""A person looked for in the audit and erased from it, on the page and by a program's call."""

from __future__ import annotations

import re

import pytest

from muster.platform.accounts import Accounts
from muster.vendor import app as vendor
from muster.vendor.service.sealing import seal_all
from tests.worlds.vendor_site import AcmeSite, Browser, plain

PATH = "/audit/people"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> AcmeSite:
    """Zoë acted, was acted upon, and is named in a reason; everything is sealed."""
    site = AcmeSite(tmp_path_factory.mktemp("acme"))
    zoe: vendor.Vendor = site.acme.vendor.acting("zoe@acme.example")
    accounts: Accounts = site.accounts
    accounts.add("anna", "zoe@acme.example", "operator")
    vendor.add_organisation(zoe, "Zoe Example Works")
    vendor.extend_key(zoe, site.acme.mak().partial, activations=1, reason="Zoë asked, zoe@acme.example")
    seal_all(site.acme.vendor)
    return site


@pytest.fixture(scope="module")
def anna(site: AcmeSite) -> Browser:
    return site.as_("anna")


def numbers(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="(\d+)"', page)


def test_a_person_is_found_and_erased_and_every_seal_holds(site: AcmeSite, anna: Browser) -> None:
    found = anna.fill(PATH, text="ZOE")
    told = plain(found)
    assert "zoe@acme.example 2 1" in told, "two rows as who acted, one as who was acted upon"
    assert "reason: Zoë asked, zoe@acme.example" in told
    assert "Zoe Example Works" in told, "a customer, who stays"
    assert "Zoë asked" in plain(anna.fill(PATH, text="zoë")), "whatever JSON makes of the letter"
    chosen = {"text": "zoe", "person": numbers(found.text, "person"), "remark": numbers(found.text, "remark")}
    for reason in ("", "so that ZOE@acme.example is forgotten"):
        refused = anna.fill(f"{PATH}/erase", PATH, **chosen, reason=reason)
        assert refused.status_code == 422
        assert "zoe@acme.example" in plain(anna.fill(PATH, text="zoe")), "all or none"
    erased = plain(anna.fill(f"{PATH}/erase", PATH, **chosen, reason="letter 12"))
    assert "Erased: 1 name, 1 remark." in erased
    assert "The audit holds no name and no remark with this." in erased
    assert "Accounts zoe@acme.example" in erased, "what is not erased from here is named"
    rows = vendor.audit_rows(site.acme.vendor, 100)
    assert "zoe" not in str(rows).lower().replace("zoe example works", "")
    assert [(row["actor"], row["action"], row["details"]) for row in rows[-2:]] == [
        ("anna", "person.erased", {"reason": "letter 12"}),
        ("anna", "remark.erased", {"reason": "letter 12"}),
    ]
    assert vendor.verify_audit(site.acme.vendor).head.number == 1
    again = anna.fill(f"{PATH}/erase", PATH, **chosen, reason="letter 12")
    assert again.status_code == 404


def test_an_account_is_removed_once_it_is_blocked_and_its_name_goes_with_the_next_erasure(
    site: AcmeSite, anna: Browser
) -> None:
    zoe = {"name": "zoe@acme.example"}
    assert anna.fill("/accounts/remove", "/accounts", **zoe).status_code == 403
    anna.fill("/accounts/block", "/accounts", **zoe)
    anna.fill("/accounts/remove", "/accounts", **zoe)
    assert "zoe@" not in anna.get("/accounts").text
    found = anna.fill(PATH, text="zoe").text
    anna.fill(f"{PATH}/erase", PATH, person=numbers(found, "person"), remark=numbers(found, "remark"), reason="14")
    rows = str(vendor.audit_rows(site.acme.vendor, 100)).lower()
    assert "account.removed" in rows
    assert "zoe" not in rows.replace("zoe example works", "")


def test_where_somebody_logged_in_from_can_be_erased(site: AcmeSite, anna: Browser) -> None:
    found = anna.fill(PATH, text="192.0.2.0/24")
    rows = numbers(found.text, "remark")
    assert rows
    anna.fill(f"{PATH}/erase", PATH, remark=rows, reason="letter 13")
    assert "192.0.2" not in str(vendor.audit_rows(site.acme.vendor, 100))


def test_only_administrators_look_for_people(site: AcmeSite, anna: Browser) -> None:
    audrey = site.as_("audrey")
    assert "Find a person" not in audrey.get("/audit").text
    assert audrey.get(PATH).status_code == 403
    assert anna.fill(PATH, text="z").status_code == 422, "one letter is no name"
    assert "%" not in numbers(anna.fill(PATH, text="%%").text, "person"), "% means itself"

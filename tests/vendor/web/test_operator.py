"""The operator on the telephone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from muster.trust.humanid import format_installation
from tests.worlds.vendor_site import AcmeSite, Browser, plain
from tests.worlds.vendor_world import hardware, host, machine


@pytest.fixture
def site(tmp_path: Path) -> AcmeSite:
    return AcmeSite(tmp_path)


@pytest.fixture
def otto(site: AcmeSite) -> Browser:
    return site.as_("otto")


def confirm(browser: Browser, digits: str, **fields: object) -> str:
    """Look an installation id up, then confirm it; the page that comes."""
    return plain(browser.fill("/operator/confirm", "/operator", installation=digits, **fields))


def test_looking_up_shows_the_customer_and_spends_nothing(site: AcmeSite, otto: Browser) -> None:
    key = site.acme.mak(activations=3)
    page = otto.fill("/operator", typed=format_installation(machine(key, hardware(1))))
    assert "Example Bank" in plain(page)
    assert "0 of 3 activations" in plain(page)
    assert key.text not in page.text.replace("-", "")
    assert site.acme.row(key).used == 0


def test_a_typing_error_is_shown_in_its_group(site: AcmeSite, otto: Browser) -> None:
    groups = format_installation(machine(site.acme.mak(), hardware(1))).split("-")
    groups[2] = groups[2][::-1]
    assert "Group 3: typing error" in plain(otto.fill("/operator", typed=" ".join(groups)))


def test_a_confirmation_names_key_and_cost_and_stands_in_the_audit_under_his_name(
    site: AcmeSite, otto: Browser
) -> None:
    key = site.acme.mak(activations=3)
    page = confirm(otto, format_installation(machine(key, hardware(1))))
    assert re.search(r"For Example Bank , key …\w{5} \( ?1 of 3 activations ?\); it cost an activation", page), page
    row = site.acme.vendor.store.run(lambda books: books.audit_rows(1))[0]
    assert (row.actor, row.action) == ("otto", "machine.confirmed")


def test_an_exception_needs_a_reason_and_then_helps(site: AcmeSite, otto: Browser) -> None:
    key = site.acme.mak(activations=1)
    first, second = (format_installation(machine(key, hardware(n))) for n in (1, 2))
    confirm(otto, first)
    assert "KEY_EXHAUSTED" in confirm(otto, second)
    without = otto.fill("/operator/exception", "/operator", installation=second, activations="1", reason=" ")
    assert "An exception needs a reason" in plain(without)
    granted = otto.fill("/operator/exception", "/operator", installation=second, activations="1", reason="fire <b>")
    assert "1 of 2 activations" in plain(granted)
    assert "it cost an activation" in confirm(otto, second)
    rows = site.acme.vendor.store.run(lambda books: books.audit_rows(5))
    assert [row.details["reason"] for row in rows if row.action == "key.extended"] == ["fire <b>"]


def test_a_host_that_is_gone_is_chosen_from_those_that_stand(site: AcmeSite, otto: Browser) -> None:
    key = site.acme.host_key()
    for number in range(6):
        confirm(otto, format_installation(host(key, number)))
    seventh = format_installation(host(key, 6))
    refused = otto.fill("/operator/confirm", "/operator", installation=seventh)
    assert "HOST_LIMIT_REACHED" in refused.text
    assert re.findall(r'<option value="(\d+)"', refused.text) == ["6", "5", "4", "3", "2", "1"]
    assert "serial 7" in confirm(otto, seventh, replaces="4")
    looked = otto.fill("/operator", typed=seventh)
    assert "replaced by 7" in plain(looked)


def test_auditors_and_strangers_confirm_nothing(site: AcmeSite) -> None:
    digits = format_installation(machine(site.acme.mak(), hardware(1)))
    auditor = site.as_("audrey")
    assert auditor.get("/operator").status_code == 403
    who = re.search(r'name="form" value="(\w+)"', auditor.get("/password").text)
    assert who
    for browser, form, status in ((auditor, who[1], 403), (site.stranger(), "", 401)):
        for path in ("/operator", "/operator/confirm", "/operator/exception"):
            page = browser.post(path, data={"form": form, "installation": digits, "typed": digits})
            assert (page.status_code, path) == (status, path)


def test_a_stolen_form_confirms_nothing(site: AcmeSite, otto: Browser) -> None:
    digits = format_installation(machine(site.acme.mak(), hardware(1)))
    page = otto.post("/operator/confirm", data={"installation": digits}, headers={"accept-language": "de"})
    assert page.status_code == 403
    assert "FORM_OUTDATED" in page.text
    # Otto stays logged in, sees the menu, and reads the page in the language of all pages behind the log-in.
    assert ('action="/logout"' in page.text, 'lang="en"' in page.text) == (True, True)
    stranger = site.stranger().post(
        "/operator/confirm", data={"installation": digits}, headers={"accept-language": "de"}
    )
    assert ('action="/logout"' in stranger.text, '<html lang="de"' in stranger.text) == (False, True)

"""Logging in and out, and what a cookie is worth to a thief."""

from __future__ import annotations

from pathlib import Path

import pytest

from muster.platform.pages.access import ours
from tests.worlds.vendor_site import PASSWORD, AcmeSite, plain


@pytest.fixture
def site(tmp_path: Path) -> AcmeSite:
    return AcmeSite(tmp_path)


def test_the_cookie_is_for_this_host_over_tls_and_not_for_scripts(site: AcmeSite) -> None:
    answer = site.stranger().post("/login", data={"name": "anna", "password": PASSWORD}, follow_redirects=False)
    assert answer.status_code == 303
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-muster=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(attributes)
    assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_a_wrong_password_shows_the_form_again_without_the_password(site: AcmeSite) -> None:
    page = site.stranger().log_in("anna", "my secret guess")
    assert page.status_code == 401
    assert "LOGIN_REFUSED" in page.text
    assert "my secret guess" not in page.text
    assert "set-cookie" not in page.headers


def test_the_sixth_wrong_password_in_a_row_is_told_to_wait(site: AcmeSite) -> None:
    browser = site.stranger()
    assert [browser.log_in("anna", "x" * 12).status_code for _ in range(6)] == [401] * 5 + [429]


def test_a_stranger_who_wants_in_is_asked_to_log_in_and_brought_there(site: AcmeSite) -> None:
    browser = site.stranger()
    page = browser.get("/password")
    assert page.url.path == "/login"
    page = browser.post("/login", data={"name": "anna", "password": PASSWORD, "next": page.url.params["next"]})
    assert page.url.path == "/password"


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "/a?b", "/\n/evil", ""])
def test_nobody_is_sent_elsewhere_after_a_log_in(path: str) -> None:
    assert ours(path, "/home") == "/home"


def test_a_copied_cookie_is_worth_nothing_after_logging_out(site: AcmeSite) -> None:
    browser, thief = site.as_("anna"), site.stranger()
    thief.cookies.update(browser.cookies)
    assert thief.get("/password").url.path == "/password"
    browser.fill("/logout", "/password")
    assert thief.get("/password").url.path == "/login"
    assert browser.get("/password").url.path == "/login"


def test_a_session_that_is_too_old_leads_to_the_log_in(site: AcmeSite) -> None:
    browser = site.as_("anna")
    site.acme.clock.move(minutes=61)
    assert browser.get("/password").url.path == "/login"
    assert browser.post("/password", data={}).status_code == 401


@pytest.mark.parametrize("secret", ["", "0" * 64, "of another session"])
def test_a_form_of_another_session_does_nothing(site: AcmeSite, secret: str) -> None:
    browser = site.as_("anna")
    if secret.startswith("of"):
        secret = site.accounts.visitor(site.accounts.log_in("anna", PASSWORD, "elsewhere")).form_secret
    fields = {"form": secret, "old": PASSWORD, "new": "another password", "again": "another password"}
    page = browser.post("/password", data=fields)
    assert page.status_code == 403
    assert "FORM_OUTDATED" in page.text
    assert site.stranger().log_in("anna").status_code == 200


def test_a_form_that_another_site_sends_does_nothing(site: AcmeSite) -> None:
    page = site.stranger().post(
        "/login", data={"name": "anna", "password": PASSWORD}, headers={"sec-fetch-site": "cross-site"}
    )
    assert page.status_code == 403
    assert "set-cookie" not in page.headers


def test_a_one_time_password_leads_to_a_new_one_and_nowhere_else(site: AcmeSite) -> None:
    given = site.accounts.reset("anna", "otto")
    browser = site.stranger()
    page = browser.log_in("otto", given.password)
    assert page.url.path == "/password"
    assert "given to be used once" in plain(page)
    assert browser.get("/home").url.path == "/password"
    unequal = browser.fill("/password", old=given.password, new="one long password", again="two long password")
    assert "was not typed the same twice" in plain(unequal)
    weak = browser.fill("/password", old=given.password, new="short", again="short")
    assert "PASSWORD_WEAK" in weak.text
    done = browser.fill("/password", old=given.password, new="quite a new password", again="quite a new password")
    assert done.status_code == 200
    assert done.url.path != "/password"


def test_log_ins_stand_in_the_audit(site: AcmeSite) -> None:
    site.as_("otto")
    site.stranger().log_in("otto", "not his password")
    rows = site.acme.vendor.store.run(lambda books: books.audit_rows(2))
    assert [(row.actor, row.action, row.details) for row in rows] == [
        ("otto", "login", {"from": "192.0.2.0/24"}),
        ("otto", "login.refused", {"from": "192.0.2.0/24"}),
    ]

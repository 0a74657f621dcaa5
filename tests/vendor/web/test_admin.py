"""The pages of administrators, and who may not use them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from muster.trust.humanid import format_installation
from muster.trust.productkey import parse_key
from muster.vendor import app as vendor
from tests.worlds.reporting_hosts import certified, report
from tests.worlds.vendor_site import AcmeSite, Browser, plain
from tests.worlds.vendor_world import BANK, hardware, host, machine

HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE product_key; --",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "%_\\",
]
KEY = re.compile(r'<p class="key">([^<]+)</p>')
MAK = {"organisation": BANK, "kind": "mak", "edition": "acme-cad-pro", "activations": "5"}


@pytest.fixture
def site(tmp_path: Path) -> AcmeSite:
    return AcmeSite(tmp_path)


@pytest.fixture
def anna(site: AcmeSite) -> Browser:
    return site.as_("anna")


def last_audit(site: AcmeSite) -> tuple[str, str]:
    row = site.acme.vendor.store.run(lambda books: books.audit_rows(1))[0]
    return row.actor, row.action


def test_a_key_is_shown_once_and_works(site: AcmeSite, anna: Browser) -> None:
    page = anna.fill("/keys/issue", **MAK)
    found = KEY.search(page.text)
    assert found
    key = parse_key(found[1])
    assert site.acme.row(key).activations == 5
    assert last_audit(site) == ("anna", "key.issued")
    assert found[1] not in anna.get("/keys").text
    assert found[1] not in anna.get("/keys/1").text
    assert site.stranger().post("/", data={"typed": format_installation(machine(key, hardware(1)))}).status_code == 200


def test_many_keys_come_as_a_file(site: AcmeSite, anna: Browser) -> None:
    page = anna.fill("/keys/issue", **MAK, count="7")
    assert page.headers["content-disposition"] == 'attachment; filename="keys.csv"'
    rows = list(csv.DictReader(page.text.splitlines()))
    assert len({row["key"] for row in rows}) == 7
    assert all(site.acme.row(parse_key(row["key"])).activations == 5 for row in rows)


def test_a_name_that_is_a_formula_is_none_in_the_file(site: AcmeSite, anna: Browser) -> None:
    vendor.add_organisation(site.acme.vendor, "=cmd|' /C calc'!A0")
    page = anna.fill("/keys/issue", **{**MAK, "organisation": "=cmd|' /C calc'!A0"}, count="2")
    assert [row["organisation"][:2] for row in csv.DictReader(page.text.splitlines())] == ["'=", "'="]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"organisation": "Exampel Bank"}, "did you mean 'Example Bank'"),
        ({"kind": "generic"}, "no such kind of key"),
        ({"edition": "acme"}, "there is no edition"),
        ({"activations": "0"}, "outside 1"),
        ({"activations": "many"}, "is not a number"),
        ({"count": "501"}, "501 keys are more than 500"),
        ({"until": "31.12.2027"}, "is no day"),
        ({"until": "1999-01-01"}, "1999-01-01"),
    ],
)
def test_a_wrong_order_is_explained_and_kept_in_the_form(anna: Browser, wrong: dict[str, str], told: str) -> None:
    page = anna.fill("/keys/issue", **{**MAK, **wrong})
    assert page.status_code == 422
    assert told.lower() in plain(page).lower()
    assert f'value="{wrong.get("activations", "5")}"' in page.text
    assert "No key fits." in plain(anna.get("/keys"))


def test_a_key_is_blocked_unblocked_extended_noted_and_replaced(site: AcmeSite, anna: Browser) -> None:
    key = site.acme.mak(activations=2)
    assert "blocked" in plain(anna.fill("/keys/1/block", "/keys/1"))
    assert site.acme.row(key).is_blocked
    anna.fill("/keys/1/unblock", "/keys/1")
    assert not site.acme.row(key).is_blocked
    assert "An exception needs a reason" in plain(anna.fill("/keys/1/extend", "/keys/1", activations="3"))
    assert "0 of 5 activations" in plain(anna.fill("/keys/1/extend", "/keys/1", activations="3", reason="a gift"))
    assert "note: asked by telephone" in plain(anna.fill("/keys/1/note", "/keys/1", note="asked by telephone"))
    made = KEY.search(anna.fill("/keys/1/replace", "/keys/1").text)
    assert made
    assert site.acme.row(parse_key(made[1])).activations == 5
    assert "replaced by 2" in plain(anna.get("/keys/1"))
    assert anna.fill("/keys/1/replace", "/keys/2").status_code == 409
    assert anna.fill("/keys/1/explode", "/keys/1").status_code == 404


def test_lists_are_searched_filtered_and_paged(site: AcmeSite, anna: Browser) -> None:
    for number in range(60):
        vendor.add_organisation(site.acme.vendor, f"Customer {number:03}")
    page = anna.get("/organisations")
    assert page.text.count("<tr>") == 51
    assert "61 organisations, page 1 of 2" in plain(page)
    second = anna.get("/organisations?page=2")
    assert second.text.count("<tr>") == 12
    assert 'href="/organisations"' in second.text
    assert "1 organisation" in plain(anna.get("/organisations?q=customer+007"))
    assert "No organisation fits." in plain(anna.get("/organisations?state=blocked"))
    assert "61 organisations" in plain(anna.get("/organisations?page=-1&state=nonsense"))


def test_an_organisation_is_added_and_blocked(site: AcmeSite, anna: Browser) -> None:
    anna.fill("/organisations", name="New & Old GmbH")
    assert "New &amp; Old GmbH" in anna.get("/organisations").text
    assert anna.fill("/organisations", name="New & Old GmbH").status_code == 409
    anna.fill("/organisations/2/block", "/organisations/2")
    assert last_audit(site) == ("anna", "organisation.blocked")
    assert "blocked" in plain(anna.get("/organisations/2"))
    assert anna.get("/organisations/3").status_code == 404


def test_the_end_of_a_contract_is_set_shown_and_taken_away(site: AcmeSite, anna: Browser) -> None:
    anna.fill("/organisations/1/contract", "/organisations/1", until="2030-12-31")
    assert last_audit(site) == ("anna", "organisation.contract")
    assert "until 2030-12-31" in plain(anna.get("/organisations"))
    site.acme.mak()
    assert "Ends 2030-12-31" in plain(anna.get("/keys/1"))
    assert anna.fill("/organisations/1/contract", "/organisations/1", until="31.12.2030").status_code == 422
    anna.fill("/organisations/1/contract", "/organisations/1", until="2001-01-31")
    assert "ended" in plain(anna.get("/organisations/1"))
    anna.fill("/organisations/1/contract", "/organisations/1", until="")
    assert "no end" in plain(anna.get("/organisations/1"))


def test_a_report_is_taken_and_stands_beside_the_seats_that_were_sold(site: AcmeSite, anna: Browser) -> None:
    site.acme.host_key(seats=2)
    row = certified(site.acme, 1)
    sent = anna.get("/organisations").text.split('name="form" value="')[1][:64]
    data = report(site.acme, row, 1, {1: (1, 0), 2: (0, 0), 3: (0, 0)})
    page = anna.post("/organisations/reports", data={"form": sent}, files={"report": ("bank.report", data)})
    assert "1 report was proven, 1 of them new: Example Bank" in plain(page)
    assert "1 over 3" in plain(anna.get("/organisations"))
    told = plain(anna.get("/organisations/1"))
    assert "acme-cad-pro: 3" in told
    assert "1 over" in told
    forged = anna.post("/organisations/reports", data={"form": sent}, files={"report": ("bank.report", data[:-1])})
    assert forged.status_code == 422


def test_a_host_is_withdrawn_with_the_next_keyset(site: AcmeSite, anna: Browser) -> None:
    serial = site.acme.confirm(host(site.acme.host_key(), 1)).serial
    assert f'href="?serial={serial}#withdraw"' in anna.get("/activations/hosts").text
    assert f'name="serial" type="number" value="{serial}"' in anna.get(f"/activations/hosts?serial={serial}").text
    assert "withdrawn" in plain(anna.fill("/activations/hosts", serial=str(serial)))
    assert site.acme.vendor.keysets().newest.withdrawn == (serial,)
    assert "1 certificate" in plain(anna.get("/activations/hosts?state=withdrawn"))
    assert anna.fill("/activations/hosts", serial="999").status_code >= 400


def test_the_overview_counts_and_names_keys_that_are_nearly_used_up(site: AcmeSite, anna: Browser) -> None:
    key = site.acme.mak(activations=5)
    for number in range(3):
        site.acme.confirm(machine(key, hardware(number)))
    assert "None has used four fifths" in plain(anna.get("/overview"))
    site.acme.confirm(machine(key, hardware(3)))
    page = anna.get("/overview")
    assert "4 of 5" in plain(page)
    assert "4 machines activated" in plain(page)
    assert "4 in all, at most 4" in page.text


def test_people_and_tokens_are_made_and_ended(site: AcmeSite, anna: Browser) -> None:
    page = anna.fill("/accounts/add", "/accounts", name="berta", role="operator")
    password = KEY.search(page.text)
    assert password
    assert site.stranger().log_in("berta", password[1]).url.path == "/password"
    assert password[1] not in anna.get("/accounts").text
    fields = {"name": "ci", "account": "berta", "scope": ["confirm"], "days": "30"}
    token = KEY.search(anna.fill("/accounts/token", "/accounts", **fields).text)
    assert token
    assert site.accounts.bearer(token[1]).scopes == {"confirm"}
    anna.fill("/accounts/block", "/accounts", name="berta")
    assert site.stranger().log_in("berta", password[1]).status_code == 401
    anna.fill("/accounts/end-token", "/accounts", name="ci")
    assert not site.accounts.store.tokens()


def test_an_administrator_does_not_lock_himself_out(anna: Browser) -> None:
    for action in ("block", "reset", "role"):
        page = anna.fill(f"/accounts/{action}", "/accounts", name="anna", role="auditor")
        assert "nobody locks himself out here" in plain(page).lower()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text_and_searched_as_text(site: AcmeSite, anna: Browser, text: str) -> None:
    vendor.add_organisation(site.acme.vendor, text)
    issued = anna.fill("/keys/issue", **{**MAK, "organisation": text})
    assert KEY.search(issued.text)
    anna.fill("/keys/1/note", "/keys/1", note=text)
    anna.fill("/keys/1/extend", "/keys/1", activations="1", reason=text)
    pages = [
        issued,
        anna.get("/keys", params={"q": text}),
        anna.get("/organisations", params={"q": text, "state": text, "page": text}),
        anna.get("/activations", params={"q": text}),
        anna.get("/activations/hosts", params={"q": text}),
        anna.get("/audit", params={"q": text}),
        anna.get("/keys/1"),
        anna.get("/keys/issue", params={"organisation": text}),
        anna.fill("/accounts/add", "/accounts", name=text, role=text),
        anna.fill("/accounts/token", "/accounts", name=text, account=text, scope=text, days=text),
        anna.post("/login", data={"name": text, "password": text, "next": text}),
        site.stranger().post("/", data={"typed": text, "replaces": text}),
    ]
    for page in pages:
        assert page.status_code < 500
        assert "<script>" not in page.text
        assert "<img" not in page.text
        assert "49" not in page.text or "{{" not in text
    assert "1 organisation" in plain(pages[2]), "only the one that is called so"
    assert text in plain(pages[6])


def test_each_role_sees_and_does_only_its_own(site: AcmeSite) -> None:
    site.acme.mak()
    may = {
        "anna": {"/overview", "/keys", "/keys/1", "/keys/issue", "/organisations", "/audit", "/accounts", "/operator"},
        "otto": {"/overview", "/keys", "/keys/1", "/organisations", "/operator"},
        "audrey": {"/overview", "/keys", "/keys/1", "/organisations", "/audit"},
    }
    for name, paths in may.items():
        browser = site.as_(name)
        for path in sorted(may["anna"]):
            assert (browser.get(path).status_code, name, path) == (200 if path in paths else 403, name, path)


@pytest.mark.parametrize(
    "path",
    [
        "/keys/issue",
        "/keys/1/block",
        "/keys/1/replace",
        "/organisations",
        "/organisations/1/block",
        "/activations/hosts",
        "/accounts/add",
    ],
)
def test_changes_need_the_role_and_the_form_of_the_session(site: AcmeSite, anna: Browser, path: str) -> None:
    site.acme.mak()
    assert anna.post(path, data={"name": BANK}).status_code == 403, "no form secret"
    assert site.stranger().post(path, data={"name": BANK}).status_code == 401
    for name in ("otto", "audrey"):
        browser = site.as_(name)
        found = re.search(r'name="form" value="(\w+)"', browser.get("/password").text)
        assert found
        assert browser.post(path, data={"form": found[1], "name": BANK}).status_code == 403

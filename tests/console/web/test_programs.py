"""Programs with tokens: what each scope opens, what is begun for them, and how they are refused. People from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from muster.console.service.access import ROLES
from muster.console.web.programs import MAX_TASK_BYTES
from muster.platform.openid import OpenIdSettings, provider_of
from muster.platform.openid.exchange import HttpsIdentities
from muster.platform.pages.forms import MAX_FORM_BYTES
from tests.worlds.carried_machines import edition
from tests.worlds.clocks import MORNING
from tests.worlds.console_site import ConsoleSite, console_site
from tests.worlds.identity_provider import CLIENT, identifying
from tests.worlds.vendor_site import ADDRESS, Browser, plain

ENDPOINTS = {
    ("GET", "/machines"): "read",
    ("POST", "/machines"): "remove",
    ("POST", "/states"): "act",
    ("GET", "/reports/hosts"): "read",
    ("POST", "/tasks"): "act",
    ("GET", "/tasks/1"): "read",
    ("GET", "/audit"): "audit",
}


class Programs:
    """Programs of anna's, each with one scope; `ask` is one request."""

    def __init__(self, site: ConsoleSite) -> None:
        site.know("anna")
        self.site = site
        self.tokens = {
            scope: site.accounts.issue_token("setup", f"only-{scope}", "anna", frozenset({scope}), 30)
            for scope in ROLES["admin"]
        }
        self.web = TestClient(site.app, raise_server_exceptions=False)

    def ask(self, scope: str, method: str, path: str, body: Any = None) -> Response:
        headers = {"authorization": f"Bearer {self.tokens.get(scope, scope)}"}
        if isinstance(body, bytes):
            return self.web.request(method, f"/v1{path}", content=body, headers=headers)
        return self.web.request(method, f"/v1{path}", json=body, headers=headers)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    with console_site(tmp_path_factory.mktemp("console"), 30) as site:
        yield Programs(site)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_an_endpoint_opens_to_its_scope_alone(programs: Programs, method: str, path: str) -> None:
    needed = ENDPOINTS[method, path]
    other = "act" if needed != "act" else "read"
    refused = programs.ask(other, method, path)
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_ALLOWED")
    stranger = programs.web.request(method, f"/v1{path}")
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "Bearer")
    assert programs.ask("muster_wrong", method, path).json()["code"] == "LOGIN_REFUSED"
    assert programs.ask(needed, method, path).status_code not in {401, 403}


def test_a_program_adds_machines_sets_them_going_and_reads_what_came(programs: Programs) -> None:
    assert programs.ask("remove", "POST", "/machines", b"name,group\nsrv-1,x\nsrv-2,x\n").json() == {
        "found": 2,
        "new": 2,
    }
    lines = json.dumps({"machine": "srv-3", "status": {"editions": [edition()]}}).encode() + b"\n{}\n"
    taken = programs.ask("act", "POST", "/states", lines).json()
    assert (taken["kept"], len(taken["refused"])) == (1, 1)
    asked = {"operation": "set-host", "where": ["name~srv-*"], "parameters": {"hosts": "kms1"}}
    made = programs.ask("act", "POST", "/tasks", asked)
    assert made.status_code == 201
    programs.site.ended(made.json()["task"])
    told = programs.ask("read", "GET", f"/tasks/{made.json()['task']}").json()
    assert (told["done"], told["waiting"], told["actor"], told["after"]) == (3, 0, "anna/only-act", None)
    assert {row["machine"] for row in told["verdicts"]} == {"srv-1", "srv-2", "srv-3"}
    rows = programs.ask("read", "GET", "/machines?where=name~srv-*&where=edition!=").json()["machines"]
    assert "srv-3" in {row["machine"] for row in rows}
    assert programs.ask("audit", "GET", "/audit?last=1").json()[0]["actor"] == "anna/only-act"
    assert programs.ask("read", "GET", "/reports/hosts").json()["rows"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"operation": "install-key"}, "USAGE"),
        ({"operation": "remove"}, "USAGE"),
        ({"operation": "rearm", "where": ["name~pc-*"]}, "USAGE"),
        ({"operation": "renew", "parameters": {"hosts": "kms1"}}, "USAGE"),
        ({"operation": "renew", "where": ["colour=red"]}, "USAGE"),
        ({"operation": "renew", "where": ["name=nobody"]}, "NOT_FOUND"),
        ({"where": []}, "MESSAGE_MALFORMED"),
    ],
)
def test_what_no_program_may_begin_is_told(programs: Programs, asked: dict[str, Any], code: str) -> None:
    before = len(programs.site.machines.asked)
    refused = programs.ask("act", "POST", "/tasks", asked)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == code
    assert len(programs.site.machines.asked) == before


@pytest.mark.parametrize("query", ["sort=colour", "where=colour=red", "where=" + "x" * 5_000])
def test_a_list_that_is_none_is_refused_before_its_first_line(programs: Programs, query: str) -> None:
    refused = programs.ask("read", "GET", f"/machines?{query}")
    assert (refused.status_code, refused.json()["code"]) == (422, "USAGE")


def test_a_body_that_is_too_large_or_no_text_is_refused(programs: Programs) -> None:
    assert programs.ask("remove", "POST", "/machines", b"\xff\xfe").json()["code"] == "MESSAGE_MALFORMED"
    assert programs.ask("act", "POST", "/states", b" " * (MAX_FORM_BYTES + 1)).json()["code"] == "MESSAGE_MALFORMED"
    large = b" " * (MAX_TASK_BYTES + 1)
    assert "64 kB" in programs.ask("act", "POST", "/tasks", large).json()["detail"]
    # Whoever is not let in has nothing read.
    assert programs.ask("nobody", "POST", "/tasks", large).status_code == 401
    assert programs.ask("read", "POST", "/states", b" " * (MAX_FORM_BYTES + 1)).status_code == 403


def test_the_api_is_described_without_the_pages(programs: Programs) -> None:
    document = programs.web.get("/v1/openapi.json").json()
    assert {
        (method.upper(), path.removeprefix("/v1")) for path, each in document["paths"].items() for method in each
    } == {(method, path.replace("/1", "/{number}").replace("/hosts", "/{name}")) for method, path in ENDPOINTS}
    assert {"Problem", "NewTask"} <= set(document["components"]["schemas"])


def test_a_token_is_issued_and_ended_on_the_page_of_accounts(programs: Programs) -> None:
    anna = programs.site.as_("anna")
    page = anna.fill("/accounts/token", page="/accounts", name="ci", account="anna", scope="read", days="30")
    token = page.text.split('<p class="key">')[1].partition("<")[0]
    assert programs.ask(token, "GET", "/machines").status_code == 200
    assert programs.ask(token, "GET", "/audit").status_code == 403
    anna.fill("/accounts/end-token", page="/accounts", name="ci")
    assert programs.ask(token, "GET", "/machines").status_code == 401


def test_people_come_in_by_the_identity_provider(tmp_path: Path) -> None:
    redirect = f"{ADDRESS}/login/openid/back"
    with identifying(tmp_path / "provider", redirect, lambda: MORNING) as provider:
        (tmp_path / "secret").write_text("a secret: of the client/1\n")
        chosen = OpenIdSettings(
            issuer=provider.issuer,
            client=CLIENT,
            secret_file=str(tmp_path / "secret"),
            address=ADDRESS,
            name="Example Bank",
            roles=("staff=operator",),
        )
        asked = provider_of(chosen, ROLES)
        assert asked
        with console_site(tmp_path, identities=HttpsIdentities(asked, tls=provider.tls)) as site:
            nora = Browser(site.app)
            assert "Log in with Example Bank" in plain(nora.get("/login"))
            there = nora.get("/login/openid?next=/tasks", follow_redirects=False).headers["location"]
            back = provider.authorize({k: v[0] for k, v in _query(there).items()})
            page = nora.get(back.removeprefix(ADDRESS))
            assert page.url.path == "/tasks"
            assert "nora" in page.text
            assert nora.get("/audit").status_code == 403
            assert site.accounts.store.find("nora")


def _query(address: str) -> dict[str, list[str]]:
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(address).query)

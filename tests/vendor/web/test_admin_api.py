"""The API for a vendor's own programs: every endpoint with and without its scope, and what each of them does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from muster.platform.accounts import Accounts
from muster.platform.accounts.memory import MemoryAccounts
from muster.trust.cose import public_bytes
from muster.trust.humanid import format_installation
from muster.trust.productkey import parse_key
from muster.vendor import app as vendor
from muster.vendor.service.access import ROLES, vendor_accounts
from muster.vendor.web.limits import Limits, Pace
from muster.vendor.web.serving import create_app
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_keys import key_of
from tests.worlds.vendor_world import BANK, DEFINITION, Acme, hardware, host, machine

ALL = ROLES["admin"]
MAK = {"organisation": BANK, "kind": "mak", "scope": "acme-cad-pro", "activations": 5}


class Program:
    """A program of Acme's with tokens. Each call is one request; bodies are JSON unless they are text."""

    def __init__(self, home: Path) -> None:
        self.acme = Acme(home)
        self.accounts: Accounts = vendor_accounts(self.acme.vendor, MemoryAccounts(), LIGHT)
        self.accounts.add("setup", "anna", "admin", password="a password of some length")
        self.tokens = {
            scope: self.accounts.issue_token("setup", f"only-{scope}", "anna", frozenset({scope}), 30) for scope in ALL
        }
        limits = Limits(self.acme.clock, Pace(10_000, timedelta(milliseconds=1)))
        self.app = create_app(self.acme.vendor, self.accounts, limits)
        self._web = TestClient(self.app, raise_server_exceptions=False)

    def ask(self, scope: str | None, method: str, path: str, body: Any = None, **headers: str) -> Response:
        if scope is not None:
            headers["authorization"] = f"Bearer {self.tokens[scope]}"
        if isinstance(body, str):
            headers["content-type"] = "application/toml" if method == "PUT" else "application/octet-stream"
            return self._web.request(method, f"/v1/admin{path}", content=body, headers=headers)
        return self._web.request(method, f"/v1/admin{path}", json=body, headers=headers)

    def audited(self) -> tuple[str, str, str]:
        row = self.acme.vendor.store.run(lambda books: books.audit_rows(1))[0]
        return row.actor, row.action, row.subject


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("acme"))
    yield program
    program.acme.close()


# Scope, request, and the status it comes to when it is let in. Rows build on each other: 1 is the first key.
CALLS: list[tuple[str, str, str, Any, int]] = [
    ("customers", "POST", "/organisations", {"name": "Globex Corporation"}, 201),
    ("read", "GET", "/organisations", None, 200),
    ("read", "GET", "/organisations/1", None, 200),
    ("customers", "POST", "/organisations/2/block", None, 200),
    ("customers", "POST", "/organisations/2/unblock", None, 200),
    ("customers", "PUT", "/organisations/2/contract", {"until": "2030-12-31"}, 200),
    ("read", "GET", "/organisations/2/reported", None, 200),
    ("customers", "POST", "/reports", "no report", 422),
    ("keys", "POST", "/keys", MAK, 201),
    ("read", "GET", "/keys", None, 200),
    ("read", "GET", "/keys/1", None, 200),
    ("except", "POST", "/keys/1/note", {"note": "sold by telephone"}, 204),
    ("except", "POST", "/keys/1/extend", {"activations": 2, "reason": "a gift"}, 200),
    ("read", "GET", "/keys/1/history", None, 200),
    ("keys", "POST", "/keys/1/block", None, 200),
    ("keys", "POST", "/keys/1/unblock", None, 200),
    ("keys", "POST", "/keys/1/replace", None, 200),
    ("read", "GET", "/machines", None, 200),
    ("read", "GET", "/certificates", None, 200),
    ("keys", "POST", "/certificates/77/withdraw", None, 404),
    ("confirm", "POST", "/confirmations", {"installation_id": "1234567"}, 422),
    ("read", "GET", "/figures", None, 200),
    ("read", "GET", "/editions", None, 200),
    ("read", "GET", "/product", None, 200),
    ("customers", "PUT", "/product", DEFINITION, 204),
    ("read", "GET", "/keyset", None, 200),
    ("keys", "POST", "/keyset", {"rotate": "product"}, 200),
    ("keys", "POST", "/keyset/propose", {"rotate": "bundle"}, 200),
    ("keys", "POST", "/keyset/publish", {"proposal": "{}", "signatures": ["{}"]}, 422),
    ("webhooks", "POST", "/webhooks", {"address": "https://erp.acme.example/", "events": ["key.exhausted"]}, 201),
    ("webhooks", "GET", "/webhooks", None, 200),
    ("webhooks", "POST", "/webhooks/1/pause", None, 200),
    ("webhooks", "POST", "/webhooks/1/resume", None, 200),
    ("webhooks", "POST", "/webhooks/1/test", None, 202),
    ("webhooks", "GET", "/deliveries", None, 200),
    ("webhooks", "POST", "/deliveries/1/again", None, 202),
    ("webhooks", "DELETE", "/webhooks/1", None, 204),
    ("audit", "GET", "/audit", None, 200),
    ("erase", "POST", "/people/search", {"text": "anna"}, 200),
    ("erase", "POST", "/people/erase", {"people": [1], "reason": "letter 12"}, 204),
    ("accounts", "POST", "/accounts", {"name": "otto", "role": "operator"}, 201),
    ("accounts", "GET", "/accounts", None, 200),
    ("accounts", "PATCH", "/accounts/otto", {"role": "auditor"}, 200),
    ("accounts", "POST", "/accounts/otto/reset", None, 200),
    ("accounts", "PATCH", "/accounts/otto", {"is_blocked": True}, 200),
    ("accounts", "DELETE", "/accounts/otto", None, 204),
    ("accounts", "POST", "/tokens", {"name": "ci", "account": "anna", "scopes": ["read"], "days": 3}, 201),
    ("accounts", "GET", "/tokens", None, 200),
    ("accounts", "DELETE", "/tokens/ci", None, 204),
]


def test_each_endpoint_opens_for_its_own_scope_and_for_no_other(program: Program) -> None:
    for scope, method, path, body, status in CALLS:
        for other in (*sorted(ALL - {scope}), None):
            refused = program.ask(other, method, path, body)
            assert (other, path, refused.status_code) == (other, path, 403 if other else 401)
            assert refused.json()["code"] == ("NOT_ALLOWED" if other else "LOGIN_REFUSED")
        answer = program.ask(scope, method, path, body)
        assert (method, path, answer.status_code) == (method, path, status), answer.text
        assert answer.headers["cache-control"] == "no-store"


def test_the_description_names_every_endpoint_with_its_scope(program: Program) -> None:
    described = program.app.openapi()
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    found = {
        (scopes[0], method.upper(), path.removeprefix("/v1/admin"))
        for path, operations in described["paths"].items()
        if path.startswith("/v1/admin/")
        for method, operation in operations.items()
        for scopes in (operation["security"][0]["token"],)
    }
    tried = {
        (
            scope,
            method,
            path.replace("/1", "/{number}", 1).replace("/2/", "/{number}/", 1).replace("/77/", "/{serial}/"),
        )
        for scope, method, path, _, _ in CALLS
    }
    names = {row.replace("otto", "{name}").replace("/ci", "/{name}") for row in (path for _, _, path in tried)}
    assert {path for _, _, path in found} == names
    assert len(found) == len({(method, path) for _, method, path, _, _ in CALLS})
    assert {scope for scope, _, _ in found} == ALL


def test_a_key_is_told_once_and_found_by_its_number_later(program: Program) -> None:
    made = program.ask("keys", "POST", "/keys", {**MAK, "count": 3}).json()["keys"]
    assert program.audited()[:2] == ("anna/only-keys", "key.issued")
    rows = {row["number"]: row for row in program.ask("read", "GET", "/keys?size=3").json()["rows"]}
    for one in made:
        key = parse_key(one["key"])
        assert rows[one["number"]]["last_characters"] == key.partial
        assert one["key"] not in program.ask("read", "GET", f"/keys/{one['number']}").text
    confirmed = program.ask(
        "confirm",
        "POST",
        "/confirmations",
        {"installation_id": format_installation(machine(parse_key(made[0]["key"]), hardware(1)))},
    ).json()
    assert (confirmed["key"], confirmed["cost"], confirmed["serial"]) == (made[0]["number"], "activation", None)
    assert program.ask("read", "GET", f"/keys/{made[0]['number']}").json()["used"] == 1
    assert program.ask("read", "GET", f"/machines?key={made[0]['number']}").json()["total"] == 1


def test_a_keyset_is_proposed_signed_elsewhere_and_published(program: Program) -> None:
    before = program.ask("read", "GET", "/keyset").json()
    proposal = program.ask("keys", "POST", "/keyset/propose", {"rotate": "host"}).text
    assert program.ask("read", "GET", "/keyset").json() == before
    signatures = vendor.sign(proposal, program.acme.vendor.keys.roots())
    after = program.ask("keys", "POST", "/keyset/publish", {"proposal": proposal, "signatures": [signatures]}).json()
    assert after["version"] == before["version"] + 1
    used = [[k["number"] for k in row["issuing"] if k["state"] == "in use"] for row in (before, after)]
    assert used[0][0] != used[1][0]
    assert used[0][1:] == used[1][1:]
    assert program.audited()[:2] == ("anna/only-keys", "keyset.published")


def test_a_change_of_root_keys_is_published_and_told(program: Program) -> None:
    root, acme = key_of("new root"), program.acme.vendor
    before = program.ask("read", "GET", "/keyset").json()
    proposal = vendor.propose(acme, vendor.Change(add_roots=(public_bytes(root),), drop_roots=("1",)))
    sent = {"proposal": proposal, "signatures": [vendor.sign(proposal, acme.keys.roots())]}
    few = program.ask("keys", "POST", "/keyset/publish", sent)
    assert (few.status_code, few.json()["code"]) == (422, "KEYSET_UNTRUSTED")
    assert public_bytes(root).hex()[:16] in few.json()["detail"]
    assert program.ask("read", "GET", "/keyset").json() == before
    sent["signatures"] = [*sent["signatures"], vendor.sign(proposal, [root])]
    after = program.ask("keys", "POST", "/keyset/publish", sent).json()
    assert (after["roots"], after["fingerprint"]) == ([public_bytes(root).hex()], before["fingerprint"])
    assert after["root_changes"] == [
        {"version": after["version"], "added": after["roots"], "dropped": before["roots"], "threshold": 1}
    ]
    # The root keys in the home are those of the next test again.
    back = vendor.propose(acme, vendor.Change(add_roots=(bytes.fromhex(before["roots"][0]),), drop_roots=("1",)))
    vendor.publish(acme, back, [vendor.sign(back, [root, *acme.keys.roots()])])


def test_a_certificate_is_withdrawn_in_the_next_keyset(program: Program) -> None:
    before = program.ask("read", "GET", "/keyset").json()["version"]
    done = program.acme.confirm(host(program.acme.host_key(), 1))
    answer = program.ask("keys", "POST", f"/certificates/{done.serial}/withdraw")
    assert answer.json() == {"serial": done.serial, "keyset": before + 1}
    assert program.ask("read", "GET", "/keyset").json()["withdrawn"] == [done.serial]
    assert program.ask("read", "GET", "/certificates?state=withdrawn").json()["rows"][0]["number"] == done.serial


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/keys", {**MAK, "organisation": "Exampel Bank"}, 422, "ORGANISATION_UNKNOWN"),
        ("POST", "/keys", {**MAK, "activations": 0}, 422, "USAGE"),
        ("POST", "/keys", {**MAK, "kind": "generic"}, 422, "MESSAGE_MALFORMED"),
        ("POST", "/keys", {**MAK, "count": 501}, 422, "MESSAGE_MALFORMED"),
        ("POST", "/keys", {**MAK, "until": "1999-01-01"}, 422, "USAGE"),
        ("POST", "/keys/99999/block", None, 404, "NOT_FOUND"),
        ("POST", "/keys/99999999999999999999/block", None, 422, "MESSAGE_MALFORMED"),
    ],
)
def test_a_wrong_order_is_told_to_whoever_gave_it(
    program: Program, *, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = program.ask("keys", method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_definition_that_moves_an_id_is_refused(program: Program) -> None:
    moved = DEFINITION.replace('name = "acme-cad-pro"\nid = 1001', 'name = "acme-cad-lite"\nid = 1001')
    assert moved != DEFINITION
    refused = program.ask("customers", "PUT", "/product", moved)
    assert (refused.status_code, program.ask("read", "GET", "/product").text) == (422, DEFINITION)
    assert program.ask("customers", "PUT", "/product", "x" * 262145).status_code == 413


def test_an_ended_token_and_a_blocked_owner_open_nothing(program: Program) -> None:
    program.accounts.add("setup", "rita", "auditor", password="a password of some length")
    program.tokens["rita"] = program.accounts.issue_token("setup", "rita", "rita", frozenset({"read"}), 1)
    assert program.ask("rita", "GET", "/keys").status_code == 200
    program.accounts.change("setup", "rita", blocked=True)
    refused = program.ask("rita", "GET", "/keys")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    program.accounts.change("setup", "rita", blocked=False)
    assert program.ask("rita", "GET", "/keys").status_code == 200
    program.acme.clock.move(days=2)
    assert program.ask("rita", "GET", "/keys").status_code == 401


def test_a_token_issues_none_that_may_more_than_its_account(program: Program) -> None:
    program.accounts.add("setup", "olga", "operator", password="a password of some length")
    wanted = {"name": "more", "account": "olga", "scopes": ["keys"], "days": 3}
    refused = program.ask("accounts", "POST", "/tokens", wanted)
    assert (refused.status_code, refused.json()["code"]) == (422, "USAGE")
    own = program.ask("accounts", "PATCH", "/accounts/anna", {"is_blocked": True})
    assert (own.status_code, own.json()["code"]) == (403, "NOT_ALLOWED")

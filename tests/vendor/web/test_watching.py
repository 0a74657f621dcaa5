"""What operators of the service see: its log, its own description, and no secret in either."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from starlette.testclient import TestClient

from muster.base import log
from muster.platform.accounts.memory import MemoryAccounts
from muster.trust.humanid import format_installation
from muster.vendor.service.access import vendor_accounts
from muster.vendor.web.serving import create_app
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_world import Acme, hardware, machine


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with closing(Acme(tmp_path_factory.mktemp("acme"))) as acme:
        yield acme


@pytest.fixture
def web(acme: Acme) -> TestClient:
    accounts = vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT)
    return TestClient(create_app(acme.vendor, accounts), client=("192.0.2.7", 50000), raise_server_exceptions=False)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure("info", stream)
    yield stream
    log.configure("info")


def test_each_answer_is_a_line_with_its_route_and_none_with_a_secret(
    acme: Acme, web: TestClient, written: io.StringIO
) -> None:
    key = acme.mak()
    digits = format_installation(machine(key, hardware(1)))
    secrets = [key.formatted, key.text, digits, "tok-secret", "geheim"]
    assert web.post("/v1/permanent-activations", json={"installation_id": digits}).status_code == 200
    web.post("/v1/remaining", json={"key": key.formatted}, headers={"authorization": "Bearer tok-secret"})
    web.post("/login", data={"name": "anna", "password": "geheim"})
    web.get(f"/{key.formatted}?key={key.formatted}")
    web.get("/health")
    rows = [json.loads(line) for line in written.getvalue().splitlines()]
    answered = [row for row in rows if row["event"] == "vendor.answered"]
    assert [(row["method"], row["route"], row["status"]) for row in answered] == [
        ("POST", "/v1/permanent-activations", 200),
        ("POST", "/v1/remaining", 200),
        ("POST", "/login", answered[2]["status"]),
        ("GET", "none", 404),
    ]
    assert answered[0]["prefix"] == "192.0.2.7"
    assert answered[0]["milliseconds"] >= 0
    assert not [secret for secret in secrets if secret in written.getvalue()]


def test_the_documentation_tells_every_operation_and_loads_nothing_from_elsewhere(web: TestClient) -> None:
    page = web.get("/docs")
    assert page.status_code == 200
    document = web.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in page.text
    for name in document["components"]["schemas"]:
        assert f'id="schema-{name}"' in page.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "/docs" not in document["paths"]


def test_every_reference_of_the_page_leads_somewhere(web: TestClient) -> None:
    page = web.get("/docs").text
    ids = set(re.findall(r'id="(schema-[^"]+)"', page))
    assert set(re.findall(r'href="#(schema-[^"]+)"', page)) <= ids

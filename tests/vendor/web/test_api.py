"""What strangers get from the API when they do not ask as agreed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from muster.platform.accounts.memory import MemoryAccounts
from muster.trust.humanid import format_installation
from muster.vendor.service.access import vendor_accounts
from muster.vendor.web.bodies import MAX_BUNDLE_BYTES, MAX_JSON_BYTES
from muster.vendor.web.limits import Limits, Pace, prefix_of
from muster.vendor.web.serving import create_app
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_world import Acme, hardware, host, machine

WIDE = Pace(1000, timedelta(seconds=1))


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Acme:
    return Acme(tmp_path_factory.mktemp("acme"))


def caller(acme: Acme, per_address: Pace = WIDE, per_key: Pace = WIDE) -> TestClient:
    accounts = vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT)
    limits = Limits(acme.clock, per_address, per_key)
    return TestClient(create_app(acme.vendor, accounts, limits), client=("192.0.2.7", 50000))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "MESSAGE_MALFORMED"),
        (b"{", 422, "MESSAGE_MALFORMED"),
        (b"[]", 422, "MESSAGE_MALFORMED"),
        (b'{"installation_id": 7}', 422, "MESSAGE_MALFORMED"),
        (b'{"installation_id": "\\u0000"}', 422, "INSTALLATION_ID_MALFORMED"),
        (b'{"installation_id": "\' OR 1=1 --"}', 422, "INSTALLATION_ID_MALFORMED"),
        (b" " * (MAX_JSON_BYTES + 1), 413, "MESSAGE_MALFORMED"),
    ],
)
def test_what_is_no_request_is_a_problem_with_its_code(acme: Acme, body: bytes, status: int, code: str) -> None:
    answer = caller(acme).post("/v1/permanent-activations", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_bundle_beyond_its_cap_is_not_read(acme: Acme) -> None:
    answer = caller(acme).post("/v1/request-bundles", content=b"x" * (MAX_BUNDLE_BYTES + 1))
    assert answer.status_code == 413


def test_a_key_that_is_refused_is_never_repeated(acme: Acme) -> None:
    text = "ABCDE-FGHJK-MNPQR-STVWX-YZ012"
    for body in ({"key": text}, {"key": [text]}):
        assert text not in caller(acme).post("/v1/remaining", json=body).text


def test_a_host_is_sent_to_its_own_address(acme: Acme) -> None:
    asked = {"installation_id": format_installation(host(acme.host_key(), 1))}
    answer = caller(acme).post("/v1/permanent-activations", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (409, "KEY_WRONG_KIND")
    assert "/v1/certificates" in answer.json()["hint"]


def test_who_asks_too_often_is_told_when_to_come_again(acme: Acme) -> None:
    web = caller(acme, per_address=Pace(2, timedelta(seconds=10)))
    assert [web.post("/v1/remaining", json={}).status_code for _ in range(3)] == [422, 422, 429]
    refused = web.post("/v1/remaining", json={})
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("RATE_LIMITED", "10")
    acme.clock.move(seconds=10)
    assert web.post("/v1/remaining", json={}).status_code == 422


def test_one_key_is_limited_and_another_is_not(acme: Acme) -> None:
    web = caller(acme, per_key=Pace(1, timedelta(seconds=10)))

    def ask(number: int) -> int:
        asked = {"installation_id": format_installation(machine(keys[number], hardware(1)))}
        return web.post("/v1/permanent-activations", json=asked).status_code

    keys = [acme.mak(), acme.mak()]
    assert [ask(0), ask(0), ask(1)] == [200, 429, 200]


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
    ],
)
def test_a_subscriber_is_one_prefix(address: str, prefix: str) -> None:
    assert prefix_of(address) == prefix


def test_the_product_file_stays_the_same_until_something_changes(acme: Acme) -> None:
    web, vendor_id = caller(acme), acme.vendor.keysets().vendor_id.hex()
    first = web.get(f"/v1/product-files/{vendor_id}")
    again = web.get(f"/v1/product-files/{vendor_id}", headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert web.get(f"/v1/product-files/{vendor_id}").content == first.content


def test_operators_see_that_it_lives_is_ready_and_what_it_answered(acme: Acme) -> None:
    web = caller(acme)
    assert web.get("/health").json() == {"status": "ok"}
    assert web.get("/ready").json()["keyset"] == 1
    web.get("/nowhere")
    assert 'muster_vendor_answers_total{route="none",status="404"} 1.0' in web.get("/metrics").text
    assert "Problem" in web.get("/openapi.json").json()["components"]["schemas"]


def test_the_short_way_and_the_route_answer_alike(acme: Acme) -> None:
    key, wrong = acme.mak(activations=2), acme.mak()
    digits = [format_installation(machine(key, hardware(n))) for n in range(3)]
    bodies: list[tuple[object, int]] = [
        *(({"installation_id": one}, 200) for one in digits[:2]),
        ({"installation_id": digits[2]}, 409),
        ({"installation_id": format_installation(host(wrong, 1))}, 409),
        ({"installation_id": digits[0][:-1] + "x"}, 422),
        ({"installation_id": [digits[0]]}, 422),
        ({"installation_id": digits[0], "more": 1}, 200),
        ([digits[0]], 422),
    ]
    web = caller(acme)
    for body, status in bodies:
        answers = [
            web.post("/v1/permanent-activations", content=json.dumps(body), headers={"content-type": media})
            # With parameters it is not as every machine sends it, so it goes to the route.
            for media in ("application/json", "application/json; charset=utf-8")
        ]
        assert [answer.status_code for answer in answers] == [status, status], body
        assert answers[0].json() == answers[1].json()
        assert answers[0].headers["content-type"] == answers[1].headers["content-type"]
    assert 'route="/v1/permanent-activations",status="200"' in web.get("/metrics").text

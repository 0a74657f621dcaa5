"""What strangers and stolen secrets may throw at the vendor's service: pictures, bundles, bodies without end, old tokens."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient
from starlette.types import Message

from muster.platform.accounts import Accounts
from muster.platform.accounts.memory import MemoryAccounts
from muster.platform.pages.forms import MAX_FORM_BYTES
from muster.trust.humanid import format_installation
from muster.vendor.service.access import ROLES, vendor_accounts
from muster.vendor.web.bodies import MAX_BUNDLE_BYTES
from muster.vendor.web.limits import Limits, Pace
from muster.vendor.web.serving import create_app
from muster.wire.bundle import MAX_ROWS, RequestBundle, RequestRow, encode_request_bundle
from tests.vendor.web.test_portal import picture_of
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_site import PASSWORD, plain
from tests.worlds.vendor_world import Acme, hardware, machine, packed

WIDE = Pace(100_000, timedelta(milliseconds=1))
MARKUP = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"
STATEMENT = "1'; DROP TABLE product_key; --%_\\"
SHOWN_ROWS = 100
PIECE = bytes(1024 * 1024)
LIMIT_PIECES = MAX_FORM_BYTES // len(PIECE)


class World:
    """A service with pages and API, an administrator, and a token that may do everything."""

    def __init__(self, acme: Acme) -> None:
        self.acme = acme
        self.accounts: Accounts = vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT)
        self.accounts.add("setup", "anna", "admin", password=PASSWORD)
        self.token = self.accounts.issue_token("setup", "all", "anna", ROLES["admin"], 30)
        self.app: FastAPI = create_app(acme.vendor, self.accounts, Limits(acme.clock, WIDE, WIDE))
        self.web = TestClient(self.app, "https://activate.acme.example", raise_server_exceptions=False)
        self.key = acme.mak(activations=3)
        self.digits = format_installation(machine(self.key, hardware(1)))

    def admin(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        headers = {"authorization": f"Bearer {token or self.token}"}
        return self.web.request(method, path, json=body, headers=headers)

    def used(self) -> int:
        return self.acme.row(self.key).used


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with closing(Acme(tmp_path_factory.mktemp("acme"))) as acme:
        yield World(acme)


def animated() -> bytes:
    """Many pictures in one file, each of many pixels."""
    out, frame = io.BytesIO(), Image.new("P", (3000, 3000))
    frame.save(out, "gif", save_all=True, append_images=[Image.new("P", (3000, 3000), n) for n in range(1, 9)])
    return out.getvalue()


def test_hostile_pictures_get_a_clear_answer_and_cost_nothing(world: World) -> None:
    good = {kind: picture_of(world.digits, kind) for kind in ("png", "jpeg")}
    pictures = {
        "empty.png": b"",
        "signature.png": good["png"][:8],
        "header.png": good["png"][:33],
        "half.png": good["png"][: len(good["png"]) // 2],
        "half.jpg": good["jpeg"][: len(good["jpeg"]) // 3],
        "lying.png": good["png"][:16] + b"\xff" * 8 + good["png"][24:],
        "turned.jpg": good["jpeg"][::-1],
        "script.png": b"#!/bin/sh\nrm -rf /\n",
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "archive.zip": b"PK\x03\x04" + bytes(1000),
        "program.exe": b"MZ" + bytes(1000),
        "many.gif": animated(),
        "../../../etc/passwd": b"\x89PNG\r\n\x1a\n",
    }
    for name, data in pictures.items():
        page = world.web.post("/", files={"file": (name, data)})
        assert (name, page.status_code) == (name, 422)
        assert (name, 'role="alert"' in page.text) == (name, True)
    assert world.used() == 0


@pytest.mark.parametrize("path", ["/", "/bundle", "/login"])
def test_a_body_without_end_is_read_to_its_limit_and_no_further(world: World, path: str) -> None:
    head = b'--edge\r\ncontent-disposition: form-data; name="file"; filename="big.jpg"\r\n\r\n'
    pieces, statuses = chain([head], repeat(PIECE, 5 * LIMIT_PIECES)), list[int]()

    async def receive() -> Message:
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "https",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"content-type", b"multipart/form-data; boundary=edge"), (b"transfer-encoding", b"chunked")],
        "client": ("192.0.2.7", 50000), "server": ("activate.acme.example", 443),
    }  # fmt: skip
    asyncio.run(world.app(scope, receive, send))
    assert statuses == [422]
    assert len(list(pieces)) > 3 * LIMIT_PIECES


@pytest.mark.parametrize("path", ["/", "/bundle", "/login"])
def test_bodies_that_are_no_form_are_told_so(world: World, path: str) -> None:
    form, parts = "application/x-www-form-urlencoded", "multipart/form-data"
    for kind, body in (
        (form, b"\xff\xfe=\xff&%zz=%"),
        (form, b"&".join(b"a%d=1" % n for n in range(5000))),
        (form, b"typed=" + b"1" * 3_000_000),
        (parts, b"--edge\r\n\r\n"),
        (
            f"{parts}; boundary=edge",
            b'--edge\r\ncontent-disposition: form-data; name="typed"\r\n\r\nno end',
        ),
        (f"{parts}; boundary=edge", b"--edge\r\n" + b"x: y\r\n" * 20_000 + b"\r\n\r\n--edge--\r\n"),
        (f'{parts}; boundary="{"e" * 5000}"', b"--" + b"e" * 5000 + b"--\r\n"),
        ("application/json", b'{"typed": "1"}'),
        ("text/plain; charset=utf-7", b"+ADw-script+AD4-"),
        ("", bytes(range(256))),
    ):
        answer = world.web.post(path, content=body, headers={"content-type": kind})
        assert (kind, body[:40], answer.status_code in {400, 401, 413, 415, 422, 429}) == (kind, body[:40], True)
    assert world.used() == 0


def test_ten_thousand_bad_rows_are_answered_row_by_row_on_a_short_page(world: World) -> None:
    good, wrong = (packed(machine(key, hardware(2))) for key in (world.acme.mak(), world.key))
    bad = [wrong[:-4] + number.to_bytes(4, "big") for number in range(MAX_ROWS // 2)]
    noise = [number.to_bytes(40, "big") for number in range(MAX_ROWS - len(bad) - 1)]
    rows = tuple(RequestRow(data, MARKUP[:20]) for data in (*bad, *noise, good))
    bundle = RequestBundle(world.acme.vendor.keysets().vendor_id, bytes(16), 1, rows)
    text = encode_request_bundle(bundle).encode()
    assert len(text) < MAX_BUNDLE_BYTES
    page = world.web.post("/bundle", files={"file": ("request.txt", text)})
    assert "1 of 10,000 confirmed." in plain(page)
    assert page.text.count('<td class="wrap">') == SHOWN_ROWS
    assert "<img" not in page.text


@pytest.mark.parametrize("text", [MARKUP, STATEMENT, "\0", "\u202egnp.exe", "x" * 3000], ids=str.__len__)
def test_no_text_that_the_api_takes_is_run_or_breaks_anything(world: World, text: str) -> None:
    described = world.app.openapi()
    asked = 0
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            wanted = described["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], {})
            fields = dict.fromkeys(wanted.get("properties", {}), text)
            place = path.replace("{number}", "1").replace("{serial}", "1").replace("{name}", "anna")
            query = {p["name"]: text for p in operation.get("parameters", ()) if p["in"] == "query"}
            if "{" in place or not (fields or query) or path.endswith(("/reset", "/erase")):
                continue
            asked += 1
            headers = {"authorization": f"Bearer {world.token}"} if "/admin/" in path else {}
            answer = world.web.request(method, place, json=fields or None, params=query, headers=headers)
            assert (path, answer.status_code < 500) == (path, True), answer.text
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", path
    assert asked > 15
    assert world.admin("GET", "/v1/admin/keys").json()["rows"], "the table is there"


def test_a_token_that_expired_was_ended_or_was_never_given_opens_nothing(world: World) -> None:
    def opens(token: str) -> int:
        return int(world.admin("GET", "/v1/admin/keys", token=token).status_code)

    short = world.accounts.issue_token("setup", "short", "anna", frozenset({"read"}), 1)
    ended = world.accounts.issue_token("setup", "ended", "anna", frozenset({"read"}), 30)
    assert [opens(short), opens(ended)] == [200, 200]
    world.accounts.end_token("setup", "ended")
    world.acme.clock.move(days=1, minutes=1)
    assert [opens(short), opens(ended)] == [401, 401]
    for guess in (short[:-1], short + "x", short.upper(), "muster_", MARKUP, STATEMENT, "x" * 5000, "ü"):
        headers = {"authorization": f"Bearer {guess}".encode()}
        answer = world.web.get("/v1/admin/keys", headers=headers)  # type: ignore[arg-type] # bytes as they may come
        assert (guess, answer.status_code) == (guess, 401)
        assert guess not in answer.text

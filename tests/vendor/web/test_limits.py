"""Limits of strangers, where they ask with many installation ids at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from muster.base.errors import Code
from muster.platform.accounts.memory import MemoryAccounts
from muster.trust.bundle import open_bundle, refusal_of
from muster.trust.humanid import format_installation
from muster.trust.installation import machine_id
from muster.trust.productkey import ProductKey
from muster.vendor.service.access import vendor_accounts
from muster.vendor.service.bundling import MAX_WRONG_TAGS, references_in
from muster.vendor.web.limits import MAX_BUCKETS, Limits, Pace, TooFast
from muster.vendor.web.pages import add_pages
from muster.vendor.web.serving import create_app
from muster.wire.bundle import RequestBundle, RequestRow, encode_request_bundle
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_world import CAD_PRO, Acme, hardware, machine, packed

SLOW = timedelta(seconds=10)
WIDE = Pace(10_000, timedelta(seconds=1))
CALLER = ("192.0.2.7", 50000)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    with closing(Acme(tmp_path)) as acme:
        yield acme


def guess(key: ProductKey, number: int) -> bytes:
    """The installation id of somebody who knows the reference of a key and not the key."""
    return packed(machine_id(key.reference, bytes(32), CAD_PRO, hardware(number)))


def bundle(acme: Acme, *ids: bytes) -> str:
    rows = tuple(RequestRow(one) for one in ids)
    return encode_request_bundle(RequestBundle(acme.vendor.keysets().vendor_id, bytes(16), 1_790_000_000, rows))


def test_a_bundle_tells_no_more_wrong_tags_of_a_key_than_its_limit(acme: Acme) -> None:
    key, other = acme.mak(), acme.mak()
    ids = [guess(key, number) for number in range(MAX_WRONG_TAGS + 5)]
    ids += [packed(machine(key, hardware(1))), packed(machine(other, hardware(1)))]
    web = TestClient(
        create_app(acme.vendor, vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT), Limits(acme.clock, WIDE, WIDE))
    )
    answer = web.post("/v1/request-bundles", content=bundle(acme, *ids), headers={"content-type": "text/plain"})
    opened = open_bundle(answer.text, acme.vendor.keysets())
    refusals = [refusal_of(row, ids, acme.vendor.keysets()) for row in opened.rows]
    codes = [refusal.code if refusal else None for refusal in refusals]
    assert codes == [Code.KEY_UNKNOWN] * MAX_WRONG_TAGS + [Code.RATE_LIMITED] * 6 + [None]
    assert (acme.row(key).used, acme.row(other).used) == (0, 1)


def test_a_bundle_counts_against_its_keys_and_by_its_rows_against_its_address(acme: Acme) -> None:
    key = acme.mak()
    limits = Limits(acme.clock, Pace(10, SLOW), Pace(MAX_WRONG_TAGS + 1, SLOW))
    limits.bundle(CALLER, {key.reference: 900})
    limits.address(CALLER)
    with pytest.raises(TooFast):
        limits.address(CALLER)
    limits.key(key.reference)
    with pytest.raises(TooFast):
        limits.key(key.reference)


def test_references_of_a_bundle_leave_out_what_is_no_installation_id(acme: Acme) -> None:
    key = acme.mak()
    text = bundle(acme, guess(key, 1), b"nonsense", guess(key, 2))
    assert references_in(text) == {key.reference: 2}


def test_the_portal_limits_a_key_as_the_api_does(acme: Acme) -> None:
    app = FastAPI()
    limits = Limits(acme.clock, WIDE, Pace(1, SLOW))
    add_pages(app, acme.vendor, vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT), limits)
    web = TestClient(app, client=CALLER)
    keys = [acme.mak(), acme.mak()]

    def ask(number: int) -> int:
        return web.post("/", data={"typed": format_installation(machine(keys[number], hardware(1)))}).status_code

    assert [ask(0), ask(0), ask(1)] == [200, 429, 200]
    acme.clock.move(seconds=10)
    assert ask(0) == 200
    refused = web.post("/bundle", files={"file": ("request.txt", bundle(acme, packed(machine(keys[0], hardware(1)))))})
    assert (refused.status_code, "RATE_LIMITED" in refused.text) == (429, True)


def test_many_strangers_take_no_more_memory_than_the_limit(acme: Acme) -> None:
    limits = Limits(acme.clock)
    for number in range(MAX_BUCKETS + 50):
        limits.key(number.to_bytes(8, "big"))
    assert len(limits._full_at) == MAX_BUCKETS

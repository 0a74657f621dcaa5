"""Request bundles on the portal."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from muster.base.errors import Code
from muster.trust.bundle import open_bundle, refusal_of
from muster.wire.bundle import RequestBundle, RequestRow, encode_request_bundle
from tests.worlds.vendor_site import AcmeSite, Browser, plain
from tests.worlds.vendor_world import hardware, host, machine, packed

DATABASE = bytes(range(16))


@pytest.fixture
def site(tmp_path: Path) -> AcmeSite:
    return AcmeSite(tmp_path)


@pytest.fixture
def browser(site: AcmeSite) -> Browser:
    return site.stranger()


def bundle(site: AcmeSite, *rows: RequestRow) -> RequestBundle:
    made_at = int(site.acme.clock.now().timestamp())
    return RequestBundle(site.acme.vendor.keysets().vendor_id, DATABASE, made_at, rows)


def upload(browser: Browser, text: str | bytes) -> tuple[str, str]:
    """What the page says, and the file that it gives."""
    page = browser.post("/bundle", files={"file": ("request.txt", text)})
    found = re.search(r'href="data:text/plain;charset=us-ascii,([^"]+)"', page.text)
    return plain(page), unquote(found[1]) if found else ""


def test_every_row_gets_its_verdict_and_a_bad_one_spoils_no_other(site: AcmeSite, browser: Browser) -> None:
    mak, key = site.acme.mak(activations=2), site.acme.host_key()
    ids = [packed(machine(mak, hardware(n))) for n in (1, 2, 3)] + [packed(host(key, 1))]
    ids += [ids[0][:-1] + bytes([ids[0][-1] ^ 1]), b"nonsense"]
    rows = [RequestRow(installation, f"pc{number}") for number, installation in enumerate(ids)]
    says, file = upload(browser, encode_request_bundle(bundle(site, *rows)))
    assert "3 of 6 confirmed." in says
    keysets = site.acme.vendor.keysets()
    opened = open_bundle(file, keysets)
    assert opened.doubt is None
    assert opened.claims.database == DATABASE
    refusals = [refusal_of(row, ids, keysets) for row in opened.rows]
    assert [refusal.code if refusal else None for refusal in refusals] == [
        None,
        None,
        Code.KEY_EXHAUSTED,
        None,
        Code.KEY_UNKNOWN,
        Code.INSTALLATION_ID_MALFORMED,
    ]
    assert re.search(r"3 pc2 .*KEY_EXHAUSTED", says)


def test_the_same_bundle_again_costs_nothing(site: AcmeSite, browser: Browser) -> None:
    key = site.acme.mak(activations=150)
    rows = [RequestRow(packed(machine(key, hardware(n)))) for n in range(120)]
    text = encode_request_bundle(bundle(site, *rows))
    first, second = upload(browser, text), upload(browser, text)
    assert first == second
    assert "120 of 120 confirmed." in first[0]
    assert site.acme.row(key).used == 120


@pytest.mark.parametrize("what", ["nothing", "noise", "other vendor", "edited", "a picture", "too many rows"])
def test_a_file_that_is_no_bundle_of_this_vendor_is_told(site: AcmeSite, browser: Browser, what: str) -> None:
    good = bundle(site, RequestRow(packed(machine(site.acme.mak(), hardware(1)))))
    text = encode_request_bundle(good)
    files: dict[str, str | bytes] = {
        "nothing": b"",
        "noise": bytes(range(256)) * 40,
        "other vendor": encode_request_bundle(replace(good, vendor_id=bytes(8))),
        "edited": text.replace(text[60], "!", 1),
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(400),
        "too many rows": text[:50] + "A" * 3_000_000,
    }
    page = browser.post("/bundle", files={"file": ("request.txt", files[what])})
    assert page.status_code == 422
    assert "VENDOR_MISMATCH" in page.text if what == "other vendor" else "MESSAGE_MALFORMED" in page.text


def test_names_are_shown_as_text(site: AcmeSite, browser: Browser) -> None:
    text = encode_request_bundle(bundle(site, RequestRow(b"nonsense", "<script>alert(1)</script>")))
    page = browser.post("/bundle", files={"file": ("request.txt", text)})
    assert "<script>" not in page.text
    assert "<script>alert(1)</script>" in plain(page)

"""The pages of keysets and products: the root keys may be on another machine, and ids never change their meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from muster.trust.cose import public_bytes
from muster.vendor import app as vendor
from muster.wire.keyset import Purpose
from tests.worlds.vendor_keys import key_of
from tests.worlds.vendor_site import AcmeSite, Browser, plain
from tests.worlds.vendor_world import DEFINITION, Acme


@pytest.fixture
def site(tmp_path: Path) -> AcmeSite:
    return AcmeSite(tmp_path, acme=Acme(tmp_path / "acme", roots=2, threshold=2))


@pytest.fixture
def anna(site: AcmeSite) -> Browser:
    return site.as_("anna")


def secret_of(browser: Browser, path: str) -> str:
    return browser.get(path).text.split('name="form" value="')[1][:64]


def test_a_keyset_is_changed_with_files_carried_to_root_keys_elsewhere(site: AcmeSite, anna: Browser) -> None:
    proposal = anna.fill("/keysets/propose", "/keysets", what="rotate", purpose="host")
    assert proposal.headers["content-disposition"] == 'attachment; filename="keyset-proposal.json"'
    roots = site.acme.vendor.keys.roots()
    one, other = (vendor.sign(proposal.text, [root]) for root in roots)
    sent, files = {"form": secret_of(anna, "/keysets")}, {"proposal": ("p.json", proposal.content)}
    few = anna.post("/keysets/publish", data=sent, files=files | {"signatures1": ("1.json", one)})
    assert few.status_code == 422
    assert "Keyset 1" in plain(few)
    both = files | {"signatures1": ("1.json", one), "signatures2": ("2.json", other)}
    assert "Keyset 2" in plain(anna.post("/keysets/publish", data=sent, files=both))
    assert "retired" in plain(anna.get("/keysets"))
    again = anna.post("/keysets/publish", data=sent, files=both)
    assert again.status_code >= 400


def test_a_change_of_root_keys_is_published_with_many_files_and_told_in_words(site: AcmeSite, anna: Browser) -> None:
    acme, fresh = site.acme.vendor, [key_of("new root", number) for number in range(2)]
    change = vendor.Change(add_roots=tuple(map(public_bytes, fresh)), drop_roots=("1", "2"))
    proposal = vendor.propose(acme, change)
    signed = [vendor.sign(proposal, [root]) for root in (*acme.keys.roots(), *fresh)]
    sent = {"form": secret_of(anna, "/keysets")}
    files = [
        ("proposal", ("p.json", proposal)),
        *(("signatures1", (f"{n}.json", text)) for n, text in enumerate(signed)),
    ]
    few = anna.post("/keysets/publish", data=sent, files=files[:-1])
    assert few.status_code == 422
    assert f"the proposed keyset 2 wants 2 of 2 root keys, 1 missing: {public_bytes(fresh[1]).hex()[:16]}…" in plain(
        few
    )
    page = plain(anna.post("/keysets/publish", data=sent, files=files))
    assert "Keyset 2" in page
    for root in fresh:
        assert f"adds root key {public_bytes(root).hex()}" in page
    assert "asks for 2 of 2 root keys" in page
    crowd = [("proposal", ("p.json", proposal)), *[("signatures2", ("s.json", "{}"))] * 17]
    assert anna.post("/keysets/publish", data=sent, files=crowd).status_code == 422


def test_a_keyset_is_changed_at_once_where_the_root_keys_are(site: AcmeSite, anna: Browser) -> None:
    number = next(k.number for k in site.acme.vendor.keysets().newest.issuing if k.purpose is Purpose.BUNDLE)
    page = anna.fill("/keysets", what="revoke", number=number)
    assert "Keyset 2" in plain(page)
    assert "revoked" in plain(page)
    assert anna.fill("/keysets", what="retire").status_code == 422
    assert anna.fill("/keysets", what="melt", number=1).status_code == 422
    assert anna.fill("/keysets", what="retire", number=200).status_code == 404
    assert anna.fill("/keysets/propose", "/keysets", what="rotate", purpose="tea").status_code == 422


def test_a_definition_is_imported_and_an_id_that_moves_is_refused(site: AcmeSite, anna: Browser) -> None:
    sent = {"form": secret_of(anna, "/products")}
    more = DEFINITION + '\n[[edition]]\nname = "acme-cad-lite"\nid = 1003\nproduct = "Acme CAD"\ngroup = "acme-cad"\n'
    page = anna.post("/products", data=sent, files={"definition": ("product.toml", more)})
    assert "The definition holds now" in plain(page)
    assert "acme-cad-lite" in plain(anna.get("/products"))
    assert anna.get("/products/definition").text == more
    assert "BEGIN MUSTER PRODUCT" in anna.get("/products/file").text
    moved = more.replace('name = "acme-cad-lite"\nid = 1003', 'name = "acme-cad-other"\nid = 1003')
    refused = anna.post("/products", data=sent, files={"definition": ("product.toml", moved)})
    assert refused.status_code == 422
    for bad in (b"\xff\xfe", b"= nonsense", b"x" * 262145):
        assert anna.post("/products", data=sent, files={"definition": ("product.toml", bad)}).status_code == 422
    assert anna.get("/products/definition").text == more


def test_others_look_and_change_nothing(site: AcmeSite, anna: Browser) -> None:
    otto = site.as_("otto")
    for path in ("/keysets", "/products"):
        assert otto.get(path).status_code == 200
        assert '<form method="post" action="' + path not in otto.get(path).text
        assert otto.post(path, data={"form": secret_of(otto, path)}).status_code == 403
    assert "Keyset 1" in plain(anna.get("/keysets"))


def test_the_overview_shows_another_period_and_what_was_given_up(site: AcmeSite, anna: Browser) -> None:
    assert "in the last 90 days" in plain(anna.get("/overview"))
    assert "in the last 365 days" in plain(anna.get("/overview?days=365"))
    assert "in the last 90 days" in plain(anna.get("/overview?days=99999999999999999999"))

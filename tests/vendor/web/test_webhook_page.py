"""The page of webhooks: a real receiver is added, told, lost and told again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.vendor.adapters.https_post import HttpsPost
from muster.vendor.core.webhooks import RETRIES
from muster.vendor.service.delivering import deliver_due
from tests.worlds.vendor_site import AcmeSite, plain
from tests.worlds.vendor_world import hardware, machine
from tests.worlds.webhook_receiver import Receiver, receiving

EVENTS = ["key.exhausted", "key.nearly_exhausted"]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path / "receiver") as receiver:
        yield receiver


@pytest.fixture
def site(tmp_path: Path) -> AcmeSite:
    return AcmeSite(tmp_path / "acme")


def test_a_receiver_is_added_tested_and_told_of_a_key_that_ran_out(site: AcmeSite, receiver: Receiver) -> None:
    anna, post = site.as_("anna"), HttpsPost(inside=True, tls=receiver.tls)
    page = anna.fill("/webhooks", address=receiver.address, event=EVENTS)
    receiver.secret = page.text.split('<p class="key">')[1].split("<")[0]
    assert receiver.secret.startswith("whsec_")
    assert receiver.secret not in anna.get("/webhooks").text
    anna.fill("/webhooks/1/test", "/webhooks")
    site.acme.confirm(machine(site.acme.mak(activations=1), hardware(1)))
    assert deliver_due(site.acme.vendor, post) == 2
    assert [told["type"] for told in receiver.told] == ["webhook.test", "key.exhausted"]
    assert receiver.refused == 0
    assert "delivered" in plain(anna.get("/webhooks?state=delivered"))


def test_what_was_given_up_is_shown_and_sent_again(site: AcmeSite, receiver: Receiver) -> None:
    anna, post = site.as_("anna"), HttpsPost(inside=True, tls=receiver.tls)
    anna.fill("/webhooks", address=receiver.address, event=EVENTS)
    anna.fill("/webhooks/1/test", "/webhooks")
    receiver.status = 500
    for wait in (*RETRIES, RETRIES[-1]):
        deliver_due(site.acme.vendor, post)
        site.acme.clock.move(seconds=int(wait.total_seconds()) + 1)
    anna = site.as_("anna")
    page = plain(anna.get("/webhooks?state=dead"))
    assert "given up" in page
    assert "HTTP 500" in page
    receiver.status = 200
    anna.fill("/webhooks/deliveries/1/again", "/webhooks")
    assert deliver_due(site.acme.vendor, post) == 1
    assert len(receiver.told) == len(RETRIES) + 2


def test_a_wrong_address_is_told_where_it_was_typed(site: AcmeSite) -> None:
    anna = site.as_("anna")
    page = anna.fill("/webhooks", address="http://erp.acme.example/", event=EVENTS)
    assert page.status_code == 422
    assert "is not asked without TLS" in page.text
    assert 'value="http://erp.acme.example/"' in page.text


def test_nobody_but_an_administrator_has_webhooks(site: AcmeSite) -> None:
    for name in ("otto", "audrey"):
        assert site.as_(name).get("/webhooks").status_code == 403

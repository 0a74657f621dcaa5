"""Events reach the outbox with what happened, and leave it signed, again and again until somebody says yes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from muster.base.errors import Code, MusterError, Refused, Unreachable
from muster.trust.installation import machine_id
from muster.vendor.core.webhooks import RETRIES, SUBSCRIBED, DeliveryState
from muster.vendor.ports import Delivery, Search
from muster.vendor.service import webhooks
from muster.vendor.service.confirming import confirm_packed
from muster.vendor.service.delivering import CLAIMED_FOR, KEPT, deliver_due
from muster.vendor.service.wrong_tags import MANY_OF_ONE
from muster.wire.installation import InstallationId
from tests.worlds.vendor_world import CAD_PRO, Acme, hardware, host, machine, packed
from tests.worlds.webhook_receiver import is_signed

ADDRESS = "https://erp.acme.example/muster"


@dataclass
class Line:
    """Where posts go: `told` arrived; `status` None is nobody there."""

    secret: str = ""
    status: int | None = 200
    told: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __call__(self, address: str, headers: Mapping[str, str], body: bytes) -> int:
        import json

        assert address == ADDRESS
        assert is_signed(self.secret, dict(headers), body)
        if self.status is None:
            raise Unreachable(Code.SERVICE_UNREACHABLE, "nobody is there")
        self.told.append(json.loads(body))
        self.ids.append(headers["webhook-id"])
        return self.status


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    with closing(Acme(tmp_path)) as acme:
        yield acme


@pytest.fixture
def line(acme: Acme) -> Line:
    return Line(webhooks.add_webhook(acme.vendor, ADDRESS, [str(event) for event in SUBSCRIBED]).secret)


def deliveries(acme: Acme) -> tuple[Delivery, ...]:
    return acme.vendor.store.run(lambda books: books.list_deliveries(Search())).rows


def types(line: Line) -> list[str]:
    return [told["type"] for told in line.told]


def refuse(acme: Acme, installation: InstallationId) -> Code:
    with pytest.raises(Refused) as refused:
        confirm_packed(acme.vendor, packed(installation))
    return refused.value.code


def test_a_key_that_runs_out_is_told_at_four_fifths_and_at_the_end(acme: Acme, line: Line) -> None:
    key = acme.mak(activations=5)
    for number in range(5):
        acme.confirm(machine(key, hardware(number)))
        acme.confirm(machine(key, hardware(number)))
        deliver_due(acme.vendor, line)
    assert types(line) == ["key.nearly_exhausted", "key.exhausted"]
    told = line.told[0]["data"]
    assert (told["key"], told["used"], told["activations"]) == (acme.row(key).id, 4, 5)
    assert key.formatted not in str(line.told)
    refuse(acme, machine(key, hardware(9)))
    assert deliver_due(acme.vendor, line) == 0


def test_what_was_rolled_back_is_told_to_nobody(acme: Acme, line: Line) -> None:
    key = acme.mak(activations=1)

    class Torn(Exception):
        pass

    def work(books: Any) -> None:
        from muster.vendor.service.confirming import grant_packed

        grant_packed(acme.vendor, books, packed(machine(key, hardware(1))))
        raise Torn

    with pytest.raises(Torn):
        acme.vendor.store.run(work)
    assert deliveries(acme) == ()
    acme.confirm(machine(key, hardware(1)))
    assert [row.event for row in deliveries(acme)] == ["key.exhausted"]


def test_a_host_limit_is_told_once_a_day_however_often_the_host_asks(acme: Acme, line: Line) -> None:
    key = acme.host_key()
    for number in range(6):
        acme.confirm(host(key, number))
    for _ in range(3):
        assert refuse(acme, host(key, 7)) is Code.HOST_LIMIT_REACHED
    deliver_due(acme.vendor, line)
    assert types(line) == ["key.host_limit_reached"]
    acme.clock.move(days=1, seconds=1)
    refuse(acme, host(key, 7))
    deliver_due(acme.vendor, line)
    assert types(line) == ["key.host_limit_reached"] * 2


def test_a_few_wrong_tags_are_typing_errors_and_many_are_told(acme: Acme, line: Line) -> None:
    key = acme.mak()
    for number in range(MANY_OF_ONE - 1):
        assert refuse(acme, machine_id(key.reference, bytes(8), CAD_PRO, hardware(number))) is Code.KEY_UNKNOWN
    assert deliver_due(acme.vendor, line) == 0
    for number in range(5):
        refuse(acme, machine_id(key.reference, bytes(8), CAD_PRO, hardware(100 + number)))
    deliver_due(acme.vendor, line)
    assert types(line) == ["installation.wrong_tags"]
    assert line.told[0]["data"]["reference"] == key.reference.hex()


def test_wrong_tags_that_are_hours_apart_are_not_many(acme: Acme, line: Line) -> None:
    key = acme.mak()
    for number in range(2 * MANY_OF_ONE):
        refuse(acme, machine_id(key.reference, bytes(8), CAD_PRO, hardware(number)))
        acme.clock.move(minutes=10)
    assert deliver_due(acme.vendor, line) == 0


def test_a_receiver_that_is_away_gets_it_later_and_under_the_same_id(acme: Acme, line: Line) -> None:
    acme.confirm(machine(acme.mak(activations=1), hardware(1)))
    line.status = None
    assert deliver_due(acme.vendor, line) == 1
    assert deliver_due(acme.vendor, line) == 0
    row = deliveries(acme)[0]
    assert (row.state, row.tries) == (DeliveryState.WAITING, 1)
    assert "nobody is there" in row.answer
    line.status = 500
    acme.clock.move(seconds=11)
    assert deliver_due(acme.vendor, line) == 1
    line.status = 204
    acme.clock.move(seconds=61)
    assert deliver_due(acme.vendor, line) == 1
    assert (deliveries(acme)[0].state, len(set(line.ids))) == (DeliveryState.DELIVERED, 1)


def test_what_nobody_takes_is_given_up_shown_and_sent_again_by_hand(acme: Acme, line: Line) -> None:
    acme.confirm(machine(acme.mak(activations=1), hardware(1)))
    line.status = 500
    for wait in (*RETRIES, RETRIES[-1]):
        assert deliver_due(acme.vendor, line) == 1
        acme.clock.move(seconds=int(wait.total_seconds()) + 1)
    assert deliver_due(acme.vendor, line) == 0
    dead = acme.vendor.store.run(lambda books: books.list_deliveries(Search(state="dead"))).rows
    assert [row.answer for row in dead] == ["HTTP 500"]
    line.status = 200
    webhooks.send_again(acme.vendor, dead[0].id)
    assert deliver_due(acme.vendor, line) == 1
    assert deliveries(acme)[0].state is DeliveryState.DELIVERED
    acme.clock.move(days=KEPT.days + 1)
    deliver_due(acme.vendor, line)
    assert deliveries(acme) == ()


def test_a_node_that_died_with_a_delivery_in_its_hands_loses_nothing(acme: Acme, line: Line) -> None:
    acme.confirm(machine(acme.mak(activations=1), hardware(1)))

    class Died(BaseException):
        pass

    def dying(_address: str, _headers: Mapping[str, str], _body: bytes) -> int:
        raise Died

    with pytest.raises(Died):
        deliver_due(acme.vendor, dying)
    other = acme.again()
    assert deliver_due(other, line) == 0
    acme.clock.move(seconds=int(CLAIMED_FOR.total_seconds()))
    assert deliver_due(other, line) == 1
    assert types(line) == ["key.exhausted"]


def test_a_paused_webhook_is_told_when_it_goes_on_and_a_removed_one_never(acme: Acme, line: Line) -> None:
    webhooks.pause_webhook(acme.vendor, 1, paused=True)
    acme.confirm(machine(acme.mak(activations=1), hardware(1)))
    assert deliver_due(acme.vendor, line) == 0
    webhooks.pause_webhook(acme.vendor, 1, paused=False)
    assert deliver_due(acme.vendor, line) == 1
    webhooks.send_test(acme.vendor, 1)
    webhooks.remove_webhook(acme.vendor, 1)
    assert deliver_due(acme.vendor, line) == 0
    assert deliveries(acme) == ()


def test_only_events_that_were_asked_for_are_told(acme: Acme) -> None:
    line = Line(webhooks.add_webhook(acme.vendor, ADDRESS, ["key.exhausted"]).secret)
    key = acme.mak(activations=5)
    for number in range(5):
        acme.confirm(machine(key, hardware(number)))
    webhooks.send_test(acme.vendor, 1)
    deliver_due(acme.vendor, line)
    assert types(line) == ["key.exhausted", "webhook.test"]


@pytest.mark.parametrize(
    ("address", "events"),
    [
        ("http://erp.acme.example/", ["key.exhausted"]),
        ("https://user:word@erp.acme.example/", ["key.exhausted"]),
        ("ftp://erp.acme.example/", ["key.exhausted"]),
        ("file:///etc/passwd", ["key.exhausted"]),
        (ADDRESS, []),
        (ADDRESS, ["webhook.test"]),
        (ADDRESS, ["key.sold"]),
    ],
)
def test_an_address_without_tls_and_an_unknown_event_are_refused(acme: Acme, address: str, events: list[str]) -> None:
    with pytest.raises(MusterError):
        webhooks.add_webhook(acme.vendor, address, events)
    assert acme.vendor.store.run(lambda books: books.webhooks()) == ()

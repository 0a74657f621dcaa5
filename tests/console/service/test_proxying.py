"""Proxy activation: collected, confirmed in one go, deposited; across an air gap; again after a new installation."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from muster.base.errors import Code, Misconfigured, MusterError, Unreachable
from muster.console.adapters.sql_books import SqlStore
from muster.console.core.conditions import parse_conditions
from muster.console.core.targets import from_list
from muster.console.ports import VendorService
from muster.console.service.acting import Console, begin, carry_out
from muster.console.service.products import add_product, products
from muster.console.service.proxying import (
    Taken,
    collect,
    confirm_for_others,
    confirm_online,
    deposit,
    proxy_counts,
    request_bundle,
    take_bundle,
    take_bundle_of_any,
    unconfirmed,
)
from muster.platform.sql import sqlite_url
from muster.trust.bundle import answer_bundle
from muster.trust.product import Product
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from muster.wire import armour
from muster.wire.bundle import (
    ConfirmationRow,
    RequestBundle,
    RequestRow,
    decode_confirmation_bundle,
    decode_request_bundle,
    decode_rows,
    encode_confirmation_bundle,
    encode_request_bundle,
)
from muster.wire.cbor import encode
from muster.wire.keyset import Purpose
from tests.worlds.clocks import HandClock
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.mak_machines import MakMachines
from tests.worlds.vendor_keys import VendorKeys
from tests.worlds.vendor_world import Acme, hardware

ID, OTHER_ID = bytes(range(16)), bytes(range(16, 32))
NAMES = ("pc-1", "pc-2", "pc-3")


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    acme = Acme(tmp_path_factory.mktemp("acme"))
    yield acme
    acme.close()


@dataclass
class Lab:
    """A console, three machines with one MAK, and the vendor that made it."""

    console: Console
    acme: Acme
    machines: MakMachines
    key: ProductKey
    vendor: DirectVendor

    def do(self, tasks: list[int]) -> dict[str, str]:
        """Carry tasks out; the code of each machine's last verdict."""
        found: dict[str, str] = {}
        for task in tasks:
            asyncio.run(carry_out(self.console, self.machines, task))
            verdicts = self.console.store.run(lambda books, task=task: books.verdicts(task))  # type: ignore[misc]
            found |= {name: verdict.code for name, verdict in verdicts}
        return found

    @property
    def ids(self) -> list[int]:
        """All machines of the inventory."""
        return [m.id for m in self.console.store.run(lambda books: books.selected((), self.console.clock.now()))]

    def service(self, _: Product) -> VendorService:
        """Its vendor, whichever the product."""
        return self.vendor

    def confirm(self) -> list[Taken]:
        """Online."""
        return asyncio.run(confirm_online(self.console, self.ids, self.service, ID))

    def exported(self, *, with_names: bool = True) -> str:
        """What waits, as a bundle."""
        return request_bundle(self.console, unconfirmed(self.console, self.ids), ID, with_names=with_names).text

    def answered(self, text: str | None = None) -> str:
        """The vendor's answer to what waits, or to `text`."""
        return vendor.confirm_bundle(self.acme.vendor, text or self.exported()).file

    def take(self, text: str) -> Taken:
        """Import."""
        return take_bundle_of_any(self.console, text)

    @property
    def activated(self) -> list[str]:
        """Machines that are activated."""
        return [name for name, machine in self.machines.machines.items() if machine.is_activated]


@pytest.fixture
def make_lab(acme: Acme, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    stores = []

    def make(name: str = "console", activations: int = 3) -> Lab:
        store = SqlStore(sqlite_url(tmp_path / f"{name}.db"))
        stores.append(store)
        store.migrate()
        console = Console(store, HandClock(), "anna")
        machines = MakMachines(add_product(console, vendor.export_product(acme.vendor)))
        key = acme.mak(activations)
        for number, each in enumerate(NAMES):
            machines.add(each, number, key)
        store.run(lambda books: books.add_machines(from_list(" ".join(NAMES)), "list", console.clock.now()))
        lab = Lab(console, acme, machines, key, DirectVendor(acme))
        lab.do([begin(console, "status", {}, ())])
        machines.asked.clear()
        return lab

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()


def codes(taken: Taken) -> list[str]:
    return [row.verdict.code for row in taken.rows]


def test_many_machines_are_activated_by_one_request(lab: Lab) -> None:
    assert lab.do(collect(lab.console, ())) == dict.fromkeys(NAMES, "DONE")
    (taken,) = lab.confirm()
    assert (codes(taken), [row.name for row in taken.rows], taken.doubt) == (["DONE"] * 3, list(NAMES), None)
    assert lab.do(deposit(lab.console, lab.ids)) == dict.fromkeys(NAMES, "DONE")
    assert lab.activated == list(NAMES)
    assert (lab.vendor.asked, lab.acme.row(lab.key).used) == (["confirm_bundle"], 3)
    assert (proxy_counts(lab.console, lab.ids)["deposited"], deposit(lab.console, lab.ids)) == (3, [])


def test_a_pool_that_is_used_up_refuses_the_rest_alone(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(activations=2)
    lab.do(collect(lab.console, ()))
    (taken,) = lab.confirm()
    assert codes(taken) == ["DONE", "DONE", "KEY_EXHAUSTED"]
    assert lab.do(deposit(lab.console, lab.ids)) == {"pc-1": "DONE", "pc-2": "DONE"}
    assert proxy_counts(lab.console, lab.ids)["refused"] == 1


def test_a_service_that_is_silent_costs_nothing_and_is_asked_again_later(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    lab.vendor.trouble = Unreachable(Code.SERVICE_UNREACHABLE)
    with pytest.raises(Unreachable):
        lab.confirm()
    lab.vendor.trouble = None
    assert codes(lab.confirm()[0]) == ["DONE"] * 3


def test_a_machine_that_is_installed_again_takes_its_confirmation_again_at_no_cost(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    lab.confirm()
    lab.do(deposit(lab.console, lab.ids))
    for machine in lab.machines.machines.values():
        machine.again()
        machine.key = lab.key
    lab.machines.machines["pc-2"].parts = hardware(1, disk="a new disk")
    lab.machines.machines["pc-3"].parts = hardware(99)
    told = lab.do(deposit(lab.console, lab.ids, again=True))
    assert told == {"pc-1": "DONE", "pc-2": "DONE", "pc-3": "HARDWARE_CHANGED"}
    assert lab.activated == ["pc-1", "pc-2"]
    assert (lab.vendor.asked, lab.acme.row(lab.key).used) == (["confirm_bundle"], 3)


def test_known_hardware_under_another_name_is_not_asked_for_again(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    lab.confirm()
    gone = lab.ids
    lab.console.store.run(lambda books: books.remove(gone))
    lab.console.store.run(lambda books: books.add_machines(from_list("new-1"), "list", lab.console.clock.now()))
    lab.machines.add("new-1", 1, lab.key).parts = hardware(1, network="00:16:3e:ff:ff:ff")
    assert lab.do(collect(lab.console, ())) == {"new-1": "DONE"}
    assert lab.confirm() == []
    assert lab.do(deposit(lab.console, lab.ids)) == {"new-1": "DONE"}
    assert (lab.activated, lab.acme.row(lab.key).used) == (["new-1"], 3)


def test_a_bundle_without_names_says_nothing_but_ids(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    bundle = decode_request_bundle(lab.exported(with_names=False))
    assert [row.name for row in bundle.rows] == ["", "", ""]
    assert [row.name for row in decode_request_bundle(lab.exported()).rows] == list(NAMES)
    assert {row.installation for row in bundle.rows} == {m.packed for m in lab.machines.machines.values()}
    assert bundle.database == ID


def test_a_database_keeps_the_id_that_it_chose_first(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    lab.exported()
    waiting = unconfirmed(lab.console, lab.ids)
    again = request_bundle(lab.console, waiting, OTHER_ID, with_names=True)
    assert decode_request_bundle(again.text).database == ID


def test_a_bundle_is_carried_and_the_machines_are_activated_without_a_network(
    lab: Lab, make_lab: Callable[..., Lab]
) -> None:
    online = make_lab("online")
    lab.do(collect(lab.console, ()))
    answer, opened = asyncio.run(confirm_for_others(online.console, lab.exported(), online.service))
    assert (len(opened.rows), opened.doubt) == (3, None)
    taken = take_bundle_of_any(lab.console, answer)
    assert [(row.name, row.verdict.code) for row in taken.rows] == [(name, "DONE") for name in NAMES]
    lab.do(deposit(lab.console, lab.ids))
    assert lab.activated == list(NAMES)
    # Nothing of it stays in the console that was online.
    assert online.console.store.run(lambda books: books.installations([r.installation for r in opened.rows])) == []


def test_the_same_bundle_again_changes_nothing(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    asked = lab.exported()
    answer = lab.answered(asked)
    assert codes(lab.take(answer)) == codes(lab.take(answer)) == ["DONE"] * 3
    assert codes(lab.take(lab.answered(asked))) == ["DONE"] * 3
    lab.do(deposit(lab.console, lab.ids))
    lab.take(answer)
    assert (deposit(lab.console, lab.ids), lab.acme.row(lab.key).used) == ([], 3)


def edited(text: str, change: Callable[[list[Any]], object]) -> str:
    """A confirmation bundle whose rows somebody changed, under the same head."""
    signed, encoded = decode_confirmation_bundle(text)
    rows: list[Any] = [[row.installation, row.code, row.confirmation] for row in decode_rows(encoded)]
    change(rows)
    return encode_confirmation_bundle(signed, encode(rows))


def test_rows_that_were_exchanged_or_changed_are_refused_and_the_rest_is_taken(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    answer = lab.answered()

    def exchange(rows: list[Any]) -> None:
        rows[0][2], rows[1][2] = rows[1][2], rows[0][2]

    taken = lab.take(edited(answer, exchange))
    assert codes(taken) == ["CONFIRMATION_UNTRUSTED", "CONFIRMATION_UNTRUSTED", "DONE"]
    assert taken.doubt is not None
    assert taken.doubt.code is Code.SIGNATURE_INVALID
    assert lab.do(deposit(lab.console, lab.ids)) == {"pc-3": "DONE"}
    # The file as the vendor sent it mends what is missing.
    assert codes(lab.take(answer)) == ["DONE"] * 3


def test_a_row_that_is_missing_waits_on(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    taken = lab.take(edited(lab.answered(), lambda rows: rows.pop()))
    assert (codes(taken), taken.doubt is not None) == (["DONE", "DONE"], True)
    assert [known.name for known in unconfirmed(lab.console, lab.ids)] == ["pc-3"]


def test_a_refusal_that_nobody_signed_is_told_and_not_kept(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))

    def refuse(rows: list[Any]) -> None:
        rows[0][1:] = [Code.KEY_BLOCKED.number, b""]

    assert codes(lab.take(edited(lab.answered(), refuse)))[0] == "KEY_BLOCKED"
    counts = proxy_counts(lab.console, lab.ids)
    assert (counts["refused"], counts["sent"], counts["confirmed"]) == (0, 1, 2)


def test_a_request_row_that_was_edited_is_refused_by_its_tag_alone(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    asked = decode_request_bundle(lab.exported())
    changed = bytearray(asked.rows[0].installation)
    changed[12] ^= 1
    rows = (RequestRow(bytes(changed)), *asked.rows[1:])
    forged = encode_request_bundle(RequestBundle(asked.vendor_id, asked.database, asked.made_at, rows))
    taken = lab.take(lab.answered(forged))
    # The vendor knows no such key, and this console never sent that id out.
    assert codes(taken) == ["NOT_FOUND", "DONE", "DONE"]
    assert lab.acme.row(lab.key).used == 2


def test_a_bundle_of_another_database_changes_nothing_here(lab: Lab, make_lab: Callable[..., Lab]) -> None:
    other = make_lab("other")
    lab.do(collect(lab.console, ()))
    lab.exported()
    other.do(collect(other.console, ()))
    taken = lab.take(other.answered())
    assert (codes(taken), taken.confirmed) == (["NOT_FOUND"] * 3, 0)
    assert len(unconfirmed(lab.console, lab.ids)) == 3


def test_ids_that_were_collected_and_never_sent_are_not_taken(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    rows = tuple(RequestRow(machine.packed) for machine in lab.machines.machines.values())
    forged = RequestBundle(lab.machines.product.keysets.vendor_id, ID, 1, rows)
    assert codes(lab.take(lab.answered(encode_request_bundle(forged)))) == ["NOT_FOUND"] * 3


def test_a_damaged_bundle_or_one_of_a_newer_format_is_refused_whole(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    answer = lab.answered()
    signed, rows = decode_confirmation_bundle(answer)
    half = answer[: len(answer) // 2]
    newer = armour.armour(armour.CONFIRMATION_BUNDLE, encode([2, signed, rows]))
    trailing = armour.armour(armour.CONFIRMATION_BUNDLE, encode([1, signed, rows]) + b"\x00")
    repeated = edited(answer, lambda found: found.append(found[0]))
    for text, code in (
        (half, Code.MESSAGE_MALFORMED),
        (newer, Code.VERSION_NOT_SUPPORTED),
        (trailing, Code.MESSAGE_MALFORMED),
        (base64.b64encode(rows).decode(), Code.MESSAGE_MALFORMED),
        (lab.exported(), Code.MESSAGE_MALFORMED),
    ):
        with pytest.raises(MusterError) as refused:
            lab.take(text)
        assert refused.value.code is code
    assert len(unconfirmed(lab.console, lab.ids)) == 3
    assert codes(lab.take(repeated)) == ["DONE"] * 4


def test_a_bundle_of_another_vendor_is_refused(lab: Lab) -> None:
    lab.do(collect(lab.console, ()))
    asked = decode_request_bundle(lab.exported())
    stranger = VendorKeys("stranger")
    asked = replace(asked, vendor_id=stranger.trusted.vendor_id)
    rows = [ConfirmationRow(row.installation, 0, stranger.confirm_permanently(row.installation)) for row in asked.rows]
    answer = answer_bundle(stranger.issuing_key(Purpose.BUNDLE), asked, 1, rows)
    with pytest.raises(MusterError) as refused:
        lab.take(answer)
    assert refused.value.code is Code.VENDOR_MISMATCH
    with pytest.raises(MusterError) as wrong:
        take_bundle(lab.console, answer, products(lab.console)[0].keysets)
    assert wrong.value.code is Code.VENDOR_MISMATCH


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({}, "ANSWER_MALFORMED"),
        ({"installation_id": 7}, "ANSWER_MALFORMED"),
        ({"installation_id": "\x1b]0;owned\x07"}, "ANSWER_MALFORMED"),
        ({"installation_id": "1" * 100_000}, "ANSWER_MALFORMED"),
        ({"error": {"code": "NO_KEY", "message": "none"}}, "NO_KEY"),
    ],
)
def test_a_machine_that_answers_nonsense_keeps_no_other_one_waiting(
    lab: Lab, answer: dict[str, object], code: str
) -> None:
    row = {"edition": "acme-cad-pro", "state": "INITIAL_GRACE", "key_kind": "mak"}
    lab.machines.instead["pc-2"] = lambda _: json.dumps({"editions": [row], **answer}).encode()
    assert lab.do(collect(lab.console, ())) == {"pc-1": "DONE", "pc-2": code, "pc-3": "DONE"}
    assert codes(lab.confirm()[0]) == ["DONE", "DONE"]


def test_an_edition_that_no_product_file_here_names_is_told(lab: Lab) -> None:
    row = {"edition": "office", "state": "INITIAL_GRACE", "key_kind": "mak"}
    digits = lab.machines.machines["pc-1"].answer({"operation": "installation-id"})["installation_id"]
    lab.machines.instead["pc-1"] = lambda _: json.dumps({"editions": [row], "installation_id": digits}).encode()
    assert lab.do(collect(lab.console, parse_conditions(["name=pc-1"]))) == {"pc-1": "EDITION_UNKNOWN"}


def test_a_machine_that_never_was_collected_from_is_given_nothing(lab: Lab) -> None:
    task = begin(lab.console, "confirm", {"edition": "acme-cad-pro"}, ())
    assert lab.do([task]) == dict.fromkeys(NAMES, "NOT_FOUND")
    assert lab.machines.asked == []
    with pytest.raises(Misconfigured):
        lab.exported()


def test_a_confirmation_that_has_ended_is_neither_deposited_nor_used_again(lab: Lab) -> None:
    lab.key = lab.acme.mak(9, days=30)
    for machine in lab.machines.machines.values():
        machine.key = lab.key
    lab.do(collect(lab.console, ()))
    lab.confirm()
    clock = lab.console.clock
    assert isinstance(clock, HandClock)
    clock.move(days=40)
    assert deposit(lab.console, lab.ids) == []
    lab.do(collect(lab.console, ()))
    assert len(unconfirmed(lab.console, lab.ids)) == 3

"""Proxy activation online: collected, confirmed in one go, deposited; again after a new installation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from muster.base.errors import Code, Misconfigured, Unreachable
from muster.console.core.conditions import parse_conditions
from muster.console.core.targets import from_list
from muster.console.service.acting import begin, carry_out
from muster.console.service.proxying import (
    collect,
    deposit,
    proxy_counts,
    unconfirmed,
)
from tests.worlds.clocks import HandClock
from tests.worlds.proxy_lab import NAMES, Lab, codes
from tests.worlds.vendor_world import hardware


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


def test_a_collection_and_a_deposit_that_were_killed_go_on_where_they_stopped(lab: Lab) -> None:
    def killed(tasks: list[int]) -> None:
        (task,) = tasks

        async def run() -> None:
            doing = asyncio.create_task(carry_out(lab.console, lab.machines, task))

            def kill(_: object) -> bytes:
                doing.cancel()
                raise asyncio.CancelledError

            lab.machines.instead["pc-3"] = kill
            await doing

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(run())
        lab.machines.instead.clear()
        assert "pc-3" not in {name for name, _ in lab.console.store.run(lambda books: books.verdicts(task))}

    killed(tasks := collect(lab.console, ()))
    assert lab.do(tasks) == dict.fromkeys(NAMES, "DONE")
    lab.confirm()
    killed(tasks := deposit(lab.console, lab.ids))
    assert lab.do(tasks) == dict.fromkeys(NAMES, "DONE")
    assert (lab.activated, lab.acme.row(lab.key).used) == (list(NAMES), 3)
    assert lab.console.store.run(lambda books: books.unfinished()) == []

"""The inventory's pages: filter, group, sort, walk, take along, save a view; who may not; what a hostile machine says."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.base.errors import Code
from muster.console.core.answer import MAX_ANSWER_BYTES
from muster.console.ports import Machine
from tests.worlds.carried_machines import CarriedMachines, edition, silent
from tests.worlds.console_site import ConsoleSite, act, console_site
from tests.worlds.vendor_site import Browser, plain

NUMBER = 130
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    with console_site(tmp_path_factory.mktemp("console"), NUMBER) as site:
        yield site


@pytest.fixture
def small(tmp_path: Path) -> Iterator[ConsoleSite]:
    with console_site(tmp_path) as site:
        site.add("pc-[1:5]")
        yield site


@pytest.fixture(scope="module")
def anna(site: ConsoleSite) -> Browser:
    return site.as_("anna")


def names(text: str) -> list[str]:
    return re.findall(r'<a href="/machines/\d+">([^<]+)</a>', text)


def linked(text: str, word: str) -> str:
    found = re.search(rf'href="([^"]+)"[^>]*>[^<]*{word}', text)
    assert found, f"no link {word!r}"
    return found[1].replace("&amp;", "&")


def test_strangers_go_to_the_log_in(site: ConsoleSite) -> None:
    stranger = Browser(site.app)
    for path in ("/machines", "/tasks", "/audit", "/accounts", "/machines.csv", "/act?operation=status&which=all"):
        assert "Log in" in stranger.get(path).text
    assert stranger.post("/act", data={"operation": "status"}).status_code == 401


def test_pages_are_walked_there_and_back(anna: Browser) -> None:
    first = anna.get("/machines?sort=-expires")
    second = anna.get(linked(first.text, "after"))
    again = anna.get(linked(second.text, "before"))
    assert len(names(first.text)) == 50
    assert not set(names(first.text)) & set(names(second.text))
    assert names(again.text) == names(first.text)


def test_a_list_is_filtered_by_any_combination(anna: Browser) -> None:
    page = anna.get("/machines?f-state=LICENSED&f-method=host&f-expires=40&f-name=pc-0000&where=host~kms1*")
    assert re.search(r"(\d+) lines", plain(page))
    found = json.loads(
        anna.get("/machines.json?where=state=LICENSED&where=method=host&where=expires<40d&where=host~kms1*").text
    )["machines"]
    assert found
    assert {row["host"] for row in found} == {"kms1.corp.example:1688"}
    assert {row["state"] for row in found} == {"LICENSED"}
    assert "–" in anna.get("/machines?f-state=–").text
    assert "not spoken" not in anna.get("/machines?f-contact=30").text


def test_conditions_are_taken_away_one_by_one(anna: Browser) -> None:
    page = anna.get("/machines?f-state=LICENSED&f-method=host")
    assert "Remove condition state=LICENSED" in page.text
    link = re.search(r'href="([^"]+)" aria-label="Remove condition state=LICENSED"', page.text)
    assert link
    rest = anna.get(link[1].replace("&amp;", "&"))
    assert "Remove condition state=LICENSED" not in rest.text
    assert "Remove condition method=host" in rest.text


def test_values_are_counted_and_lead_to_their_lines(anna: Browser) -> None:
    page = anna.get("/machines?group_by=state")
    number = re.search(r'NOTIFICATION</a></td><td class="number">(\d+)', page.text)
    assert number
    lines = anna.get(linked(page.text, "NOTIFICATION"))
    assert f"{number[1]} lines" in plain(lines)


@pytest.mark.parametrize(
    "query", ["where=colour=red", "sort=colour", "group_by=colour", "after=%00", "after=WzEsMl0", "f-expires=soon"]
)
def test_an_address_that_is_none_is_told(anna: Browser, query: str) -> None:
    page = anna.get(f"/machines?{query}")
    assert page.status_code == 422
    assert "USAGE" in page.text


def test_files_hold_every_line_and_no_formula(small: ConsoleSite) -> None:
    small.machines.answers["pc-2"] = json.dumps({"editions": [edition(product="=cmd|' /C calc'!A0")]}).encode()
    otto = small.as_("otto")
    acted(otto, "status")
    small.ended(1)
    rows = list(csv.DictReader(otto.get("/machines.csv").text.splitlines()))
    assert [row["machine"] for row in rows] == [f"pc-{n}" for n in range(1, 6)]
    assert [row["product"][:2] for row in rows if row["machine"] == "pc-2"] == ["'="]
    assert len(json.loads(otto.get("/machines.json?where=name=pc-2").text)["machines"]) == 1


def acted(browser: Browser, operation: str, which: str = "which=all", **fields: str) -> str:
    """Where an action led."""
    return str(act(browser, operation, which, **fields).url.path)


def test_a_view_is_saved_shown_and_removed(site: ConsoleSite, anna: Browser) -> None:
    vera = site.as_("vera")
    fields = {"where": "state=NOTIFICATION", "sort": "-contact", "group_by": ""}
    vera.fill("/views/save", page="/machines", name="Needs somebody", **fields)
    shown = anna.get("/machines?view=Needs+somebody")
    assert "Remove condition state=NOTIFICATION" in shown.text
    assert "NAME_TAKEN" in anna.fill("/views/save", page="/machines", name="Needs somebody", sort="name").text
    otto = site.as_("otto")
    assert otto.fill("/views/remove", page="/machines", name="Needs somebody").status_code == 403
    vera.fill("/views/remove", page="/machines", name="Needs somebody")
    assert anna.get("/machines?view=Needs+somebody").status_code == 422


def test_an_action_goes_to_the_chosen_and_each_has_a_verdict(small: ConsoleSite) -> None:
    small.machines.answers["pc-3"] = silent()
    otto = small.as_("otto")
    chosen = "&".join(f"m={small.machine(f'pc-{n}').id}" for n in (1, 3))
    path = acted(otto, "renew", f"which=chosen&{chosen}")
    assert path == "/tasks/1"
    small.ended(1)
    task = plain(otto.get(path))
    assert "1 done 1 said no 0 wait" in task
    assert "MACHINE_UNREACHABLE" in task
    assert [name for name, _ in small.machines.asked] == ["pc-1", "pc-3"]
    (row,) = [row for row in small.store.run(lambda books: books.audited(9)) if row.action == "machines.renew"]
    assert (row.actor, row.subject) == ("otto", "2 machines")
    assert "MACHINE_UNREACHABLE" in otto.get(f"/machines/{small.machine('pc-3').id}").text
    assert plain(otto.get("/tasks/1?only=bad")).count("pc-") == 1


def test_the_audit_row_stands_before_the_first_machine_is_asked(small: ConsoleSite) -> None:
    written: list[int] = []
    small.machines.before = lambda _: written.append(
        sum(row.action == "machines.activate" for row in small.store.run(lambda books: books.audited(9)))
    )
    acted(small.as_("otto"), "activate")
    small.ended(1)
    assert written == [1] * 5


def test_what_is_dangerous_is_asked_twice(small: ConsoleSite) -> None:
    anna = small.as_("anna")
    assert acted(anna, "rearm") == "/act"
    assert acted(anna, "rearm", sure="yes", typed="4") == "/act"
    assert small.machines.asked == []
    assert acted(anna, "rearm", sure="yes", typed="5") == "/tasks/1"
    small.ended(1)
    assert {json["operation"] for _, json in small.machines.asked} == {"rearm"}
    assert acted(anna, "remove", "which=all&where=name=pc-1", sure="yes", typed="1") == "/machines"
    assert names(anna.get("/machines").text) == ["pc-2", "pc-3", "pc-4", "pc-5"]


def test_machines_that_came_meanwhile_are_not_acted_on(small: ConsoleSite) -> None:
    otto = small.as_("otto")
    asked = otto.get("/act?operation=renew&which=all")
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asked.text.split("<main")[1]))
    small.add("pc-6")
    again = otto.post("/act", data=hidden)
    assert (again.status_code, "6 machines fit" in again.text) == (403, True)
    assert small.machines.asked == []


def test_who_may_not_is_told(small: ConsoleSite) -> None:
    vera, otto = small.as_("vera"), small.as_("otto")
    assert vera.get("/act?operation=status&which=all").status_code == 403
    assert otto.get("/act?operation=remove&which=all").status_code == 403
    assert otto.fill("/find/names", page="/find", names="pc-9").status_code == 403
    assert otto.get("/audit").status_code == 403
    assert otto.get("/accounts").status_code == 403
    assert vera.post("/act", data={"operation": "status", "count": "5"}).status_code == 403
    forged = otto.post("/act", data={"operation": "renew", "count": "5", "form": "0" * 64})
    assert (forged.status_code, "FORM_OUTDATED" in forged.text) == (403, True)
    assert small.machines.asked == []


def test_a_hostile_machine_is_cut_cleaned_and_escaped(small: ConsoleSite) -> None:
    said = edition(product=HOSTILE, host="\x1b[2J\u202e" + HOSTILE, partial_key="\x00<b>&", key_kind=HOSTILE)
    error = {"code": "X", "message": "\x1b]0;owned\x07" + HOSTILE}
    small.machines.answers |= {
        "pc-1": json.dumps({"editions": [said], "error": error}).encode(),
        "pc-2": b"x" * (MAX_ANSWER_BYTES + 1),
        "pc-3": HOSTILE.encode(),
    }
    otto = small.as_("otto")
    acted(otto, "status")
    small.ended(1)
    for path in ("/machines", "/tasks/1", f"/machines/{small.machine('pc-1').id}", "/machines?group_by=product"):
        text = otto.get(path).text
        assert "<script" not in text
        assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(text)
    assert "&lt;script&gt;" in otto.get("/machines").text
    assert str(Code.ANSWER_MALFORMED) in otto.get("/tasks/1").text


class Deaf(CarriedMachines):
    """pc-3 takes the question and never answers, until `is_deaf` is False."""

    is_deaf = True

    async def ask(self, machine: Machine, pinned: str, request: bytes) -> tuple[bytes, str]:
        if self.is_deaf and machine.target.name == "pc-3":
            await asyncio.Event().wait()
        return await super().ask(machine, pinned, request)


def test_a_stopped_task_goes_on(tmp_path: Path) -> None:
    deaf = Deaf()
    with console_site(tmp_path, carrier=deaf) as site:
        site.add("pc-[1:5]")
        otto = site.as_("otto")
        acted(otto, "renew")
        assert "At work." in plain(otto.get("/tasks/1"))
        assert otto.get("/tasks/1?follow=yes").headers["refresh"] == "3"
        otto.fill("/tasks/1/stop", page="/tasks/1")
        site.ended(1)
        assert "Not at work here: stopped" in plain(otto.get("/tasks/1"))
        deaf.is_deaf = False
        otto.fill("/tasks/1/go-on", page="/tasks/1")
        site.ended(1)
        assert "5 done 0 said no 0 wait" in plain(otto.get("/tasks/1"))


def test_machines_are_added_and_people_managed(small: ConsoleSite) -> None:
    anna = small.as_("anna")
    anna.fill("/find/names", page="/find", names="srv-[1:3].corp.example")
    assert len(names(anna.get("/machines?f-name=srv").text)) == 3
    page = anna.fill("/accounts/add", page="/accounts", name="nora", role="viewer")
    assert "shown once" in page.text
    assert "nobody locks himself out" in anna.fill("/accounts/block", page="/accounts", name="anna").text.lower()
    anna.fill("/accounts/role", page="/accounts", name="nora", role="operator")
    anna.fill("/accounts/block", page="/accounts", name="nora")
    told = [row.action for row in small.store.run(lambda books: books.audited(5))]
    assert told[:3] == ["account.changed", "account.changed", "account.added"]
    assert "account.added" in anna.get("/audit").text

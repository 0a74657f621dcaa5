"""Machines found from pages: by names, files, a directory, and states that another tool collected."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.worlds.carried_machines import edition
from tests.worlds.console_site import ConsoleSite, console_site
from tests.worlds.vendor_site import Browser, plain

LOGIN = {"place": "corp.example", "user": "admin", "password": "secret"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    with console_site(tmp_path_factory.mktemp("console")) as site:
        yield site


@pytest.fixture(scope="module")
def anna(site: ConsoleSite) -> Browser:
    return site.as_("anna")


def secret_of(browser: Browser) -> dict[str, str]:
    return {"form": browser.get("/find").text.split('name="form" value="')[1][:64]}


def audited(site: ConsoleSite) -> tuple[str, str, str]:
    (row,) = site.store.run(lambda books: books.audited(1))
    return row.actor, row.action, row.subject


def test_names_and_files_of_any_kind_are_taken_together(site: ConsoleSite, anna: Browser) -> None:
    host = json.dumps({"machines": [{"name": "pc-3", "address": "10.0.0.3"}, {"name": "pc-3", "address": "10.0.0.3"}]})
    files = [
        ("files", ("machines.csv", b"name,group\npc-1,lab\n")),
        ("files", ("inventory.ini", b"[lab]\npc-1\npc-2 ansible_host=10.0.0.2\n")),
        ("files", ("host.json", host.encode())),
    ]
    page = anna.post("/find/names", data={**secret_of(anna), "names": "pc-9, 10.7.0.0/30"}, files=files)
    assert "7 machines found, 6 of them new." in plain(page)
    assert "pc-1 (known)" in plain(page)
    assert audited(site) == ("anna", "machines.discovered", "host host.json")
    assert site.machine("pc-2").target.address == "10.0.0.2"
    wrong = anna.post("/find/names", data=secret_of(anna), files=[("files", ("x.csv", b"name\na b\n"))])
    assert (wrong.status_code, "Line 2" in wrong.text) == (422, True)
    assert anna.fill("/find/names", page="/find", names=" ").status_code == 422


def test_a_log_in_that_fails_is_told_without_the_password(anna: Browser) -> None:
    refused = anna.fill("/find/directory", page="/find", **{**LOGIN, "password": "wrong one"})
    assert "DIRECTORY_REFUSED" in refused.text
    assert "wrong one" not in refused.text
    assert 'value="admin"' in refused.text
    assert "NO_DOMAIN" in anna.fill("/find/directory", page="/find", **{**LOGIN, "place": "elsewhere"}).text


def test_collected_states_have_a_verdict_each(site: ConsoleSite) -> None:
    otto = site.as_("otto")
    good = json.dumps({"editions": [edition()]}).encode()
    lines = b"\n".join([json.dumps({"machine": f"mob-{n}", "status": {"editions": []}}).encode() for n in (1, 2)])
    files = [
        ("states", ("C:\\out\\tab-1.json", good)),
        ("states", ("tab-2.json", b"{")),
        ("states", ("rows.jsonl", lines)),
    ]
    page = otto.post("/find/states", data=secret_of(otto), files=files)
    assert "done 3 ANSWER_MALFORMED 1" in plain(page)
    assert "tab-2: ANSWER_MALFORMED" in plain(page)
    assert site.machine("tab-1").action == "import"
    assert audited(site)[:2] == ("otto", "machines.imported")
    assert otto.post("/find/states", data=secret_of(otto)).status_code == 422


def test_who_may_not_find_machines_is_told(site: ConsoleSite) -> None:
    otto, vera = site.as_("otto"), site.as_("vera")
    assert otto.fill("/find/directory", page="/find", **LOGIN).status_code == 403
    assert 'action="/find/names"' not in otto.get("/find").text
    assert vera.get("/find").status_code == 403
    assert vera.fill("/find/states", page="/machines").status_code == 403
    assert otto.post("/find/states", data={"form": "0" * 64}).status_code == 403

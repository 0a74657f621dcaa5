"""``muster console`` as a process, with real SSH servers in front of the machines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.command_line import Done, muster
from tests.worlds.ssh_machines import LOOPBACK, SshMachines

STATUS = {"editions": [{"product": "Acme CAD", "edition": "acme-cad-pro", "state": "LICENSED", "method": "host"}]}
USAGE = 2


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshMachines]:
    world = SshMachines(tmp_path_factory.mktemp("ssh"))
    good = world.folder / "status.json"
    good.write_text(json.dumps(STATUS))
    hostile = world.folder / "garbage"
    hostile.write_bytes(b"\x1b]0;owned\x07<script>" * 100)
    for number in range(6):
        world.add(f"pc-{number}", f"cat {good}")
    world.add("hostile", f"cat {hostile}")
    yield world
    world.close()


def console(home: Path, *arguments: str) -> Done:
    return muster("console", "--home", str(home), *arguments, environment={"COLUMNS": "200"})


def told(done: Done, code: int = 0) -> Any:
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def home(tmp_path: Path, world: SshMachines) -> Path:
    """A home whose inventory came as CSV."""
    found = tmp_path / "machines.csv"
    with found.open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "address", "port", "user"])
        writer.writerows([machine.name, LOOPBACK, machine.target.port, "root"] for machine in world.machines)
    settings = f'[ssh]\nkeys = ["{world.key}"]\nagent = false\n'
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "console.toml").write_text(settings)
    assert told(console(tmp_path / "home", "discover", "--csv", str(found), "--json")) == {"found": 7, "new": 7}
    return tmp_path / "home"


def test_machines_are_found_asked_shown_and_taken_out(home: Path) -> None:
    done = told(console(home, "refresh", "--json"), 1)
    assert (done["done"], done["failed"]) == (6, 1)
    assert [v["machine"] for v in done["verdicts"] if v["code"] == "ANSWER_MALFORMED"] == ["hostile"]
    assert told(console(home, "machines", "--group-by", "state", "--json")) == {"counts": {"LICENSED": 6, "": 1}}
    rows = told(console(home, "machines", "--where", "state=LICENSED", "--where", "name~pc-[0]", "--json"))["machines"]
    assert rows == []
    (row,) = told(console(home, "machines", "--where", "name=pc-3", "--json"))["machines"]
    assert (row["edition"], row["state"], row["last_result"]) == ("acme-cad-pro", "LICENSED", "DONE")
    sheet = list(csv.DictReader(io.StringIO(console(home, "machines", "--csv", "--sort", "-name").stdout)))
    assert [line["machine"] for line in sheet] == ["pc-5", "pc-4", "pc-3", "pc-2", "pc-1", "pc-0", "hostile"]
    assert console(home, "remove", "--yes", "--where", "name=hostile").stdout == "1 machine removed\n"
    assert told(console(home, "refresh", "--json"))["done"] == 6
    actions = [row["action"] for row in told(console(home, "audit", "--json"))["audit"]]
    assert actions == ["machines.removed", "machines.discovered"]


def test_nothing_hostile_reaches_the_terminal(home: Path) -> None:
    done = console(home, "refresh")
    assert done.returncode == 1
    assert "ANSWER_MALFORMED" in done.stdout
    for text in (done.stdout, done.stderr, console(home, "machines").stdout):
        assert "\x1b" not in text


def test_a_changed_ssh_host_key_is_refused_until_it_is_forgotten(home: Path, world: SshMachines) -> None:
    assert told(console(home, "refresh", "--where", "name=pc-0", "--json"))["done"] == 1
    world.machines[0].change_key()
    (verdict,) = told(console(home, "refresh", "--where", "name=pc-0", "--json"), 1)["verdicts"]
    assert verdict["code"] == "MACHINE_UNTRUSTED"
    assert console(home, "forget-ssh-key", "--where", "name=pc-0").stdout == "1 SSH host keys forgotten\n"
    assert told(console(home, "refresh", "--where", "name=pc-0", "--json"))["done"] == 1


def test_states_that_were_collected_by_another_tool_come_in_row_by_row(home: Path, tmp_path: Path) -> None:
    single = tmp_path / "pc-90.json"
    single.write_text(json.dumps(STATUS))
    many = tmp_path / "collected"
    rows: list[Any] = [{"machine": f"lab-{n}", "status": STATUS} for n in range(3)]
    many.write_text(
        "\n".join(map(json.dumps, [*rows, {"machine": "-oX", "status": STATUS}, {"machine": "x", "status": {}}]))
    )
    done = told(console(home, "import", str(single), str(many), "--json"), 1)
    assert done["kept"] == 4
    assert [row["machine"] for row in done["refused"]] == ["-oX", "x"]
    found = told(console(home, "machines", "--where", "source=import", "--json"))["machines"]
    assert [row["machine"] for row in found] == ["lab-0", "lab-1", "lab-2", "pc-90"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["machines", "--where", "colour=red"], "colour"),
        (["machines", "--sort", "colour"], "colour"),
        (["refresh", "--where", "name=nobody"], "no machine"),
        (["refresh", "--ssh-key", "/nowhere/key"], "/nowhere/key"),
        (["discover"], "no machines"),
        (["discover", "10.0.0.9-10.0.0.1"], "10.0.0.9"),
        (["remove"], "which machines"),
    ],
)
def test_mistakes_are_told_with_what_was_wrong(home: Path, arguments: list[str], named: str) -> None:
    done = console(home, *arguments)
    assert done.returncode == USAGE, done.stderr
    assert named in done.stderr
    assert "muster: hint: " in done.stderr


def test_a_mistake_in_the_settings_is_told_with_its_line(home: Path) -> None:
    (home / "console.toml").write_text("[ssh]\nat_once = 0\n")
    done = console(home, "refresh")
    assert done.returncode == USAGE
    assert "console.toml" in done.stderr
    assert "at_once" in done.stderr


def test_actions_reach_the_machines_and_stand_in_the_record(home: Path) -> None:
    for words in (
        ["renew"],
        ["activate", "--edition", "acme-cad-pro"],
        ["set-host", "kms1.corp.example"],
        ["rearm", "--yes"],
    ):
        done = told(console(home, *words, "--where", "name=pc-2", "--json"))
        assert [(v["machine"], v["code"]) for v in done["verdicts"]] == [("pc-2", "DONE")]
    rows = told(console(home, "audit", "--json"))["audit"]
    assert [(r["action"], r["details"]) for r in rows[:4]] == [
        ("machines.rearm", {}),
        ("machines.set-host", {"hosts": "kms1.corp.example"}),
        ("machines.activate", {"edition": "acme-cad-pro"}),
        ("machines.renew", {}),
    ]
    (row,) = told(console(home, "machines", "--where", "action=rearm", "--json"))["machines"]
    assert (row["machine"], row["last_result"]) == ("pc-2", "DONE")


def test_rearming_asks_and_takes_no_for_an_answer(home: Path) -> None:
    assert console(home, "rearm", "--where", "name=pc-2").returncode == USAGE
    assert console(home, "rearm").returncode == USAGE

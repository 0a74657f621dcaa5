"""``muster simulate`` on the command line, with the scenarios that come with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from muster.base.errors import Misconfigured
from muster.simulate.scenario import read_scenario
from tests.worlds.command_line import Done, muster

SCENARIOS = sorted((Path(__file__).resolve().parents[2] / "examples" / "scenarios").glob("*.toml"))
PNG = b"\x89PNG"


def simulate(*words: str) -> Done:
    return muster("simulate", *words)


def test_it_tells_and_draws_what_came_of_a_plain_organisation(tmp_path: Path) -> None:
    page, picture = tmp_path / "plan.html", tmp_path / "plan.png"
    done = simulate("--machines", "60", "--days", "10", "--out", str(page), "--out", str(picture))
    assert done.returncode == 0, done.stderr
    assert "at the end     " in done.stdout
    assert "0 differed" in done.stdout
    assert picture.read_bytes().startswith(PNG)
    text = page.read_text()
    assert "machines by state" in text
    assert "https://cdn" not in text, "it must work without a network"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_scenarios_that_come_with_it_run(path: Path) -> None:
    done = simulate(str(path), "--days", "12", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["machines"] == read_scenario(path).total
    assert found["disagreements"] == 0


def test_clones_that_share_one_id_wait_until_others_were_counted_as_the_scenario_says() -> None:
    path = next(path for path in SCENARIOS if path.stem == "clones")
    lost = json.loads(simulate(str(path), "--days", "44", "--json").stdout)
    assert lost["states"]["NOTIFICATION"] == 40
    assert lost["hosts"]["one"]["count"] == 1
    found = json.loads(simulate(str(path), "--days", "49", "--json").stdout)
    assert found["states"]["LICENSED"] == 80
    assert found["hosts"]["one"]["count"] == 41


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[machines]]\ncount = 0\n", ":2: machines[0].count: 0 machines"),
        ('[[machines]]\ncount = 5\nedition = "desktop"\n', ":3: machines[0].edition"),
        ('[[machines]]\ncount = 5\nhours = "9-5"\n', ":3: machines[0].hours"),
        ("[[machines]]\ncount = 5\nabsent = 2.0\n", ":3: machines[0].absent"),
        ("[[machines]]\ncount = 5\nmashines = 3\n", "there is no such setting"),
        ("days = 0\n[[machines]]\ncount = 5\n", ":1: days"),
        ("days = 3\n", "machines: there are none"),
        ('[[machines]]\ncount = 5\n[[outage]]\nhost = "x"\nbegins = "1d"\nlasts = "1d"\n', ":4: outage[0].host"),
        ('[[machines]]\ncount = 5\n[[outage]]\nbegins = "soon"\nlasts = "1d"\n', ":4: outage[0].begins"),
    ],
)
def test_a_mistake_in_a_scenario_is_told_with_file_line_key_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(Misconfigured) as caught:
        read_scenario(path)
    assert told in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_no_picture_and_a_scenario_that_is_not_there_are_told(tmp_path: Path) -> None:
    assert "neither .html nor .png" in simulate("--out", str(tmp_path / "plan.pdf")).stderr
    done = simulate(str(tmp_path / "none.toml"))
    assert (done.returncode, "there is no" in done.stderr) == (2, True)

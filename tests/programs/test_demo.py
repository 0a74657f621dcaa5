"""``muster demo``: one command, no root, no terminal, within a minute; and what it can be asked for beside that."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from rich.console import Console

from muster.cli import run as muster
from muster.demo.app import ENOUGH_BYTES, lasting_for_a_while, run
from muster.demo.portal import confirmation_at
from muster.demo.view import WIDTH, LiveStage, PlainStage, save_picture

COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "demo"]
WITHIN_SECONDS = 60


def page_behind(log_in: str, who: dict[str, str], page: str) -> str:
    """A page as somebody sees it who is logged in. Browsers send the cookie on loopback, the client here does not."""
    with httpx2.Client(trust_env=False, timeout=WITHIN_SECONDS) as browser:
        cookie = browser.post(log_in, data=who).headers["set-cookie"].partition(";")[0]
        return browser.get(page, headers={"cookie": cookie}).text


def test_thirty_machines_are_licensed_everybody_takes_part_and_nothing_is_left_behind(tmp_path: Path) -> None:
    """One run for everything that only a process shows: it stays, its pages are used as people would, Ctrl-C ends it."""
    with subprocess.Popen(
        [*COMMAND, "--headless", "--stay"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            told = process.stdout.readline()
            assert told, process.communicate(timeout=WITHIN_SECONDS)[1]
            facts = json.loads(told)
            assert facts["counts"] == list(range(1, 31))
            assert facts["first_licensed"] == [f"server-{n:02}" for n in range(2, 6)] + [
                f"pc-{n}" for n in range(20, 26)
            ]
            assert (facts["machines"], facts["servers"], facts["licensed"]) == (30, 5, 30)
            assert set(facts["states"].values()) == {"LICENSED"}
            assert facts["days_left"] == 120
            assert [re.sub(r"\d{2,}", "PORT", record) for record in facts["srv"]] == ["0 0 PORT kms1.corp.example."]
            assert facts["isolated"] == {"state": "LICENSED", "permanent": True}
            assert facts["activations_used"] == 1
            assert facts["console"] == {"host": 30, "mak": 1}

            pages = facts["pages"]
            assert len(confirmation_at(pages["portal"], pages["installation_id"])) > 50
            who = {"name": pages["name"], "password": pages["password"]}
            assert "Globex Corporation" in page_behind(pages["vendor"], who, f"{pages['portal']}organisations")
            assert "lab-01" in page_behind(f"{pages['console']}login", who, f"{pages['console']}machines")

            process.send_signal(signal.SIGINT)
            rest, complaints = process.communicate(timeout=WITHIN_SECONDS)
            assert (process.returncode, rest, complaints) == (0, "", "")
        finally:
            process.kill()
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_the_pages_are_open_until_enter() -> None:
    """Two machines and lines instead of a picture: about the end alone."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "--machines", "2", "--plain"], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    ) as process:
        os.close(theirs)
        try:
            told = ""
            while "ends it and leaves nothing behind" not in told:
                told += os.read(ours, 4096).decode()
            assert "Enter ends it" in told
            found = re.search(r"the vendor's portal +(http://\S+)", told)
            assert found is not None, told
            assert httpx2.get(found[1], trust_env=False, timeout=WITHIN_SECONDS).status_code == 200
            os.write(ours, b"\n")
            assert process.wait(timeout=WITHIN_SECONDS) == 0
        finally:
            process.kill()
            os.close(ours)


def test_the_world_lies_in_memory_where_there_is_room_and_nobody_names_another_place(tmp_path: Path) -> None:
    assert lasting_for_a_while({"TMPDIR": str(tmp_path)}, tmp_path) is None
    assert lasting_for_a_while({}, tmp_path / "absent") is None
    found = os.statvfs(tmp_path)
    is_enough = found.f_bavail * found.f_frsize >= ENOUGH_BYTES
    assert lasting_for_a_while({}, tmp_path) == (tmp_path if is_enough else None)


def test_too_few_machines_are_counted_and_told_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    ending = asyncio.run(run(1, PlainStage()))
    assert ending.lines[0] == "1 machine asked, 0 with a server edition; 0 machines are LICENSED"
    assert "too few machines asked" in ending.lines[-1]
    assert re.search(r"^ +pc-01 +INITIAL_GRACE +told 1$", capsys.readouterr().out, re.MULTILINE)


def test_a_picture_of_the_rising_count_is_saved(tmp_path: Path) -> None:
    """Of 24 machines: one fewer than clients need."""
    stage = LiveStage(Console(file=io.StringIO(), width=WIDTH), pause=0.0)
    ending = asyncio.run(run(24, stage))
    assert ending.facts["first_licensed"] == ["server-02", "server-03", "server-04", "server-05"]
    assert ending.facts["licensed"] == 5
    save_picture(stage, tmp_path / "demo.svg")
    drawn = (tmp_path / "demo.svg").read_text().replace("&#160;", " ")
    assert "22 counted" in drawn
    assert "18 counted, in grace" in drawn
    assert "4 licensed" in drawn
    assert "https://cdn" not in drawn


@pytest.mark.parametrize("machines", ["0", "-1", "201", "many"])
def test_a_number_of_machines_that_cannot_be_is_a_mistake_in_usage(machines: str) -> None:
    assert muster(["demo", "--machines", machines]) == 2

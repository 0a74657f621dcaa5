"""``muster demo`` as a process: one command, no root, no terminal, within a minute."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "demo"]
WITHIN_SECONDS = 60


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The demonstration to its end, with nothing in its home."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={"HOME": str(folder), "TMPDIR": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )


def test_thirty_machines_are_licensed_and_stay_so_and_nothing_is_left_behind(tmp_path: Path) -> None:
    done = demo(tmp_path, "--no-wait")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    counted = re.findall(r"^ +(\S+) +(LICENSED|INITIAL_GRACE) +told (\d+)$", done.stdout, re.MULTILINE)[:30]
    assert [int(count) for _, _, count in counted] == list(range(1, 31))
    licensed = [name for name, state, _ in counted if state == "LICENSED"]
    assert licensed[:4] == ["server-02", "server-03", "server-04", "server-05"]
    assert licensed[4:] == [f"pc-{n}" for n in range(20, 26)]
    assert "30 machines asked, 5 with a server edition; 30 machines are LICENSED" in done.stdout
    assert "LICENSED, 120 days left" in done.stdout.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("machines", "licensed"), [(1, 0), (4, 0), (5, 2), (8, 5), (24, 5), (60, 60)])
def test_other_numbers_of_machines_keep_the_same_thresholds(tmp_path: Path, machines: int, licensed: int) -> None:
    done = demo(tmp_path, "--no-wait", "--machines", str(machines))
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^{machines} machines? asked, .* {licensed} machines are LICENSED$", done.stdout, re.MULTILINE)


def test_a_picture_of_the_rising_count_is_saved(tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    done = demo(tmp_path, "--no-wait", "--picture", str(picture))
    assert done.returncode == 0, done.stderr
    drawn = picture.read_text().replace("&#160;", " ")
    assert "22 counted" in drawn
    assert "18 counted, in grace" in drawn
    assert "4 licensed" in drawn
    assert [path.name for path in tmp_path.iterdir()] == ["demo.svg"]


@pytest.mark.parametrize("machines", ["0", "-1", "201", "many"])
def test_a_number_of_machines_that_cannot_be_is_a_mistake_in_usage(tmp_path: Path, machines: str) -> None:
    assert demo(tmp_path, "--machines", machines).returncode == 2

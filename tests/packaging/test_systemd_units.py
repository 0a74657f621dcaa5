"""The units of packaging/: systemd finds nothing wrong with them, and calls what they leave open OK."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from muster.cli import run as run_muster
from tests.worlds.parts import part

PACKAGING = Path(__file__).parents[2] / "packaging"
UNITS = sorted((PACKAGING / "systemd").glob("muster-*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
MOST_EXPOSED = 2.5
PATIENCE_SECONDS = 120


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


def system_of(root: Path) -> str:
    """A system with systemd's own units, ours, and a program where ours is; its root."""
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    (root / "etc/systemd/system").mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, root / "etc/systemd/system")
    for program in ("usr/bin/muster", "bin/kill"):
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).write_text("#!/bin/sh\n")
        (root / program).chmod(0o755)
    return str(root)


def test_there_are_units_for_every_program() -> None:
    programs = {match[1] for unit in SERVICES if (match := re.search(r"muster (\w+) ", unit.read_text()))}
    assert programs == {"client", "host", "vendor", "console"}
    assert {unit.suffix for unit in UNITS} == {".service", ".socket", ".timer"}


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    analyze, root = part("systemd-analyze"), system_of(tmp_path)
    told = run(analyze, "verify", f"--root={root}", "--man=no", *(unit.name for unit in UNITS))
    assert (told.returncode, told.stdout + told.stderr) == (0, "")
    broken = tmp_path / "etc/systemd/system/muster-host.service"
    broken.write_text(broken.read_text().replace("ProtectSystem=strict", "ProtectSystem=stern"))
    assert "protect system" in run(analyze, "verify", f"--root={root}", "--man=no", broken.name).stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_what_a_service_may_do_is_little(unit: Path) -> None:
    told = run(part("systemd-analyze"), "security", "--offline=true", "--no-pager", str(unit)).stdout
    level = re.search(r"Overall exposure level for \S+: ([\d.]+) (\w+)", told)
    assert level is not None, told
    assert (float(level[1]) <= MOST_EXPOSED, level[2]) == (True, "OK"), told


def test_the_commands_of_the_units_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    for unit in SERVICES:
        words = re.findall(r"^ExecStart=/usr/bin/muster (.+)$", unit.read_text(), re.MULTILINE)[0].split()
        code, told = run_muster([*words, "--help"]), capsys.readouterr()
        assert (code, "Usage: muster" in told.out) == (0, True), told.err


def test_a_service_that_hangs_is_noticed_and_one_that_starts_may_take_its_time() -> None:
    for unit in SERVICES:
        lines = unit.read_text().splitlines()
        assert "Type=notify" in lines, unit.name
        assert any(line.startswith("WatchdogSec=") for line in lines) == ("Restart=on-failure" in lines), unit.name
        # A database of an older release is taken over before the service is ready.
        keeps_a_database = unit.stem.removeprefix("muster-") in {"host", "vendor", "console"}
        assert ("TimeoutStartSec=10min" in lines) == keeps_a_database, unit.name


def test_every_user_of_a_unit_is_made_and_owns_its_folder(tmp_path: Path) -> None:
    users = {match for unit in SERVICES for match in re.findall(r"^User=(\S+)$", unit.read_text(), re.MULTILINE)}
    (tmp_path / "etc").mkdir()
    file = str(PACKAGING / "sysusers.d" / "muster.conf")
    told = run(part("systemd-sysusers"), f"--root={tmp_path}", file)
    assert told.returncode == 0, told.stderr
    made = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    assert users <= made
    lines = (PACKAGING / "tmpfiles.d" / "muster.conf").read_text().splitlines()
    owners = {fields[1]: fields[3] for fields in map(str.split, lines)}
    for user in users:
        assert owners[f"/var/lib/muster/{user.removeprefix('muster-')}"] == user

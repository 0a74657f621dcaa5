"""``muster host load-test`` measures a host process of its own, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.programs.host_process import run_host
from tests.worlds.host_world import certified_home


def test_a_host_is_measured_beside_the_real_one_and_nothing_stays(tmp_path: Path) -> None:
    certified_home(tmp_path)
    (tmp_path / "host.toml").write_text('renewal = "1d"\n')
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run_host(tmp_path, "load-test", "--seconds", "0.7", "--connections", "8", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["failed"] == 0
    assert found["answered"] > 50
    assert found["verified"] > 0
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert found["machines_calm"] == pytest.approx(found["per_second"] / 2 * 86_400, rel=0.01)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("arguments", [("--seconds", "0"), ("--connections", "0"), ("--seconds", "1e9")])
def test_numbers_that_make_no_sense_are_told(tmp_path: Path, arguments: tuple[str, str]) -> None:
    done = run_host(tmp_path, "load-test", *arguments)
    assert done.returncode == 2
    assert "cannot be measured" in done.stderr

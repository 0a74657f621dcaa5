"""libmuster, written in C from spec/ alone, comes to what the specification says and what our own programs say."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.worlds.c_library import CLibrary

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "spec" / "vectors"
# What belongs to licensing services, hosts, vendors and consoles; a library inside a program does none of it.
ELSEWHERE = {"bundle", "control", "counting", "remote", "report"}
LATER = {"confirmation", "directory", "discovery", "hardware", "humanid", "installation", "record", "states"}


def test_every_vector_of_a_client_comes_out_as_it_says(c_library: CLibrary) -> None:
    run = subprocess.run([c_library.vectors, VECTORS], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    skipped = re.findall(r"^skipped \S+ .*/(\w+)/\w+\.json$", run.stdout, re.MULTILINE)
    assert set(skipped) <= ELSEWHERE | LATER
    passed = len(list(VECTORS.glob("*/*.json"))) - len(skipped)
    assert run.stdout.splitlines()[-1] == f"passed {passed}, failed 0, skipped {len(skipped)}"


def test_a_vector_that_is_changed_is_noticed(c_library: CLibrary, tmp_path: Path) -> None:
    case = json.loads((VECTORS / "trust" / "reply.json").read_text(encoding="utf-8"))
    case["expect"]["count"] += 1
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "reply.json").write_text(json.dumps(case), encoding="utf-8")
    run = subprocess.run([c_library.vectors, tmp_path], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout.splitlines()[-1]) == (1, "passed 0, failed 1, skipped 0")


def test_its_table_of_errors_is_that_of_the_specification() -> None:
    page = (ROOT / "spec" / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.*) \| (.*) \|$", page, re.MULTILINE)
    table = (ROOT / "interop" / "c" / "src" / "errors.inc").read_text(encoding="utf-8")
    assert table == "".join(f'ERROR({number}, {code}, "{cause}", "{hint}")\n' for number, code, cause, hint in rows)

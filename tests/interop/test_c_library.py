"""libmuster, written in C from spec/ alone, comes to what the specification says and what our own programs say."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.worlds.c_library import CLibrary, build
from tests.worlds.parts import part

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "spec" / "vectors"


def folders_of_a_client() -> set[str]:
    """What the specification wants of a client, in domains and with multiple activation keys too."""
    page = (ROOT / "spec" / "README.md").read_text(encoding="utf-8")
    text = page[page.index("* A **client** must") : page.index("* A **licensing service**")]
    return set(re.findall(r"`(\w+)`", text))


def test_every_vector_of_a_client_comes_out_as_it_says(c_library: CLibrary) -> None:
    run = subprocess.run([c_library.vectors, VECTORS], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    skipped = re.findall(r"^skipped \S+ .*/(\w+)/\w+\.json$", run.stdout, re.MULTILINE)
    assert len(folders_of_a_client()) > 10
    assert not set(skipped) & folders_of_a_client()
    passed = len(list(VECTORS.glob("*/*.json"))) - len(skipped)
    assert run.stdout.splitlines()[-1] == f"passed {passed}, failed 0, skipped {len(skipped)}"


def test_a_vector_that_is_changed_is_noticed(c_library: CLibrary, tmp_path: Path) -> None:
    case = json.loads((VECTORS / "trust" / "reply.json").read_text(encoding="utf-8"))
    case["expect"]["count"] += 1
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "reply.json").write_text(json.dumps(case), encoding="utf-8")
    run = subprocess.run([c_library.vectors, tmp_path], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout.splitlines()[-1]) == (1, "passed 0, failed 1, skipped 0")


def test_hostile_bytes_do_no_harm(build_folder: Path, tmp_path: Path) -> None:
    """A short run of the fuzzer over inputs from the vectors; `make -C interop/c fuzz` runs as long as one likes."""
    part("clang")
    library = build(build_folder, "fuzzer", "corpus")
    command = [str(library.folder / "fuzzer"), "-runs=3000", "-seed=7", "-max_len=8192", str(library.folder / "corpus")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stderr[-3000:]
    assert re.search(r"^Done 3000 runs", run.stderr, re.MULTILINE)
    assert not list(tmp_path.glob("crash-*"))

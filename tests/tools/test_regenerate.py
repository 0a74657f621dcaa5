"""What is generated is compared file by file, and written the same in every run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.regenerate import ROOT, main


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    shutil.copytree(ROOT / "packaging/etc", tmp_path / "packaging/etc")
    return tmp_path


def test_the_checked_in_files_are_what_the_code_makes(copy: Path) -> None:
    shutil.copytree(ROOT / "docs", copy / "docs")
    assert main(["--check"], copy) == 0


def test_every_file_that_differs_is_named_and_nothing_is_written(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed, missing = copy / "spec/vectors/trust/reply.json", copy / "spec/vectors/trust/refusal.json"
    stale, page = copy / "spec/vectors/trust/of_old.json", copy / "spec/errors.md"
    changed.write_text("{}", encoding="utf-8")
    missing.unlink()
    stale.write_text("{}", encoding="utf-8")
    page.write_text(page.read_text(encoding="utf-8").replace("| 1 |", "| 9 |"), encoding="utf-8")
    assert main(["--check"], copy) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in told] == sorted(
        str(path.relative_to(copy)) for path in (changed, missing, stale, page)
    )
    assert changed.read_text(encoding="utf-8") == "{}"
    assert not missing.exists()


def test_writing_mends_what_differs_and_removes_what_is_stale(copy: Path) -> None:
    shutil.rmtree(copy / "spec/vectors/keyset")
    stale = copy / "spec/vectors/trust/of_old.json"
    stale.write_text("{}", encoding="utf-8")
    assert main([], copy) == 0
    assert main(["--check"], copy) == 0
    assert not stale.exists()

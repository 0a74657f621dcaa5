from __future__ import annotations

from pathlib import Path

import pytest

from tools.size_check import AIM, STOP, main

Output = pytest.CaptureFixture[str]


def write(folder: Path, name: str, lines: int) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x = 1\n" * lines)
    return path


def test_a_file_of_400_lines_passes_and_is_told_as_long(tmp_path: Path, capsys: Output) -> None:
    path = write(tmp_path, "room/long.py", STOP)
    assert main([str(tmp_path)]) == 0
    assert f"info: {path}: {STOP} lines" in capsys.readouterr().out


def test_a_file_of_401_lines_fails_and_is_named(tmp_path: Path, capsys: Output) -> None:
    path = write(tmp_path, "room/too_long.py", STOP + 1)
    assert main([str(tmp_path)]) == 1
    assert f"error: {path}: {STOP + 1} lines" in capsys.readouterr().out


def test_a_short_file_is_not_named(tmp_path: Path, capsys: Output) -> None:
    write(tmp_path, "short.py", AIM)
    assert main([str(tmp_path)]) == 0
    assert "short.py" not in capsys.readouterr().out


def test_caches_and_other_kinds_of_files_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "__pycache__/cached.py", STOP + 1)
    write(tmp_path, ".hidden/file.py", STOP + 1)
    write(tmp_path, "vectors.json", STOP + 1)
    assert main([str(tmp_path)]) == 0


def test_shell_scripts_count(tmp_path: Path) -> None:
    write(tmp_path, "script.sh", STOP + 1)
    assert main([str(tmp_path)]) == 1


def test_a_missing_last_newline_does_not_hide_a_line(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("\n".join(["x = 1"] * (STOP + 1)))
    assert main([str(tmp_path)]) == 1

"""Files and folders that people name on a command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.base.errors import Code, Misconfigured
from muster.platform.command_line import HOME, asked_home, read_input, write_output

BEFORE, BEHIND = Path("/before"), Path("/behind")


@pytest.fixture
def environment() -> Iterator[None]:
    """`HOME` names `BEHIND`, as a command hears it that was given no option of its own."""
    before = os.environ.get(HOME)
    os.environ[HOME] = str(BEHIND)
    yield
    os.environ.pop(HOME)
    if before is not None:
        os.environ[HOME] = before


def test_what_stands_behind_the_command_wins_over_what_stands_before_it() -> None:
    assert asked_home(BEFORE, BEHIND) == BEHIND
    assert asked_home(BEFORE, None) == BEFORE
    assert asked_home(None, BEHIND) == BEHIND
    assert asked_home(None, None) is None


@pytest.mark.usefixtures("environment")
def test_what_stands_before_the_command_wins_over_the_environment() -> None:
    assert asked_home(BEFORE, BEHIND) == BEFORE
    assert asked_home(None, BEHIND) == BEHIND


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_input(path, 5) == b"12345"
    with pytest.raises(Misconfigured) as larger:
        read_input(path, 4, "split the file")
    assert (larger.value.code, larger.value.hint) == (Code.USAGE, "split the file")


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(Misconfigured) as unread:
            read_input(path)
        assert unread.value.code is Code.NOT_FOUND
    for path in (tmp_path, tmp_path / "none" / "below"):
        with pytest.raises(Misconfigured) as unwritten:
            write_output(path, "text")
        assert unwritten.value.code is Code.USAGE


def test_what_is_written_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_output(tmp_path / "out", "text")
    assert (tmp_path / "out").read_text() == "text"
    assert "written to" in capsys.readouterr().err

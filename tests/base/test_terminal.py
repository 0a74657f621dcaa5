from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base import terminal
from muster.base.errors import Code, Misconfigured, Refused, Unreachable, Untrusted


@given(text=st.text(max_size=300))
def test_foreign_text_loses_everything_that_could_move_a_terminal(text: str) -> None:
    assert terminal.clean(text).isprintable()
    assert len(terminal.clean(text)) <= terminal.MAX_FOREIGN_TEXT


def test_what_was_taken_out_can_be_seen() -> None:
    assert terminal.clean("Jürgens\x1b[31m PC\N{RIGHT-TO-LEFT OVERRIDE}", 40) == "Jürgens\ufffd[31m PC\ufffd"


def test_results_go_to_stdout_and_everything_else_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.result("LICENSED")
    terminal.note("asking kms1")
    terminal.warn("the key stands in the command line")

    out, err = capsys.readouterr()
    assert out == "LICENSED\n"
    assert err == "muster: asking kms1\nmuster: warning: the key stands in the command line\n"


def test_json_is_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.result_json({"state": "LICENSED", "name": "Jürgen"})

    out, err = capsys.readouterr()
    assert json.loads(out) == {"state": "LICENSED", "name": "Jürgen"}
    assert (out.count("\n"), err) == (1, "")


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (Refused(Code.HOST_BUSY), 1),
        (Misconfigured(Code.USAGE), 2),
        (Unreachable(Code.HOST_UNREACHABLE), 3),
        (Untrusted(Code.HOST_UNTRUSTED), 4),
    ],
)
def test_an_error_is_told_with_code_number_and_hint(
    capsys: pytest.CaptureFixture[str], error: Refused | Misconfigured, exit_code: int
) -> None:
    assert terminal.report(error) == exit_code

    out, err = capsys.readouterr()
    assert out == ""
    assert err == (f"muster: error: {error.message} [{error.code}, {error.code.number}]\nmuster: hint: {error.hint}\n")


def test_an_error_for_scripts_is_an_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert terminal.report(Refused(Code.HOST_BUSY, "busy", "wait"), as_json=True) == 1

    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"code": "HOST_BUSY", "number": 26, "message": "busy", "hint": "wait"}}
    assert err == ""

"""What is told from afar of a failure that nobody expected: its number, and nothing of its details."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from muster.base.errors import Code
from muster.client.app.answering import answer

ASKED = b'{"version": 1, "operation": "activate"}'
SECRET = "the reason is for the log alone"


def found(*asks: dict[str, Any] | Exception) -> dict[str, Any]:
    """The answer of a machine that gives these answers, in turn, to what it is asked."""
    turns = iter(asks)

    def ask(_: Path, __: str, **___: Any) -> dict[str, Any]:
        turn = next(turns)
        if isinstance(turn, Exception):
            raise turn
        return turn

    line = answer(Path, ASKED, ask)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    plain: dict[str, Any] = json.loads(line)
    return plain


@pytest.mark.parametrize(
    "asks",
    [
        (RuntimeError(SECRET),),
        (MemoryError(),),
        ({"edition": "cad"}, KeyError(SECRET)),
        ({"edition": {(1, 2): "no JSON"}}, {"editions": []}),
    ],
    ids=["at the operation", "without memory", "at the status after it", "at the answer itself"],
)
def test_an_unexpected_failure_is_an_answer_too(
    asks: tuple[dict[str, Any] | Exception, ...], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        error = found(*asks)["error"]
    assert (error["code"], error["number"]) == (str(Code.INTERNAL), Code.INTERNAL.number)
    assert error["hint"]
    assert SECRET not in json.dumps(error)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.fields["incident"] in error["message"]  # type: ignore[attr-defined]


def test_a_home_that_cannot_be_found_is_an_answer_too() -> None:
    def nowhere() -> Path:
        raise KeyError("getpwuid(): uid not found: 4711")

    assert json.loads(answer(nowhere, ASKED))["error"]["code"] == str(Code.INTERNAL)

"""The catalogue of a host's events is what the code writes, no more and no less."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import muster.host
from muster.host.core.answering import Outcome
from muster.host.core.events import EVENTS

JOURNAL = "request."


def written() -> Iterator[tuple[str, set[str]]]:
    """Name and fields of every event that the host writes by itself."""
    for path in Path(muster.host.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "event":
                program, name = node.args[:2]
                assert isinstance(program, ast.Constant)
                assert isinstance(name, ast.Constant)
                assert program.value == "host"
                yield str(name.value), {keyword.arg for keyword in node.keywords if keyword.arg}


def test_every_event_is_in_the_catalogue_with_its_fields() -> None:
    for name, fields in written():
        assert fields <= set(EVENTS[name].fields), name


def test_the_catalogue_holds_nothing_else() -> None:
    outcomes = {JOURNAL + outcome.value.replace(" ", "_") for outcome in Outcome}
    assert {name for name, _ in written()} | outcomes == set(EVENTS)

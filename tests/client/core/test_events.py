"""The catalogue of events is what the code notes, no more and no less."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import muster.client
from muster.client.core.events import EVENTS

NOTES = {"note", "_note", "_complain"}


def noted() -> Iterator[tuple[str, set[str]]]:
    """Name and fields of every event that is written down literally."""
    for path in Path(muster.client.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_note(node.func):
                fields = {keyword.arg for keyword in node.keywords if keyword.arg}
                yield from ((name, fields) for name in names(node.args))


def is_note(function: ast.Attribute) -> bool:
    """Not what is told on a terminal."""
    on_terminal = isinstance(function.value, ast.Name) and function.value.id == "terminal"
    return function.attr in NOTES and not on_terminal


def names(arguments: list[ast.expr]) -> Iterator[str]:
    for argument in arguments:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def written() -> set[str]:
    """Every text of the program that has the form of an event's name and is one."""
    texts = set()
    for path in Path(muster.client.__path__[0]).rglob("*.py"):
        if path.name != "events.py":
            tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            texts |= {n.value for n in tree if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return texts


def test_every_event_that_is_noted_is_in_the_catalogue_with_its_fields() -> None:
    found = list(noted())
    assert len(found) > 10
    for name, fields in found:
        assert fields <= set(EVENTS[name].fields), name


def test_every_event_of_the_catalogue_is_noted_somewhere() -> None:
    assert set(EVENTS) <= written()

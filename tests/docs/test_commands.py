"""Every command and every link that a page names exists."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from muster.cli import PROGRAMS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "spec").glob("*.md")])
_COMMAND = re.compile(rf"\bmuster ({'|'.join(PROGRAMS)})((?: [a-z][a-z-]*)*)")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Program and following words of every command in code; people's sentences are left alone."""
    for code in _CODE.findall(text):
        for program, words in _COMMAND.findall(code):
            yield program, words.split()


@cache
def words_of(program: str) -> Any:
    """The command line of a program."""
    return typer.main.get_command(importlib.import_module(PROGRAMS[program].module).app)


def known(program: str, words: list[str]) -> bool:
    """Whether the words lead to a command; what follows one are arguments or a sentence."""
    found = words_of(program)
    for word in words:
        if not hasattr(found, "commands"):
            return True
        if word not in found.commands:
            return False
        found = found.commands[word]
    return True


def test_a_command_that_is_not_there_would_be_seen() -> None:
    text = "`muster client fly` and ```\nmuster vendor key melt\n``` but not muster client sentences"
    assert [known(program, words) for program, words in commands(text)] == [False, False]
    assert known("vendor", ["key", "issue"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page: Path) -> None:
    named = list(commands(page.read_text(encoding="utf-8")))
    assert [f"muster {program} {' '.join(words)}" for program, words in named if not known(program, words)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []

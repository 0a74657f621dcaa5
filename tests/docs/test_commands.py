"""Every command with its options, every link and every settings file that a page shows exists."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from muster.base.config import load_text
from muster.base.errors import MusterError
from muster.cli import PROGRAMS
from muster.client.core.fleet import Fleet
from muster.simulate.scenario import Scenario
from muster.vendor.core.definition import Definition
from tools.settings_files import FILES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "spec").glob("*.md")])
_COMMAND = re.compile(rf"\bmuster ({'|'.join(PROGRAMS)})((?: [a-z][a-z-]*)*)")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_LINE = re.compile(rf"(?<![\w/.'-])muster ({'|'.join(PROGRAMS)}) ([^\n`|;&#]*)")
_OPTION = re.compile(r"--?[a-z][a-z-]*")
_SETTINGS = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


def strangers(text: str) -> Iterator[str]:
    """Commands with an option that they do not have. What stands behind two blanks tells what a command does."""
    for code in _CODE.findall(text):
        for program, line in _LINE.findall(code):
            found, allowed, path = words_of(program), {"--help"}, f"muster {program}"
            for word in line.split("  ")[0].replace("'", " ").replace('"', " ").split():
                allowed |= {option for param in found.params for option in (*param.opts, *param.secondary_opts)}
                if _OPTION.fullmatch(word.partition("=")[0]) and word.partition("=")[0] not in allowed:
                    yield f"{path} {word}"
                if word in getattr(found, "commands", {}):
                    found, path = found.commands[word], f"{path} {word}"


def is_understood(text: str) -> bool:
    """Whether a file of one of the programs may say this; a part of a product definition is one, too."""
    named = text if "[vendor]" in text else f'vendor = {{ name = "Acme Software" }}\n{text}'
    kinds: tuple[Any, ...] = (*(file.settings for file in FILES), Definition, Fleet, Scenario)
    for kind in kinds:
        with contextlib.suppress(MusterError):
            load_text(kind, named if kind is Definition else text, "page")
            return True
    return False


def test_a_command_that_is_not_there_would_be_seen() -> None:
    text = "`muster client fly` and ```\nmuster vendor key melt\n``` but not muster client sentences"
    assert [known(program, words) for program, words in commands(text)] == [False, False]
    assert known("vendor", ["key", "issue"])
    assert list(strangers("```\nmuster vendor --home x key issue --kind host --fly  and --this is told\n```")) == [
        "muster vendor key issue --fly"
    ]
    assert is_understood('[dns]\ntarget = "kms1.corp.example"\n')
    assert is_understood('[policy]\nvalidity = "90d"\n')
    assert not is_understood('[dns]\ntargte = "kms1.corp.example"\n')


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page: Path) -> None:
    named = list(commands(page.read_text(encoding="utf-8")))
    assert [f"muster {program} {' '.join(words)}" for program, words in named if not known(program, words)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_option_and_every_settings_file_of_a_page_is_understood(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert list(strangers(text)) == []
    shown = [block for block in _SETTINGS.findall(text) if "…" not in block]
    assert [block for block in shown if not is_understood(block)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def arguments(command: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every argument below a command, and what its help says."""
    for param in command.params:
        if param.param_type_name == "argument":
            yield f"{path} {param.name}", getattr(param, "help", None) or ""
    for name, child in getattr(command, "commands", {}).items():
        yield from arguments(child, f"{path} {name}")


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_argument_says_in_words_what_it_is(program: str) -> None:
    assert [where for where, told in arguments(words_of(program), program) if len(told.split()) < 2] == []

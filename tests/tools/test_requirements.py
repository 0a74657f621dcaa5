"""The pinned files agree with pyproject.toml and can be used anywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Builds against libldap; see pyproject.toml.
NOT_PINNED = {"directory"}


def direct(name: str) -> set[str]:
    lines = (FOLDER / name).read_text().splitlines()
    return {canonicalize_name(Requirement(x).name) for x in lines if x and x[0] not in "#-"}


def pinned(name: str) -> dict[str, Requirement]:
    text = (FOLDER / name).read_text().replace("\\\n", " ")
    rows = [Requirement(line.split("--hash")[0].strip()) for line in text.splitlines()]
    return {canonicalize_name(row.name): row for row in rows}


def declared(extras: set[str]) -> list[Requirement]:
    optional = PROJECT["optional-dependencies"]
    rows = [Requirement(row) for extra in sorted(extras) for row in optional[extra]]
    return [row for row in rows if row.name != PROJECT["name"]]


RUNTIME = set(PROJECT["optional-dependencies"]) - NOT_PINNED - {"dev"}
CORE = [Requirement(row) for row in PROJECT["dependencies"]]


def test_run_in_lists_what_the_extras_need_and_nothing_else() -> None:
    wanted = {canonicalize_name(row.name) for row in CORE + declared(RUNTIME)}
    assert direct("run.in") == wanted


def test_dev_in_lists_what_tests_checks_and_the_build_need() -> None:
    wanted = {canonicalize_name(row.name) for row in declared({"dev"})}
    assert direct("dev.in") == wanted | {"hatchling", "editables"}


@pytest.mark.parametrize("row", CORE + declared(RUNTIME | {"dev"}), ids=str)
def test_pins_lie_in_the_declared_ranges(row: Requirement) -> None:
    pin = pinned("dev.txt")[canonicalize_name(row.name)]
    (exact,) = pin.specifier
    assert exact.operator == "=="
    assert exact.version in row.specifier


def test_the_development_pins_contain_the_runtime_pins() -> None:
    assert pinned("run.txt").items() <= pinned("dev.txt").items()


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_every_line_is_a_pin_or_a_hash(name: str) -> None:
    pin = re.compile(r"[a-z0-9._-]+(\[[a-z]+\])?==[0-9a-z.]+( ; [a-zA-Z0-9_. '=!<>]+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    for text in (FOLDER / name).read_text().splitlines():
        assert pin.fullmatch(text) or digest.fullmatch(text), text


def test_ed25519_vectors_are_those_of_the_pinned_release() -> None:
    pins = pinned("dev.txt")
    assert pins["cryptography"].specifier == pins["cryptography-vectors"].specifier

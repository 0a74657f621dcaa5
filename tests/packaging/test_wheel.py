"""The wheel and the source archive: whole, and the same when built twice. test_offline_bundle.py installs the wheel."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

from tests.packaging.conftest import ROOT, build


def test_everything_that_programs_read_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    source = ROOT / "src"
    files = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == files
    assert {
        "muster/py.typed",
        "muster/platform/pages/static/pages.css",
        "muster/vendor/web/templates/portal.html",
    } <= names


def test_built_twice_it_is_the_same(wheel: Path, tmp_path: Path) -> None:
    again = build("wheel", tmp_path)
    assert (again.name, again.read_bytes() == wheel.read_bytes()) == (wheel.name, True)


def test_the_source_archive_has_what_builds_tests_and_packages_need(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "pyproject.toml", "LICENSE", ".importlinter", "requirements/run.txt"} <= names
    folders = {name.partition("/")[0] for name in names}
    assert {
        "src",
        "tests",
        "tools",
        "spec",
        "docs",
        "packaging",
        "interop",
        "examples",
        "bench",
        "reliability",
    } <= folders

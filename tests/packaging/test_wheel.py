"""The wheel: whole, the same when it is built twice, and it works where nothing but it and its requirements is installed."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from muster import __version__
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


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel; requirements come from the present one, which names no program of ours."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = ["-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, *command, str(wheel)], check=True, capture_output=True)
    return folder / "bin" / "muster"


def told(command: Path, *words: str, home: Path) -> str:
    done = subprocess.run(
        [command, *words], capture_output=True, text=True, check=True, cwd=home, env={"MUSTER_HOME": str(home)}
    )
    return done.stdout


def test_what_was_installed_from_it_works(installed: Path, tmp_path: Path) -> None:
    code = "import muster; print(muster.__file__)"
    assert told(installed.with_name("python"), "-c", code, home=tmp_path).startswith(str(installed.parents[1]))
    assert told(installed, "--version", home=tmp_path) == f"muster {__version__}\n"
    assert "nothing is installed" in told(installed, "client", "status", home=tmp_path)
    assert "--machines" in told(installed, "demo", "--help", home=tmp_path)

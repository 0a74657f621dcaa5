"""Programs in C++, Java and C# ask libmuster about a machine that a real host activated, and about one that none did."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.programs.host_process import serving
from tests.programs.test_client_command import Desk, product_file
from tests.worlds.c_library import build
from tests.worlds.host_world import SmallVendor, ask, certified_home
from tests.worlds.parts import part

SERVER = "acme-cad-server"
LICENSED, NOT_LICENSED, FAILED = 0, 1, 2
MACHINES_BEFORE = 4
"""The threshold of a server is five."""


class Language(NamedTuple):
    """How an example is built and started: what must be there, what make builds, the command within its folder."""

    name: str
    parts: tuple[str, ...]
    target: str
    command: tuple[str, ...]


LANGUAGES = (
    Language("C++", ("g++",), "status_cpp", ("{folder}/status_cpp",)),
    Language(
        "Java",
        ("javac", "java"),
        "java/Status.class",
        ("java", "-Xshare:auto", "-Xcheck:jni", "-Djava.library.path={folder}/java", "-cp", "{folder}/java", "Status"),
    ),
    Language("C#", ("mcs", "mono"), "Status.exe", ("env", "LD_LIBRARY_PATH={folder}", "mono", "{folder}/Status.exe")),
)


class Home(NamedTuple):
    """Two state folders of the same vendor."""

    activated: Path
    fresh: Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("bindings")
    vendor = certified_home(folder / "host")
    file = product_file(folder, vendor)
    found = Home(folder / "activated", folder / "fresh")
    for machine in found:
        Desk(machine).done("install", file, "--edition", SERVER)
    with serving(folder / "host") as host:
        for number in range(MACHINES_BEFORE):
            asyncio.run(ask(host.address, vendor, number + 1))
        Desk(found.activated).done("set-host", host.address)
        Desk(found.activated).done("activate")
    return found


@pytest.mark.parametrize("language", LANGUAGES, ids=[language.name for language in LANGUAGES])
def test_a_program_in_another_language_is_compiled_and_told_the_state(
    language: Language, build_folder: Path, home: Home
) -> None:
    for program in language.parts:
        part(program)
    folder = build(build_folder, language.target).folder
    command = [word.format(folder=folder) for word in language.command]

    def run(*words: str) -> tuple[int, str, str]:
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    fingerprint = SmallVendor().trusted.fingerprint.hex()
    code, told, error = run(str(home.activated), fingerprint, SERVER)
    # Whole days: the second in which the lease of 180 days began may still last.
    assert re.fullmatch(r"(Acme CAD: )?LICENSED, (179|180) days left\n", told), error
    assert (code, error) == (LICENSED, "")
    code, told, error = run(str(home.fresh), fingerprint, SERVER)
    assert re.fullmatch(r"(Acme CAD: )?INITIAL_GRACE, (29|30) days left\n", told), error
    assert (code, error) == (NOT_LICENSED, "")
    code, told, error = run(str(home.fresh), fingerprint, "acme-cad-por")
    assert (code, told, error.partition(":")[0]) == (FAILED, "", "EDITION_UNKNOWN")
    assert error.partition(": ")[2].strip(), "a hint"
    code, told, error = run(str(home.fresh), fingerprint)
    assert (code, told, error.partition(":")[0]) == (FAILED, "", "usage")

"""What may follow a command line, and three shells that really ask for it."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from muster.cli import PROGRAMS, run
from tests.worlds.parts import part

PATIENCE_SECONDS = 30
SHELLS = {
    "bash": ("bash", "--noprofile", "--norc", "-i"),
    "zsh": ("zsh", "-f", "-i"),
}
READY = {
    "bash": "bind 'set enable-bracketed-paste off'; source <(muster completion bash); echo READY$((1+1))",
    "zsh": "autoload -U compinit; compinit -D; source <(muster completion zsh); echo READY$((1+1))",
}

Output = pytest.CaptureFixture[str]


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, str]:
    """An environment where `muster` is the one under test."""
    program = tmp_path / "bin" / "muster"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom muster.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)
    path = os.pathsep.join((str(program.parent), os.environ["PATH"]))
    return {**os.environ, "PATH": path, "TERM": "dumb", "HOME": str(tmp_path), "PS1": "$ "}


def told(capsys: Output, *words: str, to: str = "bash") -> list[str]:
    assert run(["completion", to, "--words", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_programs_commands_options_and_choices_are_told(capsys: Output) -> None:
    assert set(told(capsys, "")) == {*PROGRAMS, "completion"}
    assert told(capsys, "clie") == ["client"]
    assert told(capsys, "client", "set-t") == ["set-type"]
    assert told(capsys, "client", "--home", "renew", "renew", "--ed") == ["--edition"]
    assert told(capsys, "client", "set-type", "") == ["any", "directory", "host", "mak"]
    assert told(capsys, "vendor", "key", "issue", "--scope", "x", "--kind", "m") == ["mak"]
    assert told(capsys, "completion", "z") == ["zsh"]
    assert "--help" in told(capsys, "vendor", "key", "issue", "--")


@pytest.mark.parametrize(
    "words", [("hots", ""), ("client", "fly", ""), ("client", "install", ""), ("client", "--home", "")]
)
def test_where_a_file_or_nothing_is_expected_nothing_is_told(capsys: Output, words: tuple[str, ...]) -> None:
    assert told(capsys, *words) == []


def test_what_a_command_means_is_told_to_shells_that_show_it(capsys: Output) -> None:
    assert told(capsys, "client", "renew", to="fish") == ["renew\tRenew an activation now, before its time."]
    rows = told(capsys, "client", "installation", to="zsh")
    assert [row.partition(":")[0] for row in rows] == ["installation-id"]
    assert r"confirms\:" in rows[0], "a colon within the meaning is none between word and meaning"


def test_another_shell_is_refused_with_those_that_there_are(capsys: Output) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert "bash, zsh, fish" in capsys.readouterr().err


@contextmanager
def terminal_of(shell: str, environment: dict[str, str], folder: Path) -> Iterator[int]:
    """A shell that believes to be at a terminal, once it has read the script; where to write and read."""
    own, its = pty.openpty()
    process = subprocess.Popen(
        [part(shell), *SHELLS[shell][1:]], stdin=its, stdout=its, stderr=its, env=environment, cwd=folder,
        start_new_session=True,
    )  # fmt: skip
    os.close(its)
    try:
        type_in(own, READY[shell] + "\n", "READY2")
        yield own
    finally:
        process.kill()
        process.wait()
        os.close(own)


def type_in(terminal: int, keys: str, wanted: str) -> str:
    """Press keys, and read until `wanted` stands on the screen; all that was read."""
    os.write(terminal, keys.encode())
    screen = ""
    while not re.search(wanted, screen):
        ready, _, _ = select.select([terminal], [], [], PATIENCE_SECONDS)
        assert ready, f"waited for {wanted!r}: {screen!r}"
        screen += os.read(terminal, 65536).decode(errors="replace")
    return screen


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_a_shell_completes_what_is_typed(shell: str, commands: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "acme.muster").touch()
    with terminal_of(shell, commands, tmp_path) as terminal:
        assert "muster client " in type_in(terminal, "muster cli\t", r"muster client ")
        assert "set-type " in type_in(terminal, "set-t\t", r"set-type ")
        # Where the program has nothing to say, files are offered.
        assert "acme.muster" in type_in(terminal, "\x15muster client install ac\t", r"acme\.muster")


def test_fish_completes_what_is_typed(commands: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "acme.muster").touch()
    asked = ("muster client set-type ", "muster client install ac")
    script = "muster completion fish | source; " + "; ".join(f"complete -C {line!r}" for line in asked)
    done = subprocess.run(
        [part("fish"), "--no-config", "-c", script],
        env=commands,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    words = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert words == ["any", "directory", "host", "mak", "acme.muster"]

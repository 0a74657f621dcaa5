"""docs/tutorial.md, typed as it stands: every command does what the page says, and prints what the page shows.

Programs that serve are processes of their own, on ports that are free here; every other command runs in this process.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from muster.base.errors import MusterError
from muster.client.cli import app as client_words
from muster.host.cli import app as host_words
from muster.vendor.cli import app as vendor_words

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
APPS = {"client": client_words, "host": host_words, "vendor": vendor_words}
MAIN = "import sys; from muster.cli import main; sys.exit(main())"
BLOCK = re.compile(r"^```(text)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOOP = re.compile(r"for (\w) in ([\d ]+); do (.+); done")
KEY = re.compile(r"(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}")
ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
STOP_SECONDS = 20


def blocks() -> list[tuple[bool, list[str]]]:
    """Every block: whether it is what was printed, and its lines. What a shell prepares is done by the test itself."""
    found = [(kind == "text", text.splitlines()) for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    assert found[0][1][0] == "make setup"
    return found[1:]


def written_out(line: str) -> list[list[str]]:
    """The commands of a line: one, or one for each turn of a loop."""
    match = LOOP.fullmatch(line)
    if not match:
        return [shlex.split(line)]
    return [shlex.split(match[3].replace(f"${match[1]}", turn)) for turn in match[2].split()]


class Reader:
    """Somebody who types what stands there, and pastes the key that was printed last where one is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.around = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        self.around |= {"MUSTER_PASSPHRASE": "a passphrase of Acme", "COLUMNS": "200"}
        self.addresses: dict[str, str] = {}
        self.key = ""
        self.refused: list[list[str]] = []
        self.serving: list[subprocess.Popen[str]] = []

    def type(self, words: list[str]) -> str:
        """One command; what it printed, told as if it were at the page's own ports."""
        assert words[0] == "muster"
        said = self._serve(words[1:]) if "serve" in words else self._run(words[1], words[2:])
        if key := KEY.search(said):
            self.key = key[0]
        return said

    def _run(self, program: str, words: list[str]) -> str:
        here = [self._here(word) for word in words]
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(APPS[program], here, env=self.around, input=f"{self.key}\n")
        if done.exception is not None and not isinstance(done.exception, SystemExit | MusterError):
            raise done.exception
        if done.exit_code:
            self.refused.append(words)
        return done.output + (done.exception.message if isinstance(done.exception, MusterError) else "")

    def _here(self, word: str) -> str:
        for page, real in self.addresses.items():
            word = word.replace(page, real)
        return word

    def _serve(self, words: list[str]) -> str:
        """Start a program on a free port, and go on when it listens."""
        if "--listen" in words:
            words = words[: words.index("--listen")]
        command = [sys.executable, "-c", MAIN, *words, "--listen", "127.0.0.1:0"]
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.around, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.serving.append(process)
        assert process.stdout is not None
        return process.stdout.readline()

    def learn(self, shown: str, said: str) -> None:
        """Which real address the page's address stands for from now on."""
        (page,), (real,) = ADDRESS.findall(shown), ADDRESS.findall(said)
        self.addresses[page] = real

    def close(self) -> None:
        """Ctrl-C, as the page says."""
        for process in self.serving:
            process.send_signal(signal.SIGINT)
        for process in self.serving:
            process.wait(STOP_SECONDS)
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    try:
        yield reader
    finally:
        reader.close()


def test_the_tutorial_leads_from_nothing_to_a_fleet_that_is_licensed(reader: Reader) -> None:
    said: list[str] = []
    typed = 0
    for is_printed, lines in blocks():
        if not is_printed:
            said = [reader.type(words) for line in lines for words in written_out(line)]
            typed += len(said)
            continue
        for line in lines:
            if line.startswith("listening on"):
                reader.learn(line, said[-1])
            else:
                assert line in "\n".join(said)
    assert typed > 25
    # As the page says: the first four are below the threshold, and that is right.
    assert reader.refused == [["--home", f"machine-{n}", "activate"] for n in (1, 2, 3, 4)]
    assert [process.poll() for process in reader.serving] == [None, None]

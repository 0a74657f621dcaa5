"""Somebody who reads a page from top to bottom and types what stands there into a real shell, in a world that goes away.

What the page invents (folders, names, addresses) is replaced by what is here, as the test's table says. A block is
followed, or named.py says where else it is run or why it cannot be; a reader who is done has met every block of the page.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.docs.named import LINES, NAMED
from tests.docs.page import Block, blocks
from tests.worlds.vendor_world import PASSPHRASE

PATIENCE_SECONDS = 120
STOP_SECONDS = 30
KEY = re.compile(r"(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}")
_LISTENING = re.compile(r"^listening on (\S+)$", re.MULTILINE)
# What the page itself exports, and where it went; the test's own variables are the test's to change.
_FIRST = 'export -p > "$SHELL_STATE.first"\n'
_KEPT = (
    """export -p | grep -vxF -f "$SHELL_STATE.first" > "$SHELL_STATE"; printf "cd %q\\n" "$PWD" >> "$SHELL_STATE\""""
)


def is_named(page: str, block: Block) -> bool:
    """Whether the table says where this is run, or why it cannot be."""
    return block.first.startswith(tuple(NAMED.get(page, {})))


class Reader:
    """At a place in a page, in a folder. Variables and folder of one block are those of the next, as in a terminal."""

    def __init__(
        self, page: str, folder: Path, programs: Path | None = None, names: Mapping[str, str] | None = None
    ) -> None:
        """`programs` is the folder with `muster`; without it the page itself says how to come by one, and by a passphrase."""
        self.page = page
        self.folder = folder
        self.names = dict(names or {})
        self.state = folder / ".shell"
        self.code = 0
        self.around = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MUSTER_", "MAKE", "MFLAGS")) and not name.lower().endswith("_proxy")
        }
        self.around |= {"COLUMNS": "200", "SHELL_STATE": str(self.state)}
        if programs is not None:
            places = [str(programs), str(Path(sys.executable).parent), self.around["PATH"], "/usr/sbin", "/sbin"]
            self.around |= {"PATH": os.pathsep.join(places), "MUSTER_PASSPHRASE": PASSPHRASE}
        self._left = blocks(page)

    def take(self, start: str) -> str:
        """The next block that is not named, which begins so; with what is here in the place of what the page invents."""
        while self._left and is_named(self.page, self._left[0]):
            self._left.pop(0)
        assert self._left, f"{self.page}: no block is left that begins with {start!r}"
        block = self._left.pop(0)
        assert block.first.startswith(start), f"{self.page}: {block.first!r} comes before {start!r}, and nobody does it"
        left_out = LINES.get(self.page, {})
        lines = [line for line in block.commands if line not in left_out]
        return self.here("".join(f"{line}\n" for line in lines) if block.language == "" else block.text)

    def here(self, text: str) -> str:
        """The same with what is here."""
        for invented, real in self.names.items():
            text = text.replace(invented, real)
        return text

    def follow(self, start: str, *, typed: str = "", home: Path | str = "", code: int | None = 0) -> str:
        """Take the next block, and run it as it stands; what it printed."""
        return self.run(self.take(start), typed=typed, home=home, code=code)

    def each(self, start: str, *homes: Path, codes: tuple[int, ...] = ()) -> list[str]:
        """Take the next block; each line belongs to another home, and ends with 0 unless `codes` say otherwise."""
        lines = self.take(start).splitlines()
        wanted = codes or (0,) * len(lines)
        return [self.run(line, home=home, code=code) for line, home, code in zip(lines, homes, wanted, strict=True)]

    def run(self, script: str, *, typed: str = "", home: Path | str = "", code: int | None = 0) -> str:
        """Type into the shell; what was printed on both streams.

        It stops at the first command that fails, as a careful script does. Without a `code` to expect it goes on, as a
        terminal does, and `self.code` is that of the last command.
        """
        careful = "" if code is None else "set -e"
        done = subprocess.run(
            ["bash", "-c", f"{self._before()}{careful}\n{script}\nstatus=$?\nset +e\n{_KEPT}\nexit $status"],
            cwd=self.folder,
            env=self.around | ({"MUSTER_HOME": str(home)} if home else {}),
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        self.code = done.returncode
        assert code in {None, done.returncode}, f"{self.page}:\n{script}\nended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    @contextmanager
    def serving(self, line: str, *, home: Path | str = "") -> Iterator[str]:
        """Type a command that stays, in a terminal of its own; where it listens. In the end it is asked to stop, and stops."""
        log = self.folder / f".said-{len(list(self.folder.glob('.said-*')))}"
        with (
            log.open("w") as errors,
            subprocess.Popen(
                ["bash", "-c", f"{self._before()}exec {line}"],
                cwd=self.folder,
                env=self.around | ({"MUSTER_HOME": str(home)} if home else {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None
            try:
                said = process.stdout.readline()
                found = _LISTENING.search(said)
                assert found, f"{self.page}:\n{line}\nsaid {said!r}: {log.read_text()}"
                yield found[1]
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(STOP_SECONDS)

    def _before(self) -> str:
        return _FIRST + (f". {self.state}\n" if self.state.exists() else "")

    def done(self) -> None:
        """Nothing is left that is not named."""
        left = [block for block in self._left if not is_named(self.page, block)]
        assert left == [], (
            f"{self.page}: nobody runs {[block.first for block in left]}; run them, or name them in named.py"
        )


def unnamed(page: str) -> list[Block]:
    """Blocks of a page that somebody must follow."""
    return [block for block in blocks(page) if not is_named(page, block)]

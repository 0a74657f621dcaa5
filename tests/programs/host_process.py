"""``muster host`` as a process of its own: started, asked, killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.worlds.command_line import Done, muster

STOP_SECONDS = 10.0
_COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "host"]
_LISTENING = re.compile(r"^listening on (\S+)$")


def run_host(home: Path, *arguments: str, entered: str = "", **environment: str) -> Done:
    """One command, to its end."""
    return muster("host", *arguments, environment={"MUSTER_HOME": str(home), **environment}, typed=entered)


def status_of(home: Path, resolver: str = "") -> dict[str, Any]:
    """What ``status --json`` tells; `resolver` is looked up in, where one is given."""
    how = {"MUSTER_DNS_SERVER": resolver} if resolver else {}
    arguments = () if resolver else ("--no-look-up",)
    found: dict[str, Any] = json.loads(run_host(home, "status", "--json", *arguments, **how).stdout)
    return found


@dataclass
class HostProcess:
    """A host that serves; `address` is where."""

    process: subprocess.Popen[str]
    address: str

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def serving(
    home: Path,
    *arguments: str,
    before: tuple[str, ...] = (),
    listen: str = "127.0.0.1:0",
    command: tuple[str, ...] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[HostProcess]:
    """A host on a free port of loopback, killed in the end if it is still there. `before` is put before the command.

    `command` is run instead of ``muster host``.
    """
    with (home / "events.log").open("a") as events:
        process = subprocess.Popen(
            [*before, *(command or _COMMAND), "serve", "--listen", listen, *arguments],
            env={**os.environ, **(environment or {}), "MUSTER_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=events,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = _LISTENING.match(line)
        assert match, f"said {line!r} instead of listening: {(home / 'events.log').read_text()}"
        yield HostProcess(process, match[1])
    finally:
        # The whole group: what is put before the command may stay its parent.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
        process.stdout.close() if process.stdout else None

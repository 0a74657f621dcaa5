"""`muster` as a real process without its start: a small program on PATH asks one that has imported everything to fork.

A page has many commands, and most of each is Python that imports. The fork has the words, the folder, the environment
and the three streams of whoever typed; it ends with the exit code of `muster`. What a start from nothing does is for
test_tutorial.py.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from muster import cli

ROOT = Path(__file__).resolve().parents[2]
LENGTH_BYTES = 4
LATER = ("alembic.command", "alembic.config", "muster.license.machine.linux", "zoneinfo")
"""What programs import when they need it, and most pages come to need."""

_TYPED = """#!{python} -IS
import json, os, signal, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
said = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(line, [len(said).to_bytes({length}, "big")], [0, 1, 2])
line.sendall(said)
told = line.makefile()
child = int(told.readline())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: os.kill(child, number))
sys.exit(int(told.readline() or 70))
"""


@contextmanager
def warm(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Path]:
    """A folder for PATH with a `muster` in it; `environment` has what a program must be started with, as a library is."""
    address, typed = folder / "line", folder / "muster"
    typed.write_text(_TYPED.format(python=sys.executable, address=str(address), length=LENGTH_BYTES))
    typed.chmod(0o755)
    command = [sys.executable, "-m", "tests.docs.warm", str(address)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "warm\n"
            yield folder
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def serve(address: str) -> None:
    """Import every program and what each needs to begin, then fork for each who comes, until killed or left alone."""
    for name in LATER:
        importlib.import_module(name)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        for program in cli.PROGRAMS:
            cli.run([program, "--help"])
        # What reads words and says what is wrong is imported with the first words.
        assert cli.run(["host", "status", "--home", f"{address}.nothing"])
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind(address)
        door.listen()
        print("warm", flush=True)  # noqa: T201 - what the other side waits for
        # Whoever started this holds the other end of standard input, and takes it along.
        while sys.stdin not in select.select([door, sys.stdin], [], [])[0]:
            line, _ = door.accept()
            if os.fork() == 0:
                door.close()
                _answer(line)
            line.close()


def _answer(line: socket.socket) -> None:
    """In a process of its own: have one more do the command, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(line, LENGTH_BYTES, 3)
    with line.makefile("rb") as file:
        words, folder, environment = json.loads(file.read(int.from_bytes(length, "big")))
    child = os.fork()
    if child == 0:
        line.close()
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
            os.close(stream)
        os._exit(_done(words, folder, environment))
    for stream in streams:
        os.close(stream)
    line.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    line.sendall(f"{code if code >= 0 else 128 - code}\n".encode())
    os._exit(0)


def _done(words: list[str], folder: str, environment: dict[str, str]) -> int:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["muster", *words]
    try:
        return cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    serve(sys.argv[1])

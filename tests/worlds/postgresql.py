"""PostgreSQL on a free port of loopback, a database of its own for each test; runs as another user where we are root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from tests.worlds.name_servers import LOOPBACK, free_port
from tests.worlds.parts import part

USER = "muster"


@dataclass(frozen=True)
class Postgresql:
    """A running server."""

    port: int
    folder: Path
    prefix: tuple[str, ...]
    programs: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def database(self, name: str, encoding: str = "UTF8") -> str:
        """The URL of a new, empty database, whose name begins so."""
        own = f"{name}-{next(self._numbers)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{own}" TEMPLATE template0 ENCODING {encoding}')
        return self.address(own)

    def stop(self) -> None:
        """Stop at once, as when the power fails."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses={LOOPBACK} -c max_connections=200"
        self._control("-l", str(self.folder / "log"), "-o", options, "start")

    def address(self, name: str) -> str:
        """The URL of a database that is there."""
        return f"postgresql://{USER}@{LOOPBACK}:{self.port}/{name}"

    def _control(self, *words: str) -> None:
        command = [*self.prefix, str(self.programs / "pg_ctl"), "-D", str(self.folder / "data"), "-w", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def postgresql() -> Iterator[Postgresql]:
    """A server with the durability of its defaults."""
    programs = Path(os.path.realpath(part("pg_ctl"))).parent
    if not (programs / "initdb").exists():
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    # The server refuses to be root, and its user must reach the folder: pytest's own are closed to others.
    folder = Path(tempfile.mkdtemp(prefix="muster-pg-"))
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        prefix = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    server = Postgresql(free_port(), folder, prefix, programs)
    make = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust", "--no-sync"]
    try:
        subprocess.run([*prefix, *make, "--no-locale", "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        server.start()
        try:
            yield server
        finally:
            subprocess.run(
                [*prefix, str(programs / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"],
                check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)

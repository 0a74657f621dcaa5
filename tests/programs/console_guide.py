"""Pages of docs/operate, followed command by command, with real SSH servers and a real vendor's service."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from typer.testing import CliRunner

from muster.client import app as client
from muster.console.cli import app as console_words
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from muster.vendor.cli import app as vendor_words
from tests.worlds.certificates import issue
from tests.worlds.ssh_machines import LOOPBACK, SshMachines, remote
from tests.worlds.vendor_world import DEFINITION, PASSPHRASE, Acme

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "operate"
_MAIN = "import sys; from muster.cli import main; sys.exit(main())"
STOP_SECONDS = 20
SERVER = "acme-cad-server"


def commands(page: str) -> list[list[list[str]]]:
    """The blocks of a page: a command a line, what it does behind two blanks."""
    blocks = (GUIDES / page).read_text(encoding="utf-8").split("```\n")[1::2]
    return [[shlex.split(re.split(r"\s{2,}", line)[0]) for line in block.strip().splitlines()] for block in blocks]


@dataclass
class Served:
    """A vendor whose service runs as a process with TLS."""

    acme: Acme
    url: str
    authority: Path


@contextlib.contextmanager
def vendor_process(folder: Path) -> Iterator[Served]:
    """Acme, its service, and a product file that names it."""
    folder.mkdir()
    acme, paper = Acme(folder / "vendor"), issue(folder, "localhost", LOOPBACK)
    words = ["--listen", f"{LOOPBACK}:0", "--certificate", str(paper.certificate), "--private-key", str(paper.key)]
    around = {**os.environ, "MUSTER_HOME": str(acme.home), "MUSTER_PASSPHRASE": PASSPHRASE}
    command = [sys.executable, "-c", _MAIN, "vendor", "serve", *words]
    with subprocess.Popen(command, env=around, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip().rpartition(":")[2]
            url = f"https://localhost:{port}"
            named = DEFINITION.replace('name = "Acme Software"', f'name = "Acme Software"\nservice = "{url}"', 1)
            vendor.import_product(acme.vendor, named, "product.toml")
            yield Served(acme, url, paper.authority)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)
            acme.close()


@dataclass
class Desk:
    """An administrator's folder, the console's home, and machines behind real SSH servers."""

    folder: Path
    ssh: SshMachines
    homes: dict[str, Path] = field(default_factory=dict)
    around: dict[str, str] = field(default_factory=dict)

    def add_machine(self, name: str, product: str, edition: str) -> None:
        """A machine with a product and its generic key."""
        self.homes[name] = self.ssh.folder / f"{name}-home"
        self.install(name, product, edition)
        machine = self.ssh.add(name, remote(self.homes[name]))
        table = self.folder / "machines.csv"
        if not table.exists():
            table.write_text("name,address,port,user,group\n")
        with table.open("a") as file:
            file.write(f"{name},{LOOPBACK},{machine.target.port},root,lab\n")

    def install(self, name: str, product: str, edition: str) -> None:
        """As an installer does."""
        with client.locked(self.homes[name]):
            client.install(client.open_machine(self.homes[name], environment={}), product.encode(), edition=edition)

    def run(self, words: list[str], home: str = "console") -> tuple[int, str]:
        """A command as it is written in a page; its exit code and what it printed."""
        program, *rest = words[1:]
        around = {"MUSTER_HOME": str(self.folder / home), "MUSTER_PASSPHRASE": PASSPHRASE, "COLUMNS": "200"}
        app = {"console": console_words, "vendor": vendor_words}[program]
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(app, rest, env={**around, **self.around})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    def done(self, words: list[str], home: str = "console") -> str:
        """The same, of a command that must succeed."""
        code, said = self.run(words, home)
        assert code == 0, said
        return said


@contextlib.contextmanager
def desk(folder: Path, key: ProductKey | None = None) -> Iterator[Desk]:
    """A desk in a new folder, with the key in ``keys.txt``."""
    folder.mkdir()
    ssh = SshMachines(folder / "ssh")
    for home in ("console", "online"):
        (folder / home).mkdir()
        settings = f'[ssh]\nkeys = ["{ssh.key}"]\nagent = false\n'
        (folder / home / "console.toml").write_text(settings)
    if key is not None:
        (folder / "keys.txt").write_text(f"{key.formatted} of the lab\n")
    try:
        yield Desk(folder, ssh)
    finally:
        ssh.close()

"""The worked example by the command line alone: every machine, host and vendor is a process with a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from muster.base.clock import SystemClock
from tests.programs.host_process import HostProcess, serving, status_of
from tests.worlds.command_line import Done, muster
from tests.worlds.false_time import at_time
from tests.worlds.name_servers import START, Served, World

COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]
PATIENCE_SECONDS = 60
PUBLISHED_SECONDS = 20.0
ZONE = "corp.example"
LABEL = "_muster._tcp"
PRO, SERVER = "acme-cad-pro", "acme-cad-server"
VALIDITY = timedelta(days=180)


def run(
    home: Path,
    *arguments: str,
    entered: str = "",
    around: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (),
) -> Done:
    """One command to its end, in the home `home`; as a process of its own where something is put `before` it."""
    environment = {"MUSTER_HOME": str(home), **(around or {})}
    if not before:
        return muster(*arguments, environment=environment, typed=entered)
    return subprocess.run(
        [*before, *COMMAND, *arguments],
        env={**os.environ, **environment},
        input=entered,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def done(result: Done) -> str:
    """What a command that must succeed printed."""
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@dataclass
class Told:
    """Exit code and JSON of ``muster client activate``."""

    exit_code: int
    row: dict[str, Any]

    @property
    def short(self) -> tuple[int, str, int, str | None]:
        """Exit code, state, count and code of the error."""
        error = self.row["last_error"]
        return self.exit_code, self.row["state"], self.row["count"], error and error["code"]


@dataclass
class Site:
    """A vendor, its customer's activation hosts, and machines that look them up in DNS."""

    folder: Path
    names: Served
    product: Path = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.product = self.folder / "acme.muster"
        self._vendor("init", "--name", "Acme Software")
        (definition,) = (self.folder / "vendor").glob("*.toml")
        self._vendor("product", "import", str(definition))
        self._vendor("product", "export", "--out", str(self.product))
        self._vendor("organisation", "add", "Globex Corporation")
        wanted = ("--kind", "host", "--scope", "acme-cad", "--organisation", "Globex Corporation")
        self.key = self._vendor("key", "issue", *wanted)

    def _vendor(self, *arguments: str) -> str:
        around = {"MUSTER_PASSPHRASE": "correct horse battery staple"}
        return done(run(self.folder / "vendor", "vendor", *arguments, around=around))

    def set_up_host(self, name: str, priority: int = 0) -> Path:
        """A host with the vendor's certificate that publishes itself; its home."""
        home = self.folder / name
        done(run(home, "host", "setup", "--product", str(self.product), "--key", "-", entered=self.key))
        digits = done(run(home, "host", "installation-id"))
        done(run(home, "host", "confirm", self._vendor("confirm", digits)))
        (home / "host.toml").write_text(
            f'[dns]\nserver = "{self.names.address}"\ntarget = "{name}.hosts.{ZONE}"\naddresses = ["127.0.0.1"]\n'
            f'zones = [{{ zone = "{ZONE}", priority = {priority} }}]\ntsig_key_file = "{self.names.key_file()}"\n'
        )
        return home

    @contextmanager
    def serving_host(self, home: Path) -> Iterator[HostProcess]:
        """A host that serves and has put itself into DNS."""
        with serving(home) as host:
            self._until_published(home.name, host)
            yield host

    def _until_published(self, name: str, host: HostProcess) -> None:
        wanted = f" {host.address.rpartition(':')[2]} {name}.hosts.{ZONE}."
        clock = SystemClock()
        deadline = clock.monotonic() + PUBLISHED_SECONDS
        while not any(record.endswith(wanted) for record in self.names.records(f"{LABEL}.{ZONE}", "SRV")):
            assert clock.monotonic() < deadline, f"{name} did not publish itself"
            # The host publishes while it already answers, so wait for the process in small steps.
            with suppress(subprocess.TimeoutExpired):
                host.process.wait(0.02)

    def install(self, name: str, edition: str, *, before: tuple[str, ...] = ()) -> Path:
        """A machine from the image; its home."""
        home = self.folder / name
        done(run(home, "client", "install", str(self.product), "--edition", edition, before=before))
        return home

    def activate(self, home: Path, *, before: tuple[str, ...] = ()) -> Told:
        """What a machine is told that looks for a host in DNS."""
        around = {"MUSTER_DNS_SERVER": self.names.address, "MUSTER_DNS_ZONES": ZONE}
        result = run(home, "client", "activate", "--json", around=around, before=before)
        return Told(result.returncode, json.loads(result.stdout))

    def roll_out(self, name: str, edition: str) -> Told:
        """Install and activate."""
        return self.activate(self.install(name, edition))


@pytest.fixture(params=[pytest.param("embedded"), pytest.param("bind", marks=pytest.mark.parts)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    names = tmp_path / "names"
    names.mkdir()
    with START[request.param](names, World()) as server:
        yield Site(tmp_path, server)


@pytest.fixture
def bind_site(tmp_path: Path) -> Iterator[Site]:
    names = tmp_path / "names"
    names.mkdir()
    with START["bind"](names, World()) as server:
        yield Site(tmp_path, server)


@pytest.mark.parts
def test_servers_are_activated_from_the_fifth_machine_on_and_clients_from_the_twenty_fifth(bind_site: Site) -> None:
    site = bind_site
    home = site.set_up_host("kms1")
    with site.serving_host(home):
        first = [site.roll_out(f"m{n}", edition) for n, edition in enumerate((PRO, PRO, PRO, SERVER), 1)]
        assert [told.short for told in first] == [
            (1, "INITIAL_GRACE", n, "COUNT_BELOW_THRESHOLD") for n in (1, 2, 3, 4)
        ]
        assert site.roll_out("m5", SERVER).short == (0, "LICENSED", 5, None)
        for n in range(6, 25):
            assert site.roll_out(f"m{n}", PRO).short == (1, "INITIAL_GRACE", n, "COUNT_BELOW_THRESHOLD")
        before = SystemClock().now()
        told = site.roll_out("m25", PRO)
        assert told.short == (0, "LICENSED", 25, None)
        assert told.row["threshold"] == 25
        assert told.row["method"] == "host"
        ends = datetime.fromisoformat(told.row["expires_at"])
        # Whole seconds on the wire.
        assert before - timedelta(seconds=1) <= ends - VALIDITY <= SystemClock().now() + timedelta(seconds=1)
        assert site.activate(site.folder / "m1").short == (0, "LICENSED", 25, None)
        status = status_of(home, site.names.address)
        assert status["groups"][0]["count"] == 25
        assert [(row["zone"], row["seen"]) for row in status["dns"]] == [(ZONE, "found")]


def test_the_better_host_is_asked_and_the_other_one_when_it_is_gone(site: Site) -> None:
    better, other = site.set_up_host("kms1", 0), site.set_up_host("kms2", 10)
    with site.serving_host(better) as one, site.serving_host(other) as two:
        machine = site.install("m1", PRO)
        told = site.activate(machine)
        assert told.short == (1, "INITIAL_GRACE", 1, "COUNT_BELOW_THRESHOLD")
        assert told.row["host"] == f"kms1.hosts.{ZONE}:{one.address.rpartition(':')[2]}"
        assert one.stop(signal.SIGKILL) == -signal.SIGKILL
        for home in (machine, site.install("m2", PRO)):
            assert site.activate(home).row["host"] == f"kms2.hosts.{ZONE}:{two.address.rpartition(':')[2]}"
        assert [status_of(home)["groups"][0]["count"] for home in (better, other)] == [1, 2]


@pytest.mark.parts
def test_a_killed_host_counts_on_and_thirty_one_days_later_nobody_is_counted(bind_site: Site) -> None:
    site = bind_site
    home = site.set_up_host("kms1")
    with site.serving_host(home) as host:
        told = [site.roll_out(f"m{n}", SERVER).row["count"] for n in (1, 2, 3, 4)]
        assert host.stop(signal.SIGKILL) == -signal.SIGKILL
    assert told == [1, 2, 3, 4]
    with site.serving_host(home):
        assert status_of(home)["groups"][0]["count"] == 4
        assert site.roll_out("m5", SERVER).short == (0, "LICENSED", 5, None)
    later = at_time("+31 days")
    assert (
        json.loads(done(run(home, "host", "status", "--json", "--no-look-up", before=later)))["groups"][0]["count"] == 0
    )
    # BIND does not start under faketime and rightly refuses a signature of next month: this machine is told the host.
    with serving(home, before=later) as host:
        machine = site.install("m6", SERVER, before=later)
        done(run(machine, "client", "set-host", host.address, before=later))
        told_later = site.activate(machine, before=later)
        assert told_later.short == (1, "INITIAL_GRACE", 1, "COUNT_BELOW_THRESHOLD")
        assert (
            json.loads(done(run(home, "host", "status", "--json", "--no-look-up", before=later)))["groups"][0]["count"]
            == 1
        )

"""``muster client serve`` as a process of its own, and those who ask it: as this user, as another, honestly or not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muster.base.clock import SystemClock
from muster.client import app as client
from muster.client.adapters.control_caller import call
from muster.client.core.control import Request, decode_answer, encode_request
from tests.worlds.command_line import muster
from tests.worlds.name_servers import free_port
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys

COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "client"]
PATIENCE_SECONDS = 30
IDLE_MEGABYTES = 45
NOBODY = "nobody"
# Another user may not be able to read this interpreter: everything is loaded by a first run, before it becomes that user.
AS_ANOTHER = """
import contextlib, io, os, pwd, sys
from muster.cli import main
user, groups = pwd.getpwnam(sys.argv.pop(1)), [int(g) for g in sys.argv.pop(1).split(",") if g]
words, sys.argv[1:] = sys.argv[1:], ["client", "status", "--home", "/nowhere"]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
sys.argv[1:] = words
os.setgroups(groups); os.setgid(user.pw_gid); os.setuid(user.pw_uid)
sys.exit(main())
"""

# What a service manager does: the socket as descriptor 3, and variables that name this very process.
HANDED = """
import os, sys
os.dup2(int(sys.argv.pop(1)), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
from muster.cli import main
sys.exit(main())
"""

# Asks one thing after another as another user; prints the code of each answer, or nothing.
ASKING = """
import json, os, pathlib, pwd, sys
from muster.base.errors import MusterError
from muster.client.adapters.control_caller import call
from muster.client.core.control import Request, decode_answer, encode_request
home, user, asked = pathlib.Path(sys.argv[1]), pwd.getpwnam(sys.argv[2]), json.loads(sys.argv[3])
os.setgroups([]); os.setgid(user.pw_gid); os.setuid(user.pw_uid)
for name, parameters in asked:
    try:
        decode_answer(call(home, encode_request(Request(name, parameters))))
        print()
    except MusterError as error:
        print(error.code)
"""

# A service of another user's own, as it goes on after its command line was read.
SERVING = """
import os, pwd, sys
import muster.client.adapters.wakes_linux
from muster.client.app import running
home, user = sys.argv[1], pwd.getpwnam(sys.argv[2])
os.setgroups([]); os.setgid(user.pw_gid); os.setuid(user.pw_uid)
sys.exit(running.main([home, ""]))
"""


@dataclass
class Told:
    """What a command printed and ended with."""

    code: int
    stdout: str
    stderr: str

    @property
    def plain(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stdout)
        return found


@dataclass
class Machine:
    """A state folder and the commands that are about it."""

    home: Path

    def run(self, *words: str, user: str | None = None, groups: tuple[int, ...] = (), entered: str = "") -> Told:
        """A command, as this user or as another one with these groups; `entered` is its standard input."""
        # A service that was started executes itself anew.
        if user is None and "serve" not in words:
            own = muster("client", *words, environment={"MUSTER_HOME": str(self.home)}, typed=entered)
            return Told(own.returncode, own.stdout, own.stderr)
        around = {name: text for name, text in os.environ.items() if not name.startswith("MUSTER_")}
        other = [sys.executable, "-c", AS_ANOTHER, user or "", ",".join(map(str, groups)), "client"]
        done = subprocess.run(
            [*(COMMAND if user is None else other), *words],
            env={**around, "MUSTER_HOME": str(self.home)},
            input=entered,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return Told(done.returncode, done.stdout, done.stderr)

    def done(self, *words: str) -> Told:
        told = self.run(*words)
        assert told.code == 0, told.stderr
        return told

    def refusal(self, *words: str, user: str | None = None, groups: tuple[int, ...] = ()) -> str:
        """The code of a command that must fail."""
        told = self.run(*words, user=user, groups=groups)
        assert told.code != 0, told.stdout
        return told.stderr.partition("[")[2].partition(",")[0]

    def ask(self, name: str, **parameters: Any) -> dict[str, Any]:
        """An operation, asked of the service without a command between."""
        answer = call(self.home, encode_request(Request(name, parameters)))
        assert answer is not None, "no service listens"
        return decode_answer(answer)

    def codes(self, user: str, *asked: tuple[str, dict[str, Any]]) -> list[str]:
        """Operations, asked by another user without commands between; the code of each refusal, or nothing."""
        words = [sys.executable, "-c", ASKING, str(self.home), user, json.dumps(asked)]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS, check=True)
        return done.stdout.splitlines()

    def events(self) -> list[str]:
        rows = (self.home / "events.jsonl").read_text().splitlines()
        return [json.loads(row)["event"] for row in rows]

    def wait_for(self, event: str, times: int = 1) -> None:
        """Ask until the log has an event so often."""
        clock = SystemClock()
        end = clock.monotonic() + PATIENCE_SECONDS
        while self.events().count(event) < times:
            assert clock.monotonic() < end, self.events()
            self.ask("status")

    def service(
        self,
        *words: str,
        handed: socket.socket | None = None,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Service:
        """A service of this home, once it listens; with a socket that a service manager `handed` over, or of another user."""
        command = [*COMMAND, "serve", *words]
        if handed is not None:
            command = [sys.executable, "-c", HANDED, str(handed.fileno()), *command[3:]]
        if user is not None:
            command = [sys.executable, "-c", SERVING, str(self.home), user]
        errors = (self.home.parent / "service.log").open("a")
        around = {name: text for name, text in os.environ.items() if not name.startswith("MUSTER_")}
        with errors:
            process = subprocess.Popen(
                command,
                env={
                    **around,
                    **(environment or {}),
                    "MUSTER_HOME": str(self.home),
                    "MUSTER_DNS_ZONES": "corp.example",
                },
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                pass_fds=() if handed is None else (handed.fileno(),),
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving "), (self.home.parent / "service.log").read_text()
        return Service(process)

    @contextmanager
    def serving(
        self,
        *words: str,
        handed: socket.socket | None = None,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[Service]:
        """The same, killed in the end."""
        service = self.service(*words, handed=handed, user=user, environment=environment)
        try:
            yield service
        finally:
            service.kill()

    @contextmanager
    def caller(self, said: bytes = b"") -> Iterator[socket.socket]:
        """Somebody who connects and says no more than this."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as own:
            own.settimeout(PATIENCE_SECONDS)
            own.connect(str(self.home / "control"))
            own.sendall(said)
            yield own


@dataclass
class Service:
    """A service that runs."""

    process: subprocess.Popen[str]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def figure(self, name: str) -> int:
        """A figure of /proc/PID/status: ``VmRSS``, ``voluntary_ctxt_switches``."""
        rows = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(row.split()[1]) for row in rows if row.startswith(f"{name}:"))

    def ticks(self) -> int:
        """Time on a processor, in ticks of the system (proc(5): utime and stime)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


HONEST = CAD_PRO._replace(name="honest-cad-pro", product="Honest Cad")


def product_file(folder: Path) -> str:
    """The product file of Acme Software."""
    file = folder / "acme.muster"
    file.write_text(VendorKeys(opened=SystemClock().now()).product_file())
    return str(file)


def other_product_file(folder: Path) -> str:
    """The product file of another vendor, with other names."""
    file, vendor = folder / "honest.muster", VendorKeys("honest", opened=SystemClock().now(), editions=(HONEST,))
    file.write_text(vendor.product_file(vendor="Honest Cad"))
    return str(file)


def set_up(folder: Path) -> Machine:
    """A machine with a generic key whose only host is a port that nobody listens on."""
    home, text = folder / "machine", Path(product_file(folder)).read_bytes()
    with client.locked(home):
        machine = client.open_machine(home, environment={})
        client.install(machine, text, edition=CAD_PRO.name)
        client.set_hosts(machine, f"127.0.0.1:{free_port()}")
    return Machine(home)


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder that other users may enter: pytest closes its own whenever another run of it begins."""
    with tempfile.TemporaryDirectory(prefix="muster-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)

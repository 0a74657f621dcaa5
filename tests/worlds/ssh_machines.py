"""Machines behind real SSH servers on loopback: each with its own port, SSH host key and forced command.

One listener takes the connections and hands each to an `sshd -i` of its own, as inetd would: no port is guessed.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from muster.console.core.targets import Target

LOOPBACK = "127.0.0.1"
SSHD = "/usr/sbin/sshd"
_BACKLOG = 512
_CONFIG = """
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
UseDNS no
LogLevel ERROR
MaxStartups 1000
LoginGraceTime 20
AllowTcpForwarding {forwarding}
{forced}
"""


def make_key(path: Path, kind: str = "ed25519") -> Path:
    """A new SSH key pair; `path` holds the private one."""
    for old in (path, path.with_name(path.name + ".pub")):
        old.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(path)], check=True)
    return path


@dataclass
class SshMachine:
    """One SSH server. `target` says where it is."""

    name: str
    folder: Path
    listening: socket.socket
    target: Target = field(init=False)

    def __post_init__(self) -> None:
        self.target = Target(self.name, LOOPBACK, self.listening.getsockname()[1])

    @property
    def host_key(self) -> str:
        """Kind and value of the key it shows."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    def change_key(self, kind: str = "ed25519") -> None:
        """As after a new installation, or as another machine would."""
        make_key(self.folder / "host_key", kind)


class SshMachines:
    """Made for the length of a test; `key` is the private key file that every machine lets in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # sshd wants this folder for its helper process.
        Path("/run/sshd").mkdir(exist_ok=True)
        self.key = make_key(folder / "key")
        self.machines: list[SshMachine] = []
        self._children: list[subprocess.Popen[bytes]] = []
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def add(self, name: str, command: str = "", *, forwarding: bool = False, kind: str = "ed25519") -> SshMachine:
        """One more machine, with the forced command `command`, or without one."""
        folder = self.folder / name
        folder.mkdir()
        make_key(folder / "host_key", kind)
        forced = f"ForceCommand {command}" if command else ""
        settings = {"folder": folder, "authorized": f"{self.key}.pub", "forced": forced}
        (folder / "sshd_config").write_text(_CONFIG.format(forwarding="yes" if forwarding else "no", **settings))
        listening = socket.create_server((LOOPBACK, 0), backlog=_BACKLOG)
        machine = SshMachine(name, folder, listening)
        self.machines.append(machine)
        self._selector.register(listening, selectors.EVENT_READ, machine)
        self._wake.send(b"!")
        return machine

    def _serve(self) -> None:
        while True:
            for ready, _ in self._selector.select():
                if ready.data is None:
                    if not self._woken.recv(1024):
                        return
                    continue
                with suppress(OSError):
                    connection, _peer = ready.data.listening.accept()
                    self._hand_over(ready.data, connection)
            self._children = [child for child in self._children if child.poll() is None]

    def _hand_over(self, machine: SshMachine, connection: socket.socket) -> None:
        with connection:
            ours = connection.fileno()
            command = [SSHD, "-i", "-f", str(machine.folder / "sshd_config"), "-E", str(machine.folder / "log")]
            self._children.append(subprocess.Popen(command, stdin=ours, stdout=ours, start_new_session=True))

    def close(self) -> None:
        """Every connection ends."""
        self._wake.close()
        self._thread.join()
        for child in self._children:
            child.terminate()
            child.wait()
        for machine in self.machines:
            machine.listening.close()
        self._woken.close()
        self._selector.close()


def remote(home: Path) -> str:
    """The forced command of a machine whose licensing service lives in `home`."""
    return f"MUSTER_HOME={home} {Path(sys.executable).with_name('muster')} client remote"

"""How machines are reached by SSH: settings with their limits. Reading keys and connecting is the adapter's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, NamedTuple

from muster.base.errors import SettingMistake, checked
from muster.console.core.targets import MAX_PORT, SSH_PORT, is_host

MAX_AT_ONCE = 512
MAX_TIME = timedelta(hours=1)
MIN_TIME = timedelta(seconds=1)
_WRITE_JUMP = "write it like admin@jump.corp.example:22"
# With a domain behind it where the machines are members of one.
_USER = re.compile(r"(?!-)[^\s@:]{1,253}(?:@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)?")
COMMAND = "muster client remote"
"""What is run on a machine; a forced command there wins over it."""


class Jump(NamedTuple):
    """A jump host. An empty `user` is that of the settings."""

    user: str
    host: str
    port: int


def parse_jump(text: str) -> Jump:
    """Read ``HOST``, ``USER@HOST:PORT`` or ``USER@[IPV6]:PORT``; `ValueError` with the remedy otherwise.

    A user may carry a domain, as ``admin@corp.example@jump``: the last @ counts, as for ssh.
    """
    user, at, place = text.strip().rpartition("@")
    host, port = (place, "") if place.count(":") > 1 and not place.startswith("[") else _split_port(place)
    if (at and not _USER.fullmatch(user)) or not is_host(host):
        raise ValueError(f"{text[:80]!r} is no jump host; {_WRITE_JUMP}")
    if port and not (port.isascii() and port.isdigit() and 1 <= int(port) <= MAX_PORT):
        raise ValueError(f"{text[:80]!r} has no port between 1 and {MAX_PORT}; {_WRITE_JUMP}")
    return Jump(user, host, int(port or SSH_PORT))


def _split_port(place: str) -> tuple[str, str]:
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        # What follows the bracket is a port, or there is no such host.
        return (host, rest.removeprefix(":")) if bracket and rest[:1] in {"", ":"} else ("", "")
    host, colon, port = place.partition(":")
    return host, port or ("none" if colon else "")


@dataclass(frozen=True, slots=True)
class SshSettings:
    """One way to log in. Empty `user`: the machine's own, else this process's. `keys`: files; without them the agent is asked."""

    user: Annotated[str, "who logs in; empty: whom a machine names, else whoever runs the console", '"muster"'] = ""
    keys: Annotated[tuple[str, ...], "files with private keys; empty: the agent is asked", '["~/.ssh/id_ed25519"]'] = ()
    passphrase: Annotated[str, "of these files; better in MUSTER_CONSOLE_SSH_PASSPHRASE than here"] = ""
    agent: Annotated[bool, "whether the agent may be asked for keys"] = True
    kerberos: Annotated[bool, "whether to log in by Kerberos"] = False
    jump: Annotated[
        str,
        "the jump host for machines that name none of their own, and who logs in there",
        '"admin@jump.corp.example:22"',
    ] = ""
    known_hosts: Annotated[str, "where the keys of jump hosts stand"] = "~/.ssh/known_hosts"
    command: Annotated[str, "what is run on a machine; a forced command there wins over it"] = COMMAND
    at_once: Annotated[int, f"how many machines are asked at the same time, 1 to {MAX_AT_ONCE}"] = 64
    connect_time: Annotated[timedelta, "how long a connection may take, 1s to 1h"] = timedelta(seconds=10)
    answer_time: Annotated[timedelta, "how long an answer may take, 1s to 1h"] = timedelta(seconds=60)
    learn: Annotated[bool, "whether the SSH key of a machine that was never met is taken and pinned"] = True

    def __post_init__(self) -> None:
        if self.user and not _USER.fullmatch(self.user):
            raise SettingMistake("user", f"{self.user[:80]!r} is nobody who logs in", 'write a name, like "muster"')
        if self.jump:
            checked("jump", parse_jump, self.jump)
        for name, text, remedy in (
            ("command", self.command, f'write command = "{COMMAND}", or leave it out'),
            ("known_hosts", self.known_hosts, "name a file, or leave it out"),
        ):
            if not text.strip():
                raise SettingMistake(name, f"{name} is empty", remedy)
        for number, text in enumerate(self.keys):
            if not text.strip():
                raise SettingMistake(f"keys[{number}]", "names no file", "ssh-keygen -t ed25519 makes one")
        if not 1 <= self.at_once <= MAX_AT_ONCE:
            problem = f"at_once = {self.at_once} is outside 1 … {MAX_AT_ONCE}"
            raise SettingMistake("at_once", problem, f"write a number from 1 to {MAX_AT_ONCE}")
        for name, time in (("connect_time", self.connect_time), ("answer_time", self.answer_time)):
            if not MIN_TIME <= time <= MAX_TIME:
                raise SettingMistake(
                    name, f"{name} is outside 1s … 1h", f'write {name} = "30s", or another time between'
                )

    def __repr__(self) -> str:
        """Without the passphrase."""
        return f"SshSettings(user={self.user!r}, keys={self.keys!r}, jump={self.jump!r}, at_once={self.at_once})"

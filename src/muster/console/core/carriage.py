"""How machines are reached by SSH: settings with their limits. Reading keys and connecting is the adapter's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MAX_AT_ONCE = 512
MAX_TIME = timedelta(hours=1)
MIN_TIME = timedelta(seconds=1)
COMMAND = "muster client remote"
"""What is run on a machine; a forced command there wins over it."""


@dataclass(frozen=True, slots=True)
class SshSettings:
    """One way to log in. Empty `user`: the machine's own, else this process's. `keys`: files; without them the agent is asked."""

    user: str = ""
    keys: tuple[str, ...] = ()
    passphrase: str = ""
    agent: bool = True
    kerberos: bool = False
    jump: str = ""
    """``user@host:port``, for machines that name none of their own."""
    known_hosts: str = "~/.ssh/known_hosts"
    """Where the keys of jump hosts stand."""
    command: str = COMMAND
    at_once: int = 64
    connect_time: timedelta = timedelta(seconds=10)
    answer_time: timedelta = timedelta(seconds=60)
    learn: bool = True
    """Whether the key of a machine that was never met is taken and pinned."""

    def __post_init__(self) -> None:
        if not 1 <= self.at_once <= MAX_AT_ONCE:
            raise ValueError(f"at_once = {self.at_once} is outside 1 ... {MAX_AT_ONCE}")
        for name, time in (("connect_time", self.connect_time), ("answer_time", self.answer_time)):
            if not MIN_TIME <= time <= MAX_TIME:
                raise ValueError(f"{name} = {time} is outside {MIN_TIME} ... {MAX_TIME}")

    def __repr__(self) -> str:
        """Without the passphrase."""
        return f"SshSettings(user={self.user!r}, keys={self.keys!r}, jump={self.jump!r}, at_once={self.at_once})"

"""How machines are reached by SSH: settings with their limits. Reading keys and connecting is the adapter's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from muster.base.errors import SettingMistake

MAX_AT_ONCE = 512
MAX_TIME = timedelta(hours=1)
MIN_TIME = timedelta(seconds=1)
COMMAND = "muster client remote"
"""What is run on a machine; a forced command there wins over it."""


@dataclass(frozen=True, slots=True)
class SshSettings:
    """One way to log in. Empty `user`: the machine's own, else this process's. `keys`: files; without them the agent is asked."""

    user: Annotated[str, "who logs in where a machine names nobody; empty: whoever runs the console", '"muster"'] = ""
    keys: Annotated[tuple[str, ...], "files with private keys; empty: the agent is asked", '["~/.ssh/id_ed25519"]'] = ()
    passphrase: Annotated[str, "of these files; better in MUSTER_CONSOLE_SSH_PASSPHRASE than here"] = ""
    agent: Annotated[bool, "whether the agent may be asked for keys"] = True
    kerberos: Annotated[bool, "whether to log in by Kerberos"] = False
    jump: Annotated[str, "the jump host for machines that name none of their own", '"admin@jump.corp.example:22"'] = ""
    known_hosts: Annotated[str, "where the keys of jump hosts stand"] = "~/.ssh/known_hosts"
    command: Annotated[str, "what is run on a machine; a forced command there wins over it"] = COMMAND
    at_once: Annotated[int, f"how many machines are asked at the same time, 1 to {MAX_AT_ONCE}"] = 64
    connect_time: Annotated[timedelta, "how long a connection may take, 1s to 1h"] = timedelta(seconds=10)
    answer_time: Annotated[timedelta, "how long an answer may take, 1s to 1h"] = timedelta(seconds=60)
    learn: Annotated[bool, "whether the SSH key of a machine that was never met is taken and pinned"] = True

    def __post_init__(self) -> None:
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

"""What every command that goes to machines takes: which machines, how they are reached, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.console import app as console
from muster.console.cli.options import Home, Json, Where, conditions_of, home_of
from muster.console.cli.unlocking import PassphraseFd
from muster.platform.shared_options import shared_options

User = Annotated[str | None, typer.Option("--user", help="Log in as this user.", show_default=False)]
KeyFile = Annotated[
    list[Path] | None, typer.Option("--ssh-key", help="A private key file to log in with.", show_default=False)
]
Jump = Annotated[str | None, typer.Option("--jump", help="Through this host: user@host:port.", show_default=False)]
AtOnce = Annotated[int | None, typer.Option("--at-once", help="How many machines at a time.", show_default=False)]


@dataclass(frozen=True, slots=True)
class Reach:
    """The options that were given. `ssh`: what changes for this command; None: as the settings say."""

    home: Path
    where: Sequence[str]
    ssh: dict[str, Any]
    passphrase_fd: int | None
    as_json: bool

    @property
    def conditions(self) -> tuple[console.Condition, ...]:
        """Which machines."""
        return conditions_of(self.where)


def _shared(
    *,
    where: Where = None,
    user: User = None,
    ssh_key: KeyFile = None,
    jump: Jump = None,
    at_once: AtOnce = None,
    passphrase_fd: PassphraseFd = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """The one declaration."""


def _reach(context: typer.Context, given: Mapping[str, Any]) -> Reach:
    keys = tuple(map(str, given["ssh_key"])) if given["ssh_key"] else None
    ssh = {"user": given["user"], "keys": keys, "jump": given["jump"], "at_once": given["at_once"]}
    home = home_of(context, given["home"])
    return Reach(home, given["where"] or (), ssh, given["passphrase_fd"], given["as_json"])


reaching = shared_options(_reach, _shared)
"""Give a command, whose first parameter is a `Reach`, the options that lead to one."""

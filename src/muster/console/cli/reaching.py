"""What every command that goes to machines takes: which machines, how they are reached, and how it is told."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.console import app as console
from muster.console.cli.options import Home, Json, Where, conditions_of, home_of
from muster.console.cli.unlocking import PassphraseFd

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


_SHARED = inspect.signature(_shared, eval_str=True).parameters


def reaching(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, whose first parameter is a `Reach`, the options that lead to one."""

    @functools.wraps(command)
    def asked(context: typer.Context, **given: Any) -> None:
        shared = {name: given.pop(name) for name in _SHARED}
        keys = tuple(map(str, shared["ssh_key"])) if shared["ssh_key"] else None
        ssh = {"user": shared["user"], "keys": keys, "jump": shared["jump"], "at_once": shared["at_once"]}
        home, where = home_of(context, shared["home"]), shared["where"] or ()
        command(Reach(home, where, ssh, shared["passphrase_fd"], shared["as_json"]), **given)

    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    parameters = [context, *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *_SHARED.values()))]
    # What typer reads: names, types and defaults of the options.
    del asked.__dict__["__wrapped__"]
    asked.__dict__["__signature__"] = inspect.Signature(parameters)
    asked.__annotations__ = {each.name: each.annotation for each in parameters}
    return asked

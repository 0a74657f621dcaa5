"""``muster console account``: who may log in to the pages. Passwords come by prompt or standard input, never as an argument."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from muster.base import terminal
from muster.console import app as console
from muster.console.cli.options import Home, Json, home_of

if TYPE_CHECKING:
    from muster.platform.accounts import Accounts, Reset

accounts = typer.Typer(add_completion=False, no_args_is_help=True, help="People who may log in to the pages.")

Name = Annotated[str, typer.Argument(metavar="NAME")]
Role = Annotated[str, typer.Option("--role", help="admin, operator or viewer.")]
MAX_PASSWORD = 1024


def _accounts(context: typer.Context, home: Home) -> tuple[Accounts, str]:
    folder = home_of(context, home)
    return console.open_accounts(folder), console.open_console(folder).actor


@accounts.command("add")
def add(
    context: typer.Context,
    *,
    name: Name,
    role: Role,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the password, or read it from standard input.")] = False,
    home: Home = None,
) -> None:
    """Add a person. Prints a password that is good for one log-in within three days."""
    found, actor = _accounts(context, home)
    _tell(found.add(actor, name, role, password=_password() if ask else None), is_given=ask)


@accounts.command("list")
def list_(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """List people."""
    rows = _accounts(context, home)[0].store.accounts()
    if as_json:
        terminal.result_json(
            {"accounts": [{"name": row.name, "role": row.role, "blocked": row.is_blocked} for row in rows]}
        )
        return
    for row in rows:
        state = "  blocked" if row.is_blocked else "  one-time password" if row.one_time_until else ""
        terminal.result(f"{row.name:<24}{row.role:<10}{state}")


@accounts.command("reset")
def reset(context: typer.Context, name: Name, home: Home = None) -> None:
    """Give a person a new password, to be used once; sessions end."""
    found, actor = _accounts(context, home)
    _tell(found.reset(actor, name), is_given=False)


@accounts.command("role")
def role_(context: typer.Context, name: Name, role: Role, home: Home = None) -> None:
    """Give a person another role; sessions end."""
    found, actor = _accounts(context, home)
    terminal.result(f"{found.change(actor, name, role=role).name}: {role}")


@accounts.command("block")
def block(context: typer.Context, name: Name, home: Home = None) -> None:
    """Let a person in no more."""
    found, actor = _accounts(context, home)
    terminal.result(f"blocked: {found.change(actor, name, blocked=True).name}")


@accounts.command("unblock")
def unblock(context: typer.Context, name: Name, home: Home = None) -> None:
    """Let a person in again."""
    found, actor = _accounts(context, home)
    terminal.result(f"unblocked: {found.change(actor, name, blocked=False).name}")


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, err=True, confirmation_prompt=True))
    return sys.stdin.readline(MAX_PASSWORD).rstrip("\r\n")


def _tell(given: Reset, *, is_given: bool) -> None:
    if is_given:
        terminal.result(f"added: {given.name}")
        return
    terminal.result(given.password)
    terminal.note(f"for {given.name}, one log-in before {given.until:%Y-%m-%d %H:%M} UTC; it must be changed then")

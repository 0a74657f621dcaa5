"""``account`` and ``account token`` of every program that has accounts: who logs in, and which programs hold tokens.

Passwords come by prompt or standard input, never as an argument.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from muster.base import terminal
from muster.platform.accounts import Accounts, Reset
from muster.platform.command_line import HOME, Json

MAX_PASSWORD = 1024
DAYS = 90

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar=HOME, help="The program's state folder.", show_default=False),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name with which the person logs in.")]
TokenName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the token, by which it is ended.")]
Open = Callable[[typer.Context, Path | None], tuple[Accounts, str]]
"""The accounts of the home that was asked for, and who asks, for the record."""


def account_commands(opened: Open) -> typer.Typer:
    """The commands about the accounts that `opened` finds."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, help="People who log in, and tokens of programs.")
    app.add_typer(_tokens(opened), name="token")

    @app.command("add")
    def add(
        context: typer.Context,
        *,
        name: Name,
        role: Annotated[str, typer.Option("--role", help="Such as admin or operator; a wrong one names them all.")],
        ask: Annotated[
            bool, typer.Option("--ask", help="Ask for the password instead of making one to be used once.")
        ] = False,
        home: Home = None,
    ) -> None:
        """Add a person. Prints a password that is good for one log-in within three days."""
        found, actor = opened(context, home)
        _tell(found.add(actor, name, role, password=_password() if ask else None), is_given=ask)

    @app.command("list")
    def list_(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
        """List people."""
        rows = opened(context, home)[0].store.accounts()
        if as_json:
            people = [{"name": a.name, "role": a.role, "blocked": a.is_blocked, "identity": a.identity} for a in rows]
            terminal.result_json({"accounts": people})
            return
        for row in rows:
            state = "  blocked" if row.is_blocked else "  one-time password" if row.one_time_until else ""
            terminal.result(f"{row.name:<24}{row.role:<10}{state}")

    @app.command("reset")
    def reset(context: typer.Context, name: Name, home: Home = None) -> None:
        """Give a person a new password, to be used once; sessions end."""
        found, actor = opened(context, home)
        _tell(found.reset(actor, name), is_given=False)

    @app.command("role")
    def role_(
        context: typer.Context,
        *,
        name: Name,
        role: Annotated[str, typer.Option("--role", help="The new role.")],
        home: Home = None,
    ) -> None:
        """Give a person another role; sessions end."""
        found, actor = opened(context, home)
        terminal.result(f"{found.change(actor, name, role=role).name}: {role}")

    @app.command("block")
    def block(context: typer.Context, name: Name, home: Home = None) -> None:
        """Let a person, and the person's tokens, in no more."""
        found, actor = opened(context, home)
        terminal.result(f"blocked: {found.change(actor, name, blocked=True).name}")

    @app.command("unblock")
    def unblock(context: typer.Context, name: Name, home: Home = None) -> None:
        """Let a person in again."""
        found, actor = opened(context, home)
        terminal.result(f"unblocked: {found.change(actor, name, blocked=False).name}")

    @app.command("remove")
    def remove(context: typer.Context, name: Name, home: Home = None) -> None:
        """Forget a person who was blocked, with all tokens of theirs. What they did stays on record."""
        found, actor = opened(context, home)
        found.remove(actor, name)
        terminal.result(f"removed: {name}")

    return app


def _tokens(opened: Open) -> typer.Typer:
    app = typer.Typer(add_completion=False, no_args_is_help=True, help="Bearer tokens for programs.")

    @app.command("issue")
    def issue(
        context: typer.Context,
        *,
        name: TokenName,
        account: Annotated[str, typer.Option("--account", help="Whose token it is.")],
        scope: Annotated[list[str], typer.Option("--scope", help="What it may do; more than once.")],
        days: Annotated[int, typer.Option("--days", help="How long.")] = DAYS,
        home: Home = None,
    ) -> None:
        """Print a token of an account, once. It may do no more than its scopes and the account's role."""
        found, actor = opened(context, home)
        terminal.result(found.issue_token(actor, name, account, frozenset(scope), days))

    @app.command("list")
    def list_(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
        """List tokens."""
        rows = opened(context, home)[0].store.tokens()
        if as_json:
            told = [
                {"name": t.name, "account": t.account, "scopes": sorted(t.scopes), "ends": t.ends_at.date()}
                for t in rows
            ]
            terminal.result_json({"tokens": told})
            return
        for row in rows:
            scopes = " ".join(sorted(row.scopes))
            terminal.result(f"{row.name:<24}{row.account:<24}{scopes}  until {row.ends_at:%Y-%m-%d}")

    @app.command("end")
    def end(context: typer.Context, name: TokenName, home: Home = None) -> None:
        """End a token."""
        found, actor = opened(context, home)
        found.end_token(actor, name)
        terminal.result(f"ended: {name}")

    return app


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

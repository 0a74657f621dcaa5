"""``muster vendor account``: who may use the service's pages and API.

Passwords come by prompt or standard input, never as an argument.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from muster.base import terminal
from muster.platform.accounts import Accounts, Reset
from muster.vendor import app as vendor
from muster.vendor.cli.options import Home, Json, home_of, opened

accounts = typer.Typer(add_completion=False, no_args_is_help=True, help="People who log in, and tokens of programs.")
tokens = typer.Typer(add_completion=False, no_args_is_help=True, help="Bearer tokens for programs.")
accounts.add_typer(tokens, name="token")

Name = Annotated[str, typer.Argument(metavar="NAME")]
Role = Annotated[str, typer.Option("--role", help="admin, operator or auditor.")]
MAX_PASSWORD = 1024


def _accounts(context: typer.Context, home: Home) -> tuple[Accounts, str]:
    seller = opened(context, home)
    return vendor.open_accounts(home_of(context, home), seller), seller.actor


@accounts.command("add")
def add(
    context: typer.Context,
    *,
    name: Name,
    role: Role,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for the password instead of making one to be used once.")
    ] = False,
    home: Home = None,
) -> None:
    """Add a person. Prints a password that is good for one log-in within three days."""
    found, actor = _accounts(context, home)
    _tell(found.add(actor, name, role, password=_password() if ask else None), is_given=ask)


@accounts.command("list")
def list_(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """List people."""
    found, _ = _accounts(context, home)
    rows = found.store.accounts()
    if as_json:
        people = [{"name": a.name, "role": a.role, "blocked": a.is_blocked, "identity": a.identity} for a in rows]
        terminal.result_json({"accounts": people})
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
    """Let a person, and the person's tokens, in no more."""
    found, actor = _accounts(context, home)
    terminal.result(f"blocked: {found.change(actor, name, blocked=True).name}")


@accounts.command("unblock")
def unblock(context: typer.Context, name: Name, home: Home = None) -> None:
    """Let a person in again."""
    found, actor = _accounts(context, home)
    terminal.result(f"unblocked: {found.change(actor, name, blocked=False).name}")


@tokens.command("issue")
def issue(
    context: typer.Context,
    *,
    name: Name,
    account: Annotated[str, typer.Option("--account", help="Whose token it is.")],
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do; more than once.")],
    days: Annotated[int, typer.Option("--days", help="How long.")] = 90,
    home: Home = None,
) -> None:
    """Print a token of an account, once. It may do no more than its scopes and the account's role."""
    found, actor = _accounts(context, home)
    terminal.result(found.issue_token(actor, name, account, frozenset(scope), days))


@tokens.command("list")
def list_tokens(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """List tokens."""
    found, _ = _accounts(context, home)
    rows = found.store.tokens()
    if as_json:
        terminal.result_json(
            {
                "tokens": [
                    {"name": t.name, "account": t.account, "scopes": sorted(t.scopes), "ends": t.ends_at.date()}
                    for t in rows
                ]
            }
        )
        return
    for row in rows:
        terminal.result(f"{row.name:<24}{row.account:<24}{' '.join(sorted(row.scopes))}  until {row.ends_at:%Y-%m-%d}")


@tokens.command("end")
def end(context: typer.Context, name: Name, home: Home = None) -> None:
    """End a token."""
    found, actor = _accounts(context, home)
    found.end_token(actor, name)
    terminal.result(f"ended: {name}")


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

"""Endpoints of accounts, tokens and the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from muster.base.errors import Code, Refused
from muster.platform.accounts import Accounts, Who
from muster.platform.accounts.accounts import MAX_TOKEN_DAYS
from muster.platform.accounts.port import Account, Token
from muster.vendor.service.access import ACCOUNTS, AUDIT
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.answers import Asked, AuditAnswer, Page
from muster.vendor.web.admin.gate import Asking, Gate, admin_router

MAX_NAME = 64

Name = Annotated[str, Path(max_length=MAX_NAME)]
Text = Annotated[str, Field(max_length=MAX_NAME)]


class AccountAnswer(BaseModel):
    """Somebody who may log in."""

    name: str
    role: str
    is_blocked: bool
    must_change_password: bool
    created_at: datetime

    @classmethod
    def of(cls, row: Account) -> AccountAnswer:
        """An account."""
        return cls(
            name=row.name,
            role=row.role,
            is_blocked=row.is_blocked,
            must_change_password=row.one_time_until is not None,
            created_at=row.created_at,
        )


class NewAccount(BaseModel):
    """Somebody to be let in."""

    name: Text
    role: Text


class AccountChange(BaseModel):
    """Another role, or blocked and taken up again; what is left out stays."""

    role: Text | None = None
    is_blocked: bool | None = None


class PasswordAnswer(BaseModel):
    """A password for one log-in, told this once."""

    name: str
    password: str
    until: datetime


class TokenAnswer(BaseModel):
    """A token as it is kept: never the token itself."""

    name: str
    account: str
    scopes: list[str]
    created_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, row: Token) -> TokenAnswer:
        """A token."""
        return cls(
            name=row.name,
            account=row.account,
            scopes=sorted(row.scopes),
            created_at=row.created_at,
            ends_at=row.ends_at,
        )


class NewToken(BaseModel):
    """A token to be issued, with no scope that its account does not have."""

    name: Text
    account: Text
    scopes: Annotated[list[Text], Field(min_length=1, max_length=20)]
    days: Annotated[int, Field(ge=1, le=MAX_TOKEN_DAYS)]


class MadeToken(BaseModel):
    """A new token, told this once."""

    name: str
    token: str


def people(vendor: Vendor, accounts: Accounts, gate: Gate) -> APIRouter:
    """The router of ``/accounts``, ``/tokens`` and ``/audit``."""
    router = admin_router("accounts")

    @router.get("/accounts", dependencies=gate.needs(ACCOUNTS))
    def list_accounts() -> list[AccountAnswer]:
        """Every account, by name."""
        return [AccountAnswer.of(row) for row in accounts.store.accounts()]

    @router.post("/accounts", dependencies=gate.needs(ACCOUNTS), status_code=201)
    def add(asked: NewAccount, who: Asking) -> PasswordAnswer:
        """A new account, with a password that is good for one log-in."""
        made = accounts.add(who.name, asked.name, asked.role)
        return PasswordAnswer(name=made.name, password=made.password, until=made.until)

    @router.patch("/accounts/{name}", dependencies=gate.needs(ACCOUNTS))
    def change(name: Name, asked: AccountChange, who: Asking) -> AccountAnswer:
        """Give an account another role, block it or take it up again; its sessions end."""
        _check_other(who, name)
        return AccountAnswer.of(accounts.change(who.name, name, role=asked.role, blocked=asked.is_blocked))

    @router.post("/accounts/{name}/reset", dependencies=gate.needs(ACCOUNTS))
    def reset(name: Name, who: Asking) -> PasswordAnswer:
        """A new password that is good for one log-in; every session of the account ends."""
        _check_other(who, name)
        made = accounts.reset(who.name, name)
        return PasswordAnswer(name=made.name, password=made.password, until=made.until)

    @router.delete("/accounts/{name}", dependencies=gate.needs(ACCOUNTS), status_code=204)
    def remove(name: Name, who: Asking) -> None:
        """Forget an account that is blocked, with its tokens. What it did stays in the audit."""
        _check_other(who, name)
        accounts.remove(who.name, name)

    @router.get("/tokens", dependencies=gate.needs(ACCOUNTS))
    def list_tokens() -> list[TokenAnswer]:
        """Every token, by name."""
        return [TokenAnswer.of(row) for row in accounts.store.tokens()]

    @router.post("/tokens", dependencies=gate.needs(ACCOUNTS), status_code=201)
    def issue(asked: NewToken, who: Asking) -> MadeToken:
        """Issue a token."""
        text = accounts.issue_token(who.name, asked.name, asked.account, frozenset(asked.scopes), asked.days)
        return MadeToken(name=asked.name, token=text)

    @router.delete("/tokens/{name}", dependencies=gate.needs(ACCOUNTS), status_code=204)
    def end(name: Name, who: Asking) -> None:
        """End a token at once."""
        accounts.end_token(who.name, name)

    @router.get("/audit", dependencies=gate.needs(AUDIT))
    def audit(search: Asked) -> Page[AuditAnswer]:
        """The audit, newest first."""
        found = vendor.store.run(lambda books: books.list_audit(search))
        return Page.of(search, found, [AuditAnswer.of(row) for row in found.rows])

    return router


def _check_other(who: Who, name: str) -> None:
    if name.strip().lower() == who.name.partition("/")[0]:
        raise Refused(Code.NOT_ALLOWED, "nobody locks himself out here", "Let another administrator's token ask.")

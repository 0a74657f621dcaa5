"""Somebody whom an identity provider vouches for, let in: an account of that identity, made when it is first seen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from muster.base.errors import Code, Refused
from muster.platform.accounts import Accounts
from muster.platform.accounts.accounts import NAME
from muster.platform.openid.settings import Provider

ACTOR = "identity provider"
_SHORT = 8


def enter(accounts: Accounts, provider: Provider, claims: Mapping[str, Any], place: str) -> str:
    """The secret of a new session; the account has the role that the claims give now.

    `Refused` with LOGIN_REFUSED where they give none, or the account is blocked.
    """
    identity = f"{provider.issuer} {claims['sub']}"
    role = provider.role(claims)
    account = accounts.store.find_identity(identity)
    if role is None:
        raise Refused(
            Code.LOGIN_REFUSED,
            "the identity provider gives you no role here",
            "Ask whoever keeps the identity provider for a group that has one.",
        )
    if account is None:
        accounts.add(ACTOR, _free_name(accounts, claims, identity), role, identity=identity)
        account = accounts.store.find_identity(identity)
    elif account.role != role and not account.is_blocked:
        account = accounts.change(ACTOR, account.name, role=role)
    if account is None or account.is_blocked:
        raise Refused(Code.LOGIN_REFUSED, "your account is blocked here", "Ask an administrator.")
    return accounts.open(account, place)


def _free_name(accounts: Accounts, claims: Mapping[str, Any], identity: str) -> str:
    """A name that reads well and belongs to nobody: what the provider calls the person, if it can be one."""
    mark = hashlib.sha256(identity.encode()).hexdigest()[:_SHORT]
    for claim in ("preferred_username", "email"):
        name = str(claims.get(claim) or "").strip().lower()
        if NAME.fullmatch(name):
            return name if accounts.store.find(name) is None else f"{name[: 63 - _SHORT]}-{mark}"
    return f"person-{mark}"

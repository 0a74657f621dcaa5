"""Accounts in memory: for tests, and for a program that needs none after it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from muster.base.errors import Code, Refused
from muster.platform.accounts import pace
from muster.platform.accounts.port import Account, Session, Token


class MemoryAccounts:
    """See `AccountStore`."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._sessions: dict[bytes, Session] = {}
        self._tokens: dict[str, Token] = {}
        self._buckets: dict[str, datetime] = {}

    def add(self, account: Account) -> None:
        """See `AccountStore`."""
        if account.name in self._accounts or (account.identity and self.find_identity(account.identity)):
            raise Refused(Code.NAME_TAKEN)
        self._accounts[account.name] = account

    def find(self, name: str) -> Account | None:
        """See `AccountStore`."""
        return self._accounts.get(name)

    def find_identity(self, identity: str) -> Account | None:
        """See `AccountStore`."""
        return next((a for a in self._accounts.values() if a.identity == identity), None)

    def accounts(self) -> tuple[Account, ...]:
        """See `AccountStore`."""
        return tuple(sorted(self._accounts.values(), key=lambda account: account.name))

    def update(self, account: Account) -> None:
        """See `AccountStore`."""
        self._accounts[account.name] = account
        self._sessions = {d: s for d, s in self._sessions.items() if s.account != account.name}

    def remove(self, name: str) -> None:
        """See `AccountStore`."""
        self._accounts.pop(name, None)
        self._sessions = {d: s for d, s in self._sessions.items() if s.account != name}
        self._tokens = {n: t for n, t in self._tokens.items() if t.account != name}

    def open_session(self, session: Session) -> None:
        """See `AccountStore`."""
        self._sessions[session.digest] = session

    def session(self, digest: bytes) -> Session | None:
        """See `AccountStore`."""
        return self._sessions.get(digest)

    def see_session(self, digest: bytes, at: datetime) -> None:
        """See `AccountStore`."""
        if session := self._sessions.get(digest):
            self._sessions[digest] = replace(session, seen_at=at)

    def close_session(self, digest: bytes) -> None:
        """See `AccountStore`."""
        self._sessions.pop(digest, None)

    def add_token(self, token: Token) -> None:
        """See `AccountStore`."""
        if token.name in self._tokens:
            raise Refused(Code.NAME_TAKEN)
        self._tokens[token.name] = token

    def token(self, digest: bytes) -> Token | None:
        """See `AccountStore`."""
        return next((t for t in self._tokens.values() if t.digest == digest), None)

    def tokens(self) -> tuple[Token, ...]:
        """See `AccountStore`."""
        return tuple(sorted(self._tokens.values(), key=lambda token: token.name))

    def end_token(self, name: str) -> bool:
        """See `AccountStore`."""
        return self._tokens.pop(name, None) is not None

    def take(self, bucket: str, now: datetime, interval: timedelta, burst: int) -> timedelta:
        """See `AccountStore`."""
        self._buckets[bucket], wait = pace.take(self._buckets.get(bucket), now, interval, burst)
        return wait

    def sweep(self, *, sessions_before: datetime, buckets_before: datetime) -> None:
        """See `AccountStore`."""
        self._sessions = {d: s for d, s in self._sessions.items() if s.created_at >= sessions_before}
        self._buckets = {b: at for b, at in self._buckets.items() if at >= buckets_before}

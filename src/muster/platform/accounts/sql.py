"""Accounts in a program's own database, in tables and migrations of their own beside the program's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from muster.base.errors import Code, Refused
from muster.platform.accounts import pace
from muster.platform.accounts.port import Account, Session, Token
from muster.platform.accounts.tables import VERSION_TABLE
from muster.platform.accounts.tables import account as a
from muster.platform.accounts.tables import bucket as b
from muster.platform.accounts.tables import session as s
from muster.platform.accounts.tables import token as t
from muster.platform.sql import Database

MIGRATIONS = Path(__file__).parent / "migrations"

Result = TypeVar("Result")


class SqlAccounts:
    """See `AccountStore`. `setting` is where people wrote the URL down."""

    def __init__(self, url: str | sa.URL, setting: str) -> None:
        self._database = Database(url, MIGRATIONS, setting, VERSION_TABLE)

    def migrate(self) -> None:
        """Make the tables, or bring those of an older release up to date."""
        self._database.migrate()

    def close(self) -> None:
        """Let every connection go."""
        self._database.close()

    def add(self, account: Account) -> None:
        """See `AccountStore`."""

        def work(do: sa.Connection) -> None:
            same = a.c.name == account.name
            if account.identity:
                same |= a.c.identity == account.identity
            if do.execute(sa.select(a.c.name).where(same)).first():
                raise Refused(Code.NAME_TAKEN)
            do.execute(sa.insert(a).values(_account_values(account)))

        self._database.run(work)

    def find(self, name: str) -> Account | None:
        """See `AccountStore`."""
        return self._one(sa.select(a).where(a.c.name == name), _account)

    def find_identity(self, identity: str) -> Account | None:
        """See `AccountStore`."""
        return self._one(sa.select(a).where(a.c.identity == identity), _account)

    def accounts(self) -> tuple[Account, ...]:
        """See `AccountStore`."""
        query = sa.select(a).order_by(a.c.name)
        return self._database.run(lambda do: tuple(map(_account, do.execute(query))))

    def update(self, account: Account) -> None:
        """See `AccountStore`."""

        def work(do: sa.Connection) -> None:
            do.execute(sa.update(a).where(a.c.name == account.name).values(_account_values(account)))
            do.execute(sa.delete(s).where(s.c.account == account.name))

        self._database.run(work)

    def remove(self, name: str) -> None:
        """See `AccountStore`."""

        def work(do: sa.Connection) -> None:
            if do.dialect.name == "sqlite":  # what goes is overwritten in the file, too
                do.exec_driver_sql("PRAGMA secure_delete = ON")
            do.execute(sa.delete(s).where(s.c.account == name))
            do.execute(sa.delete(t).where(t.c.account == name))
            do.execute(sa.delete(a).where(a.c.name == name))

        self._database.run(work)

    def open_session(self, session: Session) -> None:
        """See `AccountStore`."""
        values = {
            "digest": session.digest,
            "account": session.account,
            "created_at": session.created_at,
            "seen_at": session.seen_at,
        }
        self._do(sa.insert(s).values(values))

    def session(self, digest: bytes) -> Session | None:
        """See `AccountStore`."""
        return self._one(
            sa.select(s).where(s.c.digest == digest),
            lambda r: Session(bytes(r.digest), r.account, _utc(r.created_at), _utc(r.seen_at)),
        )

    def see_session(self, digest: bytes, at: datetime) -> None:
        """See `AccountStore`."""
        self._do(sa.update(s).where(s.c.digest == digest).values(seen_at=at))

    def close_session(self, digest: bytes) -> None:
        """See `AccountStore`."""
        self._do(sa.delete(s).where(s.c.digest == digest))

    def add_token(self, token: Token) -> None:
        """See `AccountStore`."""
        values = {
            "digest": token.digest,
            "name": token.name,
            "account": token.account,
            "scopes": " ".join(sorted(token.scopes)),
            "created_at": token.created_at,
            "ends_at": token.ends_at,
        }

        def work(do: sa.Connection) -> None:
            if do.execute(sa.select(t.c.name).where(t.c.name == token.name)).first():
                raise Refused(Code.NAME_TAKEN)
            do.execute(sa.insert(t).values(values))

        self._database.run(work)

    def token(self, digest: bytes) -> Token | None:
        """See `AccountStore`."""
        return self._one(sa.select(t).where(t.c.digest == digest), _token)

    def tokens(self) -> tuple[Token, ...]:
        """See `AccountStore`."""
        query = sa.select(t).order_by(t.c.name)
        return self._database.run(lambda do: tuple(map(_token, do.execute(query))))

    def end_token(self, name: str) -> bool:
        """See `AccountStore`."""
        return bool(self._do(sa.delete(t).where(t.c.name == name)))

    def take(self, bucket: str, now: datetime, interval: timedelta, burst: int) -> timedelta:
        """See `AccountStore`."""

        def work(do: sa.Connection) -> timedelta:
            stored = do.execute(sa.select(b.c.full_at).where(b.c.name == bucket)).scalar()
            full_at, wait = pace.take(_utc(stored) if stored else None, now, interval, burst)
            if stored is None:
                do.execute(sa.insert(b).values(name=bucket, full_at=full_at))
            elif wait == pace.NO_WAIT:
                do.execute(sa.update(b).where(b.c.name == bucket).values(full_at=full_at))
            return wait

        return self._database.run(work)

    def sweep(self, *, sessions_before: datetime, buckets_before: datetime) -> None:
        """See `AccountStore`."""

        def work(do: sa.Connection) -> None:
            do.execute(sa.delete(s).where(s.c.created_at < sessions_before))
            do.execute(sa.delete(b).where(b.c.full_at < buckets_before))

        self._database.run(work)

    def _one(self, query: sa.Select[Any], read: Callable[[Any], Result]) -> Result | None:
        def work(do: sa.Connection) -> Result | None:
            row = do.execute(query).first()
            return read(row) if row else None

        return self._database.run(work)

    def _do(self, statement: sa.Insert | sa.Update | sa.Delete) -> int:
        return self._database.run(lambda do: do.execute(statement).rowcount)


def _account_values(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "role": account.role,
        "password": account.password,
        "identity": account.identity,
        "one_time_until": account.one_time_until,
        "is_blocked": account.is_blocked,
        "created_at": account.created_at,
    }


def _account(row: Any) -> Account:
    until = _utc(row.one_time_until) if row.one_time_until else None
    return Account(row.name, row.role, row.password, row.identity, until, row.is_blocked, _utc(row.created_at))


def _token(row: Any) -> Token:
    scopes = frozenset(row.scopes.split())
    return Token(bytes(row.digest), row.name, row.account, scopes, _utc(row.created_at), _utc(row.ends_at))


def _utc(at: datetime) -> datetime:
    """SQLite forgets the zone; what was written is UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

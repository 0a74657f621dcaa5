"""What accounts need of a database, and the records that are kept in it. No behaviour lives here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Account:
    """A person. `password` is argon2id in PHC form, empty where only an identity provider vouches (`identity`).

    `one_time_until` is set while the password must be changed at the next log-in, and ends it.
    """

    name: str
    role: str
    password: str
    identity: str | None
    one_time_until: datetime | None
    is_blocked: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in. `digest` is SHA-256 of the secret in its cookie."""

    digest: bytes
    account: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A machine's way in. `digest` is SHA-256 of the token; `scopes` what it may do at most."""

    digest: bytes
    name: str
    account: str
    scopes: frozenset[str]
    created_at: datetime
    ends_at: datetime


class AccountStore(Protocol):
    """Where accounts are. Each method is one transaction; `StoreFailed` when the database does not take it."""

    def add(self, account: Account) -> None:
        """A new account; `Refused` with NAME_TAKEN where there is one of this name or identity."""

    def find(self, name: str) -> Account | None:
        """The account of a name."""

    def find_identity(self, identity: str) -> Account | None:
        """The account an identity provider vouches for."""

    def accounts(self) -> tuple[Account, ...]:
        """Every account, by name."""

    def update(self, account: Account) -> None:
        """Keep what changed, and end every session of the account."""

    def remove(self, name: str) -> None:
        """Forget an account with its sessions and tokens; none is no error."""

    def open_session(self, session: Session) -> None:
        """Keep a session."""

    def session(self, digest: bytes) -> Session | None:
        """The session of a cookie."""

    def see_session(self, digest: bytes, at: datetime) -> None:
        """Keep when it was last used."""

    def close_session(self, digest: bytes) -> None:
        """Forget a session; none is no error."""

    def add_token(self, token: Token) -> None:
        """A new token; `Refused` with NAME_TAKEN where there is one of this name."""

    def token(self, digest: bytes) -> Token | None:
        """The token of a digest."""

    def tokens(self) -> tuple[Token, ...]:
        """Every token, by name."""

    def end_token(self, name: str) -> bool:
        """Forget a token; False where there was none."""

    def take(self, bucket: str, now: datetime, interval: timedelta, burst: int) -> timedelta:
        """Take one try out of a bucket (see `pace`); how long to wait, zero when it was taken."""

    def sweep(self, *, sessions_before: datetime, buckets_before: datetime) -> None:
        """Forget sessions that began before, and buckets that were full again before."""

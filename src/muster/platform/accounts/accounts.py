"""Log in, stay in, get out; accounts and tokens made and ended. Every change is told to `record` before it is done."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from muster.base.clock import Clock
from muster.base.entropy import Entropy
from muster.base.errors import Code, Misconfigured, Refused
from muster.platform.accounts import passwords
from muster.platform.accounts.pace import NO_WAIT
from muster.platform.accounts.port import Account, AccountStore, Session, Token
from muster.platform.accounts.who import Who, digest, form_secret
from muster.platform.effort import LOGIN, Effort

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
ONE_TIME = timedelta(days=3)
MAX_TOKEN_DAYS = 366
SECRET_BYTES = 32
ONE_TIME_BYTES = 10
TOKEN_PREFIX = "muster_"  # noqa: S105 - so that scanners of leaked secrets find it
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")

# Tries at a log-in: of a name from one place, of one place, of a name from everywhere: burst, then one per …
_PACES = (
    ("try/{name}/{place}", 5, timedelta(seconds=30)),
    ("place/{place}", 20, timedelta(seconds=10)),
    ("name/{name}", 50, timedelta(seconds=12)),
)
_ELSEWHERE_BURST, _ELSEWHERE_EVERY = 20, timedelta(seconds=6)
_FORGET_BUCKETS = timedelta(hours=1)

Record = Callable[[str, str, str, Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class Reset:
    """A password to be told once, and changed at the next log-in."""

    name: str
    password: str
    until: datetime


class Accounts:
    """The accounts of a program. `roles` maps each role to its scopes; `record` takes actor, action, subject, details.

    `effort` is what every password set from now on costs to try.
    """

    def __init__(
        self,
        store: AccountStore,
        clock: Clock,
        entropy: Entropy,
        roles: Mapping[str, frozenset[str]],
        record: Record,
        *,
        effort: Effort = LOGIN,
    ) -> None:
        self.store = store
        self.roles = roles
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._effort = effort

    # -------------------------------------------------------------- people

    def log_in(self, name: str, password: str, place: str) -> str:
        """The secret for the cookie of a new session. `place` is the address prefix that asks.

        `Refused` with RATE_LIMITED, or with LOGIN_REFUSED, which never tells whether the name exists.
        """
        name, now = name.strip().lower(), self._clock.now()
        if not NAME.fullmatch(name):
            name = ""
        for pattern, burst, interval in _PACES:
            self._take(pattern.format(name=name, place=place), now, interval, burst)
        account = self.store.find(name)
        is_right = passwords.fits(password, account.password if account else "")
        if account is None or not is_right or not self._is_open(account, now):
            self._record(name or "?", "login.refused", name or "?", {"from": place})
            raise Refused(Code.LOGIN_REFUSED)
        return self.open(account, place)

    def begin_elsewhere(self, place: str) -> None:
        """Count a log-in that is begun at an identity provider; `Refused` with RATE_LIMITED."""
        self._take(f"elsewhere/{place}", self._clock.now(), _ELSEWHERE_EVERY, _ELSEWHERE_BURST)

    def open(self, account: Account, place: str) -> str:
        """A new session for somebody who proved to be this account; returns the secret for the cookie."""
        now, secret = self._clock.now(), self._secret()
        self.store.sweep(sessions_before=now - LONGEST, buckets_before=now - _FORGET_BUCKETS)
        self._record(account.name, "login", account.name, {"from": place})
        self.store.open_session(Session(digest(secret), account.name, now, now))
        return secret

    def visitor(self, cookie: str) -> Who:
        """Who the cookie stands for; `Refused` with SESSION_ENDED where it stands for nobody now."""
        now = self._clock.now()
        session = self.store.session(digest(cookie))
        account = self.store.find(session.account) if session else None
        if (
            session is None
            or account is None
            or account.is_blocked
            or now - session.seen_at > IDLE
            or now - session.created_at > LONGEST
        ):
            raise Refused(Code.SESSION_ENDED)
        if now - session.seen_at > SEEN_EVERY:
            self.store.see_session(session.digest, now)
        must_change = account.one_time_until is not None
        return Who(account.name, account.role, self._scopes(account), must_change, form_secret(cookie))

    def log_out(self, cookie: str) -> None:
        """End the session of a cookie."""
        self.store.close_session(digest(cookie))

    def change_password(self, name: str, old: str, new: str, place: str) -> str:
        """Change one's own password: every session ends, and a new one begins; returns its secret."""
        account, now = self._account(name), self._clock.now()
        if self.store.take(f"change/{name}", now, timedelta(seconds=30), 5) > NO_WAIT:
            raise Refused(Code.RATE_LIMITED)
        if not passwords.fits(old, account.password):
            raise Refused(Code.LOGIN_REFUSED, "the old password is wrong")
        if new == old:
            raise Misconfigured(Code.PASSWORD_WEAK, "the new password is the old one")
        account = replace(account, password=self._hash(new, name), one_time_until=None)
        self._record(name, "account.password_changed", name, {})
        self.store.update(account)
        return self.open(account, place)

    # ------------------------------------------------------ administration

    def add(
        self, actor: str, name: str, role: str, *, password: str | None = None, identity: str | None = None
    ) -> Reset:
        """A new account. Without `password` it gets one to be used once; with `identity` (issuer and subject) none."""
        name = self._name(name)
        self._check_role(role)
        if self.store.find(name):
            raise Refused(Code.NAME_TAKEN, f"there is an account {name!r} already")
        until = None
        if password is None and identity is None:
            password, until = self._one_time()
        stored = "" if password is None else self._hash(password, name)
        now = self._clock.now()
        self._record(actor, "account.added", name, {"role": role})
        self.store.add(Account(name, role, stored, identity, until, is_blocked=False, created_at=now))
        return Reset(name, password or "", until or now)

    def reset(self, actor: str, name: str) -> Reset:
        """A new one-time password; every session of the account ends."""
        account = self._account(name)
        if account.identity is not None:
            raise Refused(Code.NOT_ALLOWED, f"{account.name} has no password here", "The identity provider keeps it.")
        password, until = self._one_time()
        self._record(actor, "account.reset", account.name, {})
        self.store.update(replace(account, password=self._hash(password, account.name), one_time_until=until))
        return Reset(account.name, password, until)

    def change(self, actor: str, name: str, *, role: str | None = None, blocked: bool | None = None) -> Account:
        """Give an account another role, block it or take it up again; its sessions end."""
        account = self._account(name)
        if role is not None:
            self._check_role(role)
            account = replace(account, role=role)
        if blocked is not None:
            account = replace(account, is_blocked=blocked)
        self._record(actor, "account.changed", account.name, {"role": account.role, "blocked": account.is_blocked})
        self.store.update(account)
        return account

    def remove(self, actor: str, name: str) -> None:
        """Forget an account, with its tokens; `Refused` with NOT_ALLOWED for one that is not blocked."""
        account = self._account(name)
        if not account.is_blocked:
            raise Refused(Code.NOT_ALLOWED, f"{account.name} may still log in", "Block the account first.")
        self._record(actor, "account.removed", account.name, {})
        self.store.remove(account.name)

    # ------------------------------------------------------------ machines

    def issue_token(self, actor: str, name: str, account: str, scopes: frozenset[str], days: int) -> str:
        """A bearer token of an account, shown now and never again."""
        owner, now = self._account(account), self._clock.now()
        beyond = scopes - self._scopes(owner)
        if beyond or not scopes:
            known = ", ".join(sorted(self._scopes(owner)))
            raise Misconfigured(Code.USAGE, f"{owner.name} cannot give {', '.join(sorted(beyond)) or 'nothing'}", known)
        if not 1 <= days <= MAX_TOKEN_DAYS:
            raise Misconfigured(Code.USAGE, f"{days} days are outside 1 … {MAX_TOKEN_DAYS}", "choose another number")
        text = TOKEN_PREFIX + self._secret()
        self._record(actor, "token.issued", name, {"account": owner.name, "scopes": sorted(scopes), "days": days})
        self.store.add_token(Token(digest(text), self._name(name), owner.name, scopes, now, now + timedelta(days=days)))
        return text

    def end_token(self, actor: str, name: str) -> None:
        """End a token; `Refused` with NOT_FOUND where there is none."""
        self._record(actor, "token.ended", name, {})
        if not self.store.end_token(name):
            raise Refused(Code.NOT_FOUND, f"there is no token {name!r}")

    def bearer(self, text: str) -> Who:
        """Who a bearer token stands for: its scopes, as far as its account still has them."""
        token = self.store.token(digest(text))
        account = self.store.find(token.account) if token else None
        if token is None or account is None or account.is_blocked or token.ends_at <= self._clock.now():
            raise Refused(Code.LOGIN_REFUSED, "the token is unknown, ended or its account is blocked")
        return Who(f"{account.name}/{token.name}", account.role, token.scopes & self._scopes(account))

    # --------------------------------------------------------------- inner

    def _take(self, bucket: str, now: datetime, interval: timedelta, burst: int) -> None:
        wait = self.store.take(bucket, now, interval, burst)
        if wait > NO_WAIT:
            seconds = int(wait.total_seconds()) + 1
            raise Refused(Code.RATE_LIMITED, "too many tries to log in", f"Wait {seconds} seconds and try again.")

    def _scopes(self, account: Account) -> frozenset[str]:
        return self.roles.get(account.role, frozenset())

    def _is_open(self, account: Account, now: datetime) -> bool:
        return not account.is_blocked and (account.one_time_until is None or now < account.one_time_until)

    def _account(self, name: str) -> Account:
        found = self.store.find(name.strip().lower())
        if found is None:
            raise Refused(Code.NOT_FOUND, f"there is no account {name!r}")
        return found

    def _name(self, name: str) -> str:
        name = name.strip().lower()
        if not NAME.fullmatch(name):
            raise Misconfigured(Code.USAGE, f"{name[:64]!r} is no name", "up to 64 of: a-z 0-9 . _ @ + -")
        return name

    def _check_role(self, role: str) -> None:
        if role not in self.roles:
            raise Misconfigured(Code.USAGE, f"there is no role {role!r}", f"one of: {', '.join(self.roles)}")

    def _hash(self, password: str, name: str) -> str:
        passwords.check(password, name)
        return passwords.hashed(password, self._entropy.token(passwords.SALT_BYTES), self._effort)

    def _secret(self) -> str:
        return base64.urlsafe_b64encode(self._entropy.token(SECRET_BYTES)).decode().rstrip("=")

    def _one_time(self) -> tuple[str, datetime]:
        text = base64.b32encode(self._entropy.token(ONE_TIME_BYTES)).decode().lower()
        grouped = "-".join(text[i : i + 4] for i in range(0, len(text), 4))
        return grouped, self._clock.now() + ONE_TIME

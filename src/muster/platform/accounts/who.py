"""Who asks, and what they may do."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from muster.base.errors import Code, Refused


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody let in. `form_secret` proves that a form was made for this session; empty for machines, which send none."""

    name: str
    role: str
    scopes: frozenset[str]
    must_change: bool = False
    form_secret: str = ""

    def may(self, scope: str) -> bool:
        """Whether this is within what the role or token allows; nothing is before a one-time password was changed."""
        return scope in self.scopes and not self.must_change

    def need(self, scope: str) -> None:
        """`Refused` with NOT_ALLOWED unless `may`."""
        if not self.may(scope):
            raise Refused(Code.NOT_ALLOWED, f"{self.name} ({self.role}) may not do this; it needs the scope {scope!r}")

    def check_form(self, sent: str) -> None:
        """`Refused` with FORM_OUTDATED for a form of another session, or of another site."""
        if not self.form_secret or not hmac.compare_digest(sent.encode(), self.form_secret.encode()):
            raise Refused(Code.FORM_OUTDATED)


def digest(secret: str) -> bytes:
    """What is kept of a cookie or token."""
    return hashlib.sha256(secret.encode()).digest()


def form_secret(secret: str) -> str:
    """The token in forms of the session with this cookie: whoever reads a page cannot compute the cookie from it."""
    return hashlib.sha256(b"form/" + secret.encode()).hexdigest()

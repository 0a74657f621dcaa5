"""What a vendor's service answers, read without believing more than its shape (spec/vendor.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from muster.base.errors import BY_NUMBER, Code, MusterError, Refused, Unreachable
from muster.base.terminal import clean
from muster.trust.humanid import parse_confirmation

JSON = "application/json"
PROBLEM = "application/problem+json"
MAX_WORDS = 300
MAX_COUNT = 0xFFFF_FFFF
MAX_WAIT_SECONDS = 7 * 86_400
# What a service may say of itself; anything else in its mouth would be taken for a fault of this machine.
_SAYABLE = frozenset(
    {
        Code.CERTIFICATE_WITHDRAWN,
        Code.HOST_LIMIT_REACHED,
        Code.INSTALLATION_ID_MALFORMED,
        Code.INTERNAL,
        Code.KEY_BLOCKED,
        Code.KEY_EXHAUSTED,
        Code.KEY_MALFORMED,
        Code.KEY_UNKNOWN,
        Code.KEY_WRONG_EDITION,
        Code.KEY_WRONG_KIND,
        Code.MESSAGE_MALFORMED,
        Code.NOT_FOUND,
        Code.ORGANISATION_BLOCKED,
        Code.RATE_LIMITED,
        Code.STORE_FAILED,
        Code.USAGE,
        Code.VERSION_NOT_SUPPORTED,
    }
)


@dataclass(frozen=True, slots=True)
class Activated:
    """A machine's packed confirmation; its last day, None for none; what is left of the key, None when it is not told."""

    confirmation: bytes
    expires_at: date | None
    remaining: int | None


@dataclass(frozen=True, slots=True)
class Certified:
    """The packed confirmation of a host or a directory, and the serial of its certificate."""

    confirmation: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of a multiple activation key, of how many, for which edition."""

    remaining: int
    total: int
    edition: str


def read_activated(plain: dict[str, Any]) -> Activated:
    """The answer to a machine; the confirmation is verified by who asked."""
    day = plain.get("expires_at")
    try:
        expires = date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError as error:
        raise nonsense("an end that is no day") from error
    left = plain.get("remaining")
    return Activated(_confirmation(plain), expires, None if left is None else _count(plain, "remaining"))


def read_certified(plain: dict[str, Any]) -> Certified:
    """The answer to a host or a directory."""
    return Certified(_confirmation(plain), _count(plain, "serial"))


def read_remaining(plain: dict[str, Any]) -> Remaining:
    """The answer about a key."""
    edition = plain.get("edition")
    if not isinstance(edition, str):
        raise nonsense("no edition")
    return Remaining(_count(plain, "remaining"), _count(plain, "total"), clean(edition, 64))


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object."""
    try:
        plain = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise nonsense("no JSON") from error
    if not isinstance(plain, dict):
        raise nonsense("no JSON object")
    return plain


def read_problem(status: int, media: str, body: bytes, retry_after: str) -> MusterError:
    """The error that an answer which is no success tells."""
    if media != PROBLEM:
        return nonsense(f"status {status}")
    try:
        plain = read_object(body)
    except MusterError as error:
        return error
    number = plain.get("number")
    code = BY_NUMBER.get(number, Code.INTERNAL) if isinstance(number, int) else Code.INTERNAL
    if code not in _SAYABLE:
        code = Code.INTERNAL
    detail, hint = plain.get("detail"), plain.get("hint")
    message = clean(detail, MAX_WORDS) if isinstance(detail, str) else ""
    wait = _wait(retry_after) if code is Code.RATE_LIMITED else ""
    return Refused(
        code,
        f"the vendor's service says: {message or code.meaning}{wait}",
        clean(hint, MAX_WORDS) if isinstance(hint, str) else "",
    )


def nonsense(what: str) -> Unreachable:
    """Something answered that is not the service: the log-in page of a network, another site, a broken proxy."""
    return Unreachable(
        Code.SERVICE_UNREACHABLE,
        f"what answered is not the vendor's activation service: {what}",
        "Check the address, and whether this network asks for a log-in or puts a proxy between.",
    )


def _confirmation(plain: dict[str, Any]) -> bytes:
    digits = plain.get("confirmation_id")
    if not isinstance(digits, str):
        raise nonsense("no confirmation id")
    try:
        return parse_confirmation(digits)
    except MusterError as error:
        raise nonsense(error.message) from error


def _count(plain: dict[str, Any], name: str) -> int:
    value = plain.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise nonsense(f"no {name}")
    return value


def _wait(retry_after: str) -> str:
    seconds = int(retry_after) if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 8 else 0  # noqa: PLR2004 - digits
    return f"; ask again in {min(seconds, MAX_WAIT_SECONDS)} seconds" if seconds else ""

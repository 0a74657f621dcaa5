"""Events that a vendor's own systems are told, how they are signed, and when they are tried again (spec/webhooks.md)."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - what such a secret begins with, so that scanners find it
GONE = 410
MAX_ANSWER = 200

RETRIES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""What passes between a try that failed and the next one; after the last there is none."""

ONCE_WITHIN = timedelta(days=1)
"""Events about refusals come once in this time for the same subject: whoever is refused asks again and again."""


class Event(StrEnum):
    """What may be told. The names are part of the interface."""

    KEY_NEARLY_EXHAUSTED = "key.nearly_exhausted"
    KEY_EXHAUSTED = "key.exhausted"
    HOST_LIMIT_REACHED = "key.host_limit_reached"
    WRONG_TAGS = "installation.wrong_tags"
    TEST = "webhook.test"


SUBSCRIBED = tuple(event for event in Event if event is not Event.TEST)


class DeliveryState(StrEnum):
    """Where the telling of an event is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a try came to: the next one at `next_at`, or none."""

    state: DeliveryState
    next_at: datetime | None


def event_of_use(before: int, after: int, total: int) -> Event | None:
    """The event of a pool of `total` whose use grows from `before` to `after`: at all of it, and at four fifths."""
    if before < total <= after:
        return Event.KEY_EXHAUSTED
    if before * 5 < total * 4 <= after * 5:
        return Event.KEY_NEARLY_EXHAUSTED
    return None


def outcome(status: int | None, tries: int, now: datetime) -> Outcome:
    """What follows when try number `tries` (from 1) was answered by an HTTP status; None where nobody answered."""
    if status is not None and 200 <= status < 300:  # noqa: PLR2004 - HTTP's class of yes
        return Outcome(DeliveryState.DELIVERED, None)
    if status == GONE or tries > len(RETRIES):
        return Outcome(DeliveryState.DEAD, None)
    return Outcome(DeliveryState.WAITING, now + RETRIES[tries - 1])


def signature(secret: bytes, message: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: HMAC-SHA256 over message id, timestamp (seconds) and body."""
    signed = f"{message}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def shown_secret(secret: bytes) -> str:
    """A secret as receivers enter it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()

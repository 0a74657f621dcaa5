"""Webhooks: added, paused, removed, tried; and events put into their outbox, in the transaction of what happened."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from muster.base.errors import Code, Misconfigured, Refused
from muster.platform.service_address import check_service
from muster.vendor.core.webhooks import SECRET_BYTES, SUBSCRIBED, DeliveryState, Event, shown_secret
from muster.vendor.ports import Books, Delivery, KeyRow, Webhook
from muster.vendor.service.vendor import Vendor

MAX_WEBHOOKS = 20
SECRET_LABEL = b"webhook"
"""Not as long as a key's reference, so that no sealed secret is taken for a key's."""
_MESSAGE_BYTES = 15


@dataclass(frozen=True, slots=True)
class MadeWebhook:
    """A new webhook and its secret, told this once."""

    webhook: Webhook
    secret: str


def add_webhook(vendor: Vendor, address: str, events: Sequence[str]) -> MadeWebhook:
    """A new webhook; `Misconfigured` for an address that is none or without TLS, and for events that do not exist."""
    known = {str(event): event for event in SUBSCRIBED}
    unknown = [name for name in events if name not in known]
    if unknown or not events:
        wrong = f"there is no event {unknown[0]!r}" if unknown else "no event was chosen"
        raise Misconfigured(Code.USAGE, wrong, f"one or more of: {', '.join(known)}")
    address, secret, keys = check_service(address), vendor.entropy.token(SECRET_BYTES), vendor.keys

    def work(books: Books) -> Webhook:
        if len(books.webhooks()) >= MAX_WEBHOOKS:
            raise Misconfigured(Code.USAGE, f"there are {MAX_WEBHOOKS} webhooks already", "Remove one.")
        sealed = keys.seal(secret, SECRET_LABEL)
        chosen = tuple(known[name] for name in dict.fromkeys(events))
        added = books.add_webhook(Webhook(0, address, chosen, sealed, is_paused=False, created_at=vendor.clock.now()))
        vendor.write(books, "webhook.added", str(added.id), address=address, events=list(chosen))
        return added

    return MadeWebhook(vendor.store.run(work), shown_secret(secret))


def pause_webhook(vendor: Vendor, number: int, *, paused: bool) -> Webhook:
    """Send nothing, or go on; what happens meanwhile waits."""

    def work(books: Books) -> Webhook:
        found = find_webhook(books, number)
        books.pause_webhook(number, paused=paused)
        vendor.write(books, "webhook.paused" if paused else "webhook.resumed", str(number))
        return replace(found, is_paused=paused)

    return vendor.store.run(work)


def remove_webhook(vendor: Vendor, number: int) -> None:
    """Forget a webhook and everything that it was told or was to be told."""

    def work(books: Books) -> None:
        found = find_webhook(books, number)
        books.remove_webhook(number)
        vendor.write(books, "webhook.removed", str(number), address=found.address)

    vendor.store.run(work)


def send_test(vendor: Vendor, number: int) -> Delivery:
    """Put an event into the outbox that means nothing, to see whether it arrives."""

    def work(books: Books) -> Delivery:
        found = find_webhook(books, number)
        vendor.write(books, "webhook.tested", str(number))
        return _add(vendor, books, found, Event.TEST, subject=str(number), data={"webhook": number})

    return vendor.store.run(work)


def send_again(vendor: Vendor, number: int) -> Delivery:
    """Try a delivery anew that was given up, or was delivered; `Refused` with NOT_FOUND."""

    def work(books: Books) -> Delivery:
        found = books.delivery(number)
        if found is None:
            raise Refused(Code.NOT_FOUND, f"there is no delivery {number}", "Old ones are forgotten after 30 days.")
        again = replace(found, state=DeliveryState.WAITING, next_at=vendor.clock.now(), tries=0)
        books.update_deliveries([again])
        vendor.write(books, "webhook.sent_again", str(number))
        return again

    return vendor.store.run(work)


def tell(
    vendor: Vendor,
    books: Books,
    event: Event,
    subject: str,
    data: Mapping[str, object],
    *,
    once_within: timedelta | None = None,
) -> None:
    """Put an event into the outbox of every webhook that wants it, in the caller's transaction.

    With `once_within` none is told that was told the same event of the same subject in that time.
    """
    for webhook in books.webhooks():
        if event not in webhook.events:
            continue
        since = vendor.clock.now() - (once_within or timedelta())
        if once_within is None or not books.is_told_since(webhook.id, event, subject, since):
            _add(vendor, books, webhook, event, subject=subject, data=data)


def key_data(key: KeyRow) -> dict[str, object]:
    """What is told of a key: never the key itself."""
    return {
        "key": key.id,
        "last_characters": key.partial,
        "scope": key.scope_name,
        "organisation": key.organisation.id,
        "organisation_name": key.organisation.name,
    }


def find_webhook(books: Books, number: int) -> Webhook:
    """The webhook of a number; `Refused` with NOT_FOUND."""
    found = next((row for row in books.webhooks() if row.id == number), None)
    if found is None:
        raise Refused(Code.NOT_FOUND, f"there is no webhook {number}")
    return found


def _add(
    vendor: Vendor, books: Books, webhook: Webhook, event: Event, *, subject: str, data: Mapping[str, object]
) -> Delivery:
    now = vendor.clock.now()
    message = "msg_" + base64.b32encode(vendor.entropy.token(_MESSAGE_BYTES)).decode().lower()
    body = json.dumps({"type": str(event), "timestamp": _moment(now), "data": dict(data)}, separators=(",", ":"))
    waiting = DeliveryState.WAITING
    return books.add_delivery(Delivery(0, webhook, message, event, subject, body, waiting, now, 0, "", now))


def _moment(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"

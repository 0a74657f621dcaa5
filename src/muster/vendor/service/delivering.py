"""The outbox emptied: what is due is posted to its webhook, tried again later, or given up (spec/webhooks.md)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Self

from muster.base.errors import MusterError
from muster.vendor.core.webhooks import MAX_ANSWER, DeliveryState, outcome, signature
from muster.vendor.ports import Books, Delivery
from muster.vendor.service.noticing import share_wrong_tags
from muster.vendor.service.vendor import Vendor
from muster.vendor.service.webhooks import SECRET_LABEL

AT_ONCE = 20
CLAIMED_FOR = timedelta(minutes=10)
"""No other node takes what one has taken for this long; a node that dies meanwhile loses nothing."""
EVERY_SECONDS = 5.0
KEPT = timedelta(days=30)

Post = Callable[[str, Mapping[str, str], bytes], int]
"""Posts a body with headers to an address; the HTTP status. `MusterError` when nobody answers, or it may not be asked."""

_log = logging.getLogger(__name__)


def deliver_due(vendor: Vendor, post: Post) -> int:
    """Post everything that is due now; how many were tried. Each arrives at least once, or is given up in the end."""
    share_wrong_tags(vendor)
    claimed = vendor.store.run(lambda books: _claim(vendor, books), holding=True)
    for row in claimed:
        done = _tried(vendor, post, row)
        vendor.store.run(lambda books, done=done: books.update_deliveries([done]), holding=True)  # type: ignore[misc]
    return len(claimed)


def _claim(vendor: Vendor, books: Books) -> tuple[Delivery, ...]:
    now = vendor.clock.now()
    due = books.due_deliveries(now, AT_ONCE)
    books.update_deliveries([replace(row, next_at=now + CLAIMED_FOR) for row in due])
    books.forget_deliveries(now - KEPT)
    return due


def _tried(vendor: Vendor, post: Post, row: Delivery) -> Delivery:
    body, timestamp, tries = row.body.encode(), int(vendor.clock.now().timestamp()), row.tries + 1
    headers = {
        "content-type": "application/json",
        "webhook-id": row.message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(
            vendor.keys.unseal(row.webhook.secret, SECRET_LABEL), row.message, timestamp, body
        ),
    }
    status, answer = None, ""
    try:
        status = post(row.webhook.address, headers, body)
        answer = f"HTTP {status}"
    except MusterError as error:
        answer = error.message
    result = outcome(status, tries, vendor.clock.now())
    if result.state is DeliveryState.DEAD:
        _log.warning("webhook %s was not told %s: %s", row.webhook.id, row.event, answer)
    return replace(row, state=result.state, next_at=result.next_at, tries=tries, answer=answer[:MAX_ANSWER])


class Deliveries:
    """A thread that empties the outbox until it is stopped. What fails is logged, and tried again in its turn."""

    def __init__(self, vendor: Vendor, post: Post) -> None:
        self._vendor = vendor
        self._post = post
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                tried = deliver_due(self._vendor, self._post)
            except MusterError as error:
                _log.warning("the outbox of webhooks cannot be read: %s", error)
                tried = 0
            if not tried:
                self._stopped.wait(EVERY_SECONDS)

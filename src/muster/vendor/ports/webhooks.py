"""Webhooks and their outbox, as the books keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from muster.vendor.core.webhooks import DeliveryState, Event
from muster.vendor.ports.lists import Listed, Search


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of the vendor's own that is told of `events`. `secret` is what they are signed with, encrypted."""

    id: int
    address: str
    events: tuple[Event, ...]
    secret: bytes
    is_paused: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a webhook. `message` names it in every try; `answer` is what the last one came to."""

    id: int
    webhook: Webhook
    message: str
    event: Event
    subject: str
    body: str
    state: DeliveryState
    next_at: datetime | None
    tries: int
    answer: str
    created_at: datetime


class Webhooks(Protocol):
    """Webhooks, and the outbox of what they are told."""

    def webhooks(self) -> tuple[Webhook, ...]:
        """Every webhook, by id."""

    def add_webhook(self, row: Webhook) -> Webhook:
        """Keep a new webhook; its id is given by the books."""

    def pause_webhook(self, number: int, *, paused: bool) -> None:
        """Pause a webhook, or go on with it."""

    def remove_webhook(self, number: int) -> None:
        """Forget a webhook with its deliveries."""

    def count_wrong_tags(self, counted: Mapping[tuple[int, bytes], int], since: int) -> Mapping[bytes, int]:
        """Add numbers by slot and reference; what all nodes counted of each of these references in slots from `since` on.

        Older slots are forgotten.
        """

    def add_delivery(self, row: Delivery) -> Delivery:
        """Put an event into the outbox; its id is given by the books."""

    def is_told_since(self, webhook: int, event: Event, subject: str, since: datetime) -> bool:
        """Whether a webhook was told, or is to be told, the same event of the same subject after `since`."""

    def delivery(self, number: int) -> Delivery | None:
        """The delivery of an id."""

    def due_deliveries(self, now: datetime, most: int) -> tuple[Delivery, ...]:
        """What is to be tried now, longest due first; nothing of paused webhooks, nor what another transaction holds."""

    def update_deliveries(self, rows: Sequence[Delivery]) -> None:
        """Keep how far deliveries came."""

    def forget_deliveries(self, before: datetime) -> None:
        """Forget what was put in before and is not tried any more."""

    def list_deliveries(self, search: Search) -> Listed[Delivery]:
        """Deliveries, newest first; `text` in event, subject and address. States: waiting, delivered, dead."""

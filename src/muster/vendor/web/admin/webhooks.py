"""Endpoints of webhooks and their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from muster.platform.service_address import MAX_ADDRESS_CHARACTERS
from muster.vendor.core.webhooks import SUBSCRIBED
from muster.vendor.ports import Delivery, Webhook
from muster.vendor.service.access import WEBHOOKS
from muster.vendor.service.vendor import Vendor
from muster.vendor.service.webhooks import add_webhook, pause_webhook, remove_webhook, send_again, send_test
from muster.vendor.web.admin.answers import MAX_ID, Asked, Page
from muster.vendor.web.admin.gate import Asking, Gate, admin_router

MAX_EVENT = 64

Number = Annotated[int, Path(ge=1, le=MAX_ID, description="The number of the webhook.")]
DeliveryNumber = Annotated[int, Path(ge=1, le=MAX_ID, description="The number of the delivery.")]
EventName = Annotated[str, Field(max_length=MAX_EVENT)]


class WebhookAnswer(BaseModel):
    """A webhook: never its secret."""

    number: int
    address: str
    events: list[str]
    is_paused: bool
    created_at: datetime

    @classmethod
    def of(cls, row: Webhook) -> WebhookAnswer:
        """A webhook of the books."""
        return cls(
            number=row.id,
            address=row.address,
            events=[str(event) for event in row.events],
            is_paused=row.is_paused,
            created_at=row.created_at,
        )


class NewWebhook(BaseModel):
    """An address and the events that it is told."""

    address: Annotated[str, Field(max_length=MAX_ADDRESS_CHARACTERS)]
    events: Annotated[list[EventName], Field(min_length=1, max_length=len(SUBSCRIBED))]


class MadeWebhookAnswer(WebhookAnswer):
    """A new webhook with the secret that its events are signed with, told this once."""

    secret: str


class DeliveryAnswer(BaseModel):
    """What became of an event on its way to a webhook."""

    number: int
    webhook: int
    message: str
    event: str
    subject: str
    state: str
    tries: int
    next_at: datetime | None
    answer: str
    created_at: datetime

    @classmethod
    def of(cls, row: Delivery) -> DeliveryAnswer:
        """A delivery of the books."""
        return cls(
            number=row.id,
            webhook=row.webhook.id,
            message=row.message,
            event=str(row.event),
            subject=row.subject,
            state=str(row.state),
            tries=row.tries,
            next_at=row.next_at,
            answer=row.answer,
            created_at=row.created_at,
        )


def webhooks(vendor: Vendor, gate: Gate) -> APIRouter:
    """The router of ``/webhooks`` and ``/deliveries``."""
    router = admin_router("webhooks")

    @router.get("/webhooks", dependencies=gate.needs(WEBHOOKS))
    def list_webhooks() -> list[WebhookAnswer]:
        """Every webhook."""
        return [WebhookAnswer.of(row) for row in vendor.store.run(lambda books: books.webhooks())]

    @router.post("/webhooks", dependencies=gate.needs(WEBHOOKS), status_code=201)
    def add(asked: NewWebhook, who: Asking) -> MadeWebhookAnswer:
        """A new webhook."""
        made = add_webhook(vendor.acting(who.name), asked.address, asked.events)
        return MadeWebhookAnswer(**WebhookAnswer.of(made.webhook).model_dump(), secret=made.secret)

    @router.post("/webhooks/{number}/pause", dependencies=gate.needs(WEBHOOKS))
    def pause(number: Number, who: Asking) -> WebhookAnswer:
        """Send nothing; what happens meanwhile waits."""
        return WebhookAnswer.of(pause_webhook(vendor.acting(who.name), number, paused=True))

    @router.post("/webhooks/{number}/resume", dependencies=gate.needs(WEBHOOKS))
    def resume(number: Number, who: Asking) -> WebhookAnswer:
        """Go on with a webhook."""
        return WebhookAnswer.of(pause_webhook(vendor.acting(who.name), number, paused=False))

    @router.post("/webhooks/{number}/test", dependencies=gate.needs(WEBHOOKS), status_code=202)
    def test(number: Number, who: Asking) -> DeliveryAnswer:
        """Send an event that means nothing, within seconds."""
        return DeliveryAnswer.of(send_test(vendor.acting(who.name), number))

    @router.delete("/webhooks/{number}", dependencies=gate.needs(WEBHOOKS), status_code=204)
    def remove(number: Number, who: Asking) -> None:
        """Forget a webhook and its deliveries."""
        remove_webhook(vendor.acting(who.name), number)

    @router.get("/deliveries", dependencies=gate.needs(WEBHOOKS))
    def list_deliveries(search: Asked) -> Page[DeliveryAnswer]:
        """Deliveries of the last 30 days, newest first. States: waiting, delivered, dead."""
        found = vendor.store.run(lambda books: books.list_deliveries(search))
        return Page.of(search, found, [DeliveryAnswer.of(row) for row in found.rows])

    @router.post("/deliveries/{number}/again", dependencies=gate.needs(WEBHOOKS), status_code=202)
    def again(number: DeliveryNumber, who: Asking) -> DeliveryAnswer:
        """Send once more what was given up, or delivered."""
        return DeliveryAnswer.of(send_again(vendor.acting(who.name), number))

    return router

"""`Webhooks` by SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from muster.vendor.adapters import sql_statements as s
from muster.vendor.adapters import tables as t
from muster.vendor.adapters.sql_lists import found, listed
from muster.vendor.adapters.sql_rows import utc
from muster.vendor.core.webhooks import DeliveryState, Event
from muster.vendor.ports import Delivery, Listed, Search, Webhook

_W, _D, _T = t.webhook.c, t.delivery.c, t.wrong_tag.c


class SqlWebhooks:
    """See `Webhooks`."""

    _do: Callable[..., sa.CursorResult[Any]]

    def webhooks(self) -> tuple[Webhook, ...]:
        """See `Webhooks`."""
        return tuple(map(_webhook, self._do(sa.select(t.webhook).order_by(_W.id))))

    def add_webhook(self, row: Webhook) -> Webhook:
        """See `Webhooks`."""
        values = {
            "address": row.address,
            "events": " ".join(row.events),
            "secret": row.secret,
            "is_paused": row.is_paused,
            "created_at": row.created_at,
        }
        number = self._do(sa.insert(t.webhook).values(values).returning(_W.id)).scalar_one()
        return replace(row, id=number)

    def pause_webhook(self, number: int, *, paused: bool) -> None:
        """See `Webhooks`."""
        self._do(sa.update(t.webhook).where(_W.id == number).values(is_paused=paused))

    def remove_webhook(self, number: int) -> None:
        """See `Webhooks`."""
        self._do(sa.delete(t.delivery).where(_D.webhook_id == number))
        self._do(sa.delete(t.webhook).where(_W.id == number))

    def count_wrong_tags(self, counted: Mapping[tuple[int, bytes], int], since: int) -> Mapping[bytes, int]:
        """See `Webhooks`."""
        rows = [
            {"slot": slot, "reference": reference, "number": number}
            for (slot, reference), number in sorted(
                counted.items()
            )  # in one order, so that nodes do not wait crosswise
        ]
        self._do(s.ADD_WRONG_TAGS, rows)
        self._do(sa.delete(t.wrong_tag).where(_T.slot < since))
        total = sa.select(_T.reference, sa.func.sum(_T.number).label("number")).group_by(_T.reference)
        asked = {reference for _, reference in counted}
        return {bytes(r.reference): int(r.number) for r in self._do(total.where(_T.reference.in_(asked)))}

    def add_delivery(self, row: Delivery) -> Delivery:
        """See `Webhooks`."""
        values = {
            "webhook_id": row.webhook.id,
            "message": row.message,
            "event": str(row.event),
            "subject": row.subject,
            "body": row.body,
            **_progress(row),
            "created_at": row.created_at,
        }
        number = self._do(sa.insert(t.delivery).values(values).returning(_D.id)).scalar_one()
        return replace(row, id=number)

    def is_told_since(self, webhook: int, event: Event, subject: str, since: datetime) -> bool:
        """See `Webhooks`."""
        same = _D.webhook_id == webhook, _D.event == str(event), _D.subject == subject, _D.created_at > since
        return self._do(sa.select(_D.id).where(*same).limit(1)).first() is not None

    def delivery(self, number: int) -> Delivery | None:
        """See `Webhooks`."""
        row = self._do(_joined().where(_D.id == number)).first()
        return _delivery(row) if row else None

    def due_deliveries(self, now: datetime, most: int) -> tuple[Delivery, ...]:
        """See `Webhooks`."""
        query = _joined().where(_D.next_at <= now, ~_W.is_paused).order_by(_D.next_at, _D.id).limit(most)
        # Another node's are passed over, not waited for. SQLite has one writer at a time and leaves this out.
        query = query.with_for_update(of=t.delivery, skip_locked=True)
        return tuple(map(_delivery, self._do(query)))

    def update_deliveries(self, rows: Sequence[Delivery]) -> None:
        """See `Webhooks`."""
        for row in rows:
            self._do(sa.update(t.delivery).where(_D.id == row.id).values(_progress(row)))

    def forget_deliveries(self, before: datetime) -> None:
        """See `Webhooks`."""
        self._do(sa.delete(t.delivery).where(_D.created_at < before, _D.next_at.is_(None)))

    def list_deliveries(self, search: Search) -> Listed[Delivery]:
        """See `Webhooks`."""
        query = _joined()
        if search.text:
            query = query.where(found(search.text, _D.event, _D.subject, _W.address))
        if search.state in set(DeliveryState):
            query = query.where(_D.state == search.state)
        return listed(self._do, query, search, _D.id.desc(), _delivery)


def _joined() -> sa.Select[Any]:
    behind = [c.label(f"webhook_{c.name}") for c in t.webhook.c if c.name != "id"]
    return sa.select(t.delivery, *behind).join(t.webhook, _D.webhook_id == _W.id)


def _progress(row: Delivery) -> dict[str, Any]:
    return {"state": str(row.state), "next_at": row.next_at, "tries": row.tries, "answer": row.answer}


def _webhook(row: Any) -> Webhook:
    events = tuple(Event(name) for name in row.events.split())
    return Webhook(row.id, row.address, events, bytes(row.secret), bool(row.is_paused), utc(row.created_at))


def _delivery(row: Any) -> Delivery:
    events = tuple(Event(name) for name in row.webhook_events.split())
    webhook = Webhook(
        row.webhook_id,
        row.webhook_address,
        events,
        bytes(row.webhook_secret),
        bool(row.webhook_is_paused),
        utc(row.webhook_created_at),
    )
    return Delivery(
        row.id,
        webhook,
        row.message,
        Event(row.event),
        row.subject,
        row.body,
        DeliveryState(row.state),
        utc(row.next_at) if row.next_at else None,
        row.tries,
        row.answer,
        utc(row.created_at),
    )

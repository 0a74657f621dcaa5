"""Keeps what the host published in DNS true: again every 24 hours, withdrawn where it is not wanted any more.

Zones fail one by one, and a failure leaves the others and the answering alone. What stands is remembered before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from muster.base.clock import Clock
from muster.base.errors import MusterError
from muster.base.log import event
from muster.host.core.publication import ZoneRecords
from muster.host.ports import Publication, PublicationBook, Publisher

REPUBLISH = timedelta(hours=24)
RETRY = timedelta(minutes=5)


class Registration:
    """What one host has in DNS."""

    def __init__(self, book: PublicationBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._tried: dict[str, datetime] = {}

    def is_due(self, wanted: Sequence[ZoneRecords]) -> bool:
        """Whether something in DNS is missing, stale, not wanted any more, or failed a while ago; never once retired."""
        if self._book.is_retired():
            return False
        now, book = self._clock.now(), {p.zone: p for p in self._book.read()}
        wishes = {records.zone: records for records in wanted}
        return any(self._is_zone_due(wishes.get(zone), book.get(zone), now) for zone in {*wishes, *book})

    def _is_zone_due(self, wish: ZoneRecords | None, stands: Publication | None, now: datetime) -> bool:
        zone = wish.zone if wish else stands.zone if stands else ""
        if zone in self._tried and timedelta(0) <= now - self._tried[zone] < RETRY:
            return False
        if wish is None or stands is None or stands.records is None or stands.published_at is None or stands.error:
            return True
        strange = set(stands.records.addresses) - set(wish.addresses)
        is_other = wish.services != stands.records.services or bool(strange)
        return is_other or not timedelta(0) <= now - stands.published_at < REPUBLISH

    async def register(self, publisher: Publisher, wanted: Sequence[ZoneRecords]) -> tuple[Publication, ...]:
        """Publish `wanted`, withdraw the rest; how every zone stands then. Errors are told in the result, not raised."""
        book = {p.zone: p for p in self._book.read()}
        wishes = {records.zone: records for records in wanted}
        results = [await self._publish(publisher, wish, book.get(zone)) for zone, wish in wishes.items()]
        results += [await self._withdraw(publisher, book[zone]) for zone in book if zone not in wishes]
        self._book.write([p for p in results if p.records is not None or p.error], is_retired=not wanted)
        return tuple(results)

    async def retire(self, publisher: Publisher) -> tuple[Publication, ...]:
        """Withdraw everything; zones that failed keep their records in the book."""
        return await self.register(publisher, ())

    async def _publish(self, publisher: Publisher, wish: ZoneRecords, before: Publication | None) -> Publication:
        before = before or Publication(wish.zone)
        self._tried[wish.zone] = self._clock.now()
        try:
            owned = await publisher.publish(wish, before.records)
        except MusterError as error:
            return _failed(before, error)
        event("host", "dns.published", zone=wish.zone, records=len(owned.services) + len(owned.addresses))
        return Publication(wish.zone, owned, self._clock.now())

    async def _withdraw(self, publisher: Publisher, stands: Publication) -> Publication:
        self._tried[stands.zone] = self._clock.now()
        if stands.records is not None:
            try:
                await publisher.withdraw(stands.records)
            except MusterError as error:
                return _failed(stands, error)
            event("host", "dns.withdrawn", zone=stands.zone)
        return Publication(stands.zone)


def _failed(before: Publication, error: MusterError) -> Publication:
    event("host", "dns.failed", zone=before.zone, code=error.code, problem=error.message)
    return replace(before, error=error.code, problem=error.message, remedy=error.hint)

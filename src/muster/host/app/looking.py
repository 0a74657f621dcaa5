"""Looking up in DNS what machines will find of this host."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from muster.base.errors import MusterError, Unreachable
from muster.host.adapters.dns_look import DnsLook
from muster.host.adapters.home_folder import HomeFolder
from muster.host.adapters.publication_file import PublicationFile
from muster.host.app.naming import resolver_of
from muster.host.app.publishing import plan
from muster.host.core.publication import ZoneRecords
from muster.host.core.visibility import Seen, Sight, compare


async def look(home: Path, environment: Mapping[str, str]) -> tuple[Seen, ...]:
    """Every zone that the settings name or in which this host has published; none before it has a certificate."""
    folder = HomeFolder(home, environment)
    book, dns = PublicationFile(folder.book), folder.settings().dns
    published = {p.zone: p.records for p in book.read() if p.records is not None}
    if book.is_retired() or not folder.read().labels:
        return ()
    wanted: dict[str, ZoneRecords] = dict(published)
    if dns.zones and dns.publish:
        # What is wrong with the settings is told when they are used.
        with suppress(MusterError):
            wanted |= {records.zone: records for records in plan(home, environment)}
    eyes = DnsLook(resolver_of(environment))
    return tuple(await asyncio.gather(*(_look(eyes, records) for records in wanted.values())))


async def _look(eyes: DnsLook, wanted: ZoneRecords) -> Seen:
    try:
        services = [found for owner in {s.owner for s in wanted.services} for found in await eyes.services(owner)]
        addresses = [found for name in {s.target for s in wanted.services} for found in await eyes.addresses(name)]
    except Unreachable as error:
        return Seen(wanted.zone, Sight.UNKNOWN, error.message)
    return compare(wanted, services, addresses)

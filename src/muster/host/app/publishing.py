"""Publishing and retiring by hand, and the lines for those who write their zones themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from muster.base.clock import Clock, SystemClock
from muster.base.errors import Code, Misconfigured, Refused
from muster.host.adapters.home_folder import HomeFolder
from muster.host.adapters.listening_file import read_listening
from muster.host.adapters.publication_file import PublicationFile
from muster.host.app.naming import publisher, wanted_records
from muster.host.core.publication import ZoneRecords, nsupdate_lines, powershell_lines, zone_lines
from muster.host.ports import Publication
from muster.host.service.registration import Registration


def plan(home: Path, environment: Mapping[str, str]) -> list[ZoneRecords]:
    """What would be published, of all vendors that are set up here, confirmed or not."""
    folder = HomeFolder(home, environment)
    settings, vendors = folder.settings(), folder.vendors()
    if not vendors:
        raise Misconfigured(Code.NOT_SET_UP, f"{home} has no product file", "muster host init --product FILE")
    labels = sorted({v.product.policy.srv for v in vendors})
    return wanted_records(settings.dns, labels, read_listening(folder.listening) or settings.endpoints)


def lines(records: Sequence[ZoneRecords]) -> list[str]:
    """The records for zone files, for nsupdate and for PowerShell."""
    text = []
    for zone in records:
        text += [f"; zone file of {zone.zone}", *zone_lines(zone), ""]
        text += ["; the same for nsupdate", *nsupdate_lines(zone), ""]
        text += ["; the same for PowerShell (DnsServer)", *powershell_lines(zone), ""]
    return text[:-1]


async def publish(home: Path, environment: Mapping[str, str], *, clock: Clock | None = None) -> tuple[Publication, ...]:
    """Publish now; how every zone stands. `Refused` with HOST_NOT_ACTIVATED before a certificate is there."""
    folder = HomeFolder(home, environment)
    setup = folder.read()
    if not setup.labels:
        raise Refused(Code.HOST_NOT_ACTIVATED, "a host that is not activated is not published")
    way = publisher(home, setup.settings.dns, environment)
    if way is None:
        raise _without_credentials()
    # A host that serves may listen elsewhere than its settings say: serve --listen, or settings changed since.
    endpoints = read_listening(folder.listening) or setup.settings.endpoints
    wanted = wanted_records(setup.settings.dns, setup.labels, endpoints)
    return await Registration(PublicationFile(folder.book), clock or SystemClock()).register(way, wanted)


async def retire(home: Path, environment: Mapping[str, str], *, clock: Clock | None = None) -> tuple[Publication, ...]:
    """Withdraw everything that this host published; how every zone stands."""
    folder = HomeFolder(home, environment)
    book = PublicationFile(folder.book)
    if not book.read():
        return ()
    way = publisher(home, folder.settings().dns, environment)
    if way is None:
        raise _without_credentials()
    return await Registration(book, clock or SystemClock()).retire(way)


def _without_credentials() -> Misconfigured:
    return Misconfigured(
        Code.SETTINGS_INVALID,
        "there are no credentials for DNS updates",
        "Set tsig_key_file in [dns] of host.toml, or write the lines of publish --dry-run into the zone yourself.",
    )

"""The events of a host's log: stable names, the fields of each, and when it is written (spec/events.md).

A table and nothing else; a test compares it with what the code writes. Events of requests are the journal's
(`muster.host.adapters.event_file`), which writes them quickly; the others go through `muster.base.log`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Event(NamedTuple):
    """One row of the catalogue."""

    fields: tuple[str, ...]
    meaning: str


_OF_REQUEST = ("code", "vendor", "group", "edition", "client_id", "state", "count", "address")

EVENTS: Mapping[str, Event] = {
    "certificate.dropped": Event(("vendor", "serial"), "it is not used any more: its file is gone"),
    "certificate.ending": Event(("vendor", "serial", "days"), "it ends within 90 days; told at start and once a day"),
    "certificate.in_use": Event(("vendor", "serial", "ends"), "at start, and when one came while the host serves"),
    "dns.failed": Event(("zone", "code", "problem"), "a zone was not changed, or none could be; tried again"),
    "dns.published": Event(("zone", "records"), "the host's records stand in this zone"),
    "dns.withdrawn": Event(("zone",), "the host's records were taken out of this zone"),
    "request.counted": Event(_OF_REQUEST, "a machine was counted and told the count"),
    "request.hinted": Event(_OF_REQUEST, "nothing could be signed for it: an unsigned word with a code"),
    "request.keyset": Event(("address",), "a part of a keyset was asked for"),
    "request.not_counted": Event(_OF_REQUEST, "too many new ids from its network: told the count, not counted"),
    "request.refused": Event(_OF_REQUEST, "a signed no with a code"),
    "setup.loaded": Event(("vendors",), "settings, product files or certificates changed and were taken over"),
    "setup.refused": Event(("code", "problem"), "what changed cannot be used; what held before holds on"),
    "started": Event(("addresses",), "the host listens"),
    "stopping": Event((), "it drains: what was asked is answered"),
    "store.failed": Event(("code", "problem"), "nothing can be counted: machines are told HOST_BUSY"),
    "store.migrated": Event(("before", "now"), "a database of an older format was taken over"),
    "store.recovered": Event((), "the database takes rows again; counts were read anew"),
    "tending.failed": Event(("code", "problem"), "something that recurs failed, such as pruning; tried again"),
}

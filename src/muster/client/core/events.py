"""The events of a machine's log: stable names, the fields of each, and when it is noted (spec/events.md).

A table and nothing else; a test compares it with what the code notes. Fields beyond `time` and `event` are left out when they
do not apply. No event holds a key, a user's name or an address of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Event(NamedTuple):
    """One row of the catalogue."""

    fields: tuple[str, ...]
    meaning: str


EVENTS: Mapping[str, Event] = {
    "activation.done": Event(
        ("edition", "state", "method", "host", "count", "serial", "remaining"), "activated or renewed"
    ),
    "activation.failed": Event(("edition", "code", "state", "host", "count"), "an attempt did not activate"),
    "clock.skew": Event(("edition", "seconds"), "the clocks of host and machine differ by more than four hours"),
    "confirmation.deposited": Event(("edition",), "a vendor's confirmation was taken"),
    "directory.failed": Event(("edition", "code"), "the directory did not activate; a host is asked where one may be"),
    "edition.ending": Event(("edition", "expires_at"), "an activation has thirty days left, or less"),
    "edition.state": Event(("edition", "state", "before", "code"), "the state is another than was told last"),
    "key.installed": Event(("edition", "kind", "partial_key"), "a key took the place of the one before"),
    "key.refused": Event(("edition", "code"), "a key was not taken"),
    "key.removed": Event(("edition",), "key and activation were removed"),
    "machine.copied": Event(("vendor", "client_id"), "the state came from another machine: new client id and salt"),
    "machine.rearmed": Event(("vendor",), "made ready to be captured as an image"),
    "product.installed": Event(("vendor", "serial", "edition"), "a product file was taken"),
    "product.offered": Event(("file",), "it lay in products.d"),
    "product.refused": Event(("file", "digest", "code"), "a file in products.d was not taken; told once"),
    "request.made": Event(("edition",), "an activation request went out as a file"),
    "service.started": Event(("on_demand",), "the licensing service runs"),
    "service.stopped": Event((), "it ended, and used time was saved"),
    "service.trouble": Event(("edition", "code", "problem"), "something could not be done or saved; told once a run"),
    "settings.refused": Event(("code", "problem"), "client.toml is wrong; what held before holds on; told once a run"),
    "state.damaged": Event(("vendor", "code"), "files of a vendor cannot be read; others go on; told once a run"),
}

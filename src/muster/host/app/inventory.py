"""The machines that a host answered, and what it did: for people and their spreadsheets. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from muster.base.clock import Clock, SystemClock
from muster.base.errors import Code, Misconfigured
from muster.host.adapters.event_file import read_events
from muster.host.adapters.home_folder import HomeFolder
from muster.host.adapters.reverse_dns import names_of
from muster.host.adapters.sqlite_view import MachineView
from muster.host.app.naming import resolver_of
from muster.host.app.status import instant
from muster.host.app.storing import view_of
from muster.trust.product import Product
from muster.wire.activation import Flags, State
from muster.wire.calendar import MAX_SECONDS, moment, seconds

MAX_NAMED = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which machines: those that have been silent for so long, in this state, with this edition. Empty: all."""

    silent: timedelta | None = None
    state: str = ""
    edition: str = ""


def machines(
    home: Path,
    wanted: Wanted,
    *,
    environment: Mapping[str, str],
    with_names: bool = False,
    clock: Clock | None = None,
) -> Iterator[dict[str, Any]]:
    """One row for each edition on each machine, the last seen first. Keys are stable; `name` only `with_names`."""
    folder = HomeFolder(home, environment)
    products = {v.product.keysets.vendor_id: v.product for v in folder.vendors()}
    if not products:
        raise Misconfigured(Code.NOT_SET_UP, f"{home} has no product file", "muster host init --product FILE")
    if wanted.state and wanted.state.upper() not in State.__members__:
        known = ", ".join(State.__members__)
        raise Misconfigured(Code.USAGE, f"there is no state {wanted.state!r}", f"Choose one of {known}.")
    now = seconds((clock or SystemClock()).now())
    until = MAX_SECONDS if wanted.silent is None else now - int(wanted.silent.total_seconds())
    rows = (_row(view, products) for view in view_of(folder).machines(0, until))
    fitting = (r for r in rows if wanted.state.upper() in {"", r["state"]} and wanted.edition in {"", r["edition"]})
    if not with_names:
        yield from fitting
        return
    # Names are asked for one page at a time, so that an inventory of a million needs no more memory than one of ten.
    resolver = resolver_of(environment)
    while page := [row for _, row in zip(range(MAX_NAMED), fitting, strict=False)]:
        names = asyncio.run(names_of((r["address"] for r in page), resolver))
        for row in page:
            yield {**row, "name": names.get(row["address"], "")}


def _row(view: MachineView, products: Mapping[bytes, Product]) -> dict[str, Any]:
    vendor_id, group_id = view.group
    product = products.get(vendor_id)
    group = product.group(group_id) if product else None
    edition = product.edition_by_id(view.edition) if product else None
    return {
        "client_id": view.client_id.hex(),
        "vendor": product.claims.vendor if product else vendor_id.hex(),
        "group": group.name if group else str(group_id),
        "edition": edition.name if edition else str(view.edition),
        "state": State(view.state).name,
        "virtual": bool(view.flags & Flags.VIRTUAL),
        "ephemeral": bool(view.flags & Flags.EPHEMERAL),
        "first_seen": instant(moment(view.first_seen)),
        "last_seen": instant(moment(view.last_seen)),
        "address": view.address,
        "hardware_sets": view.hardware_sets,
    }


def events(home: Path, last: int, *, name: str = "", client_id: str = "") -> list[dict[str, Any]]:
    """The last events of the host in `home`, the oldest first; `name` and `client_id` may be beginnings."""
    return read_events(HomeFolder(home).events, last, name=name, client_id=client_id)

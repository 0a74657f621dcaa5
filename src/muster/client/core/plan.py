"""What has to be done so that a machine becomes what its fleet file says; nothing, where it is that already.

Pure: the file and what was seen of the machine in, operations of spec/control.md out. Never takes anything away that the
file is silent about, and never puts an older product file in place of a newer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from muster.client.core.choices import Choices, check_zones, parse_dns, with_hosts, with_type
from muster.client.core.fleet import MachineTable, Offer


@dataclass(frozen=True, slots=True)
class Seen:
    """A machine as it is: rows of status by edition, the serial of each vendor's product file by fingerprint, choices."""

    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    serials: Mapping[bytes, int] = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, and what it changes in words. No secret is in the words."""

    operation: str
    what: str
    parameters: Mapping[str, Any] = field(repr=False)


def plan(machine: MachineTable, offers: Sequence[Offer], seen: Seen) -> tuple[Step, ...]:
    """The steps, in order: choices of the machine first, so that an activation between them goes the right way."""
    return (*_machine(machine, seen.choices), *(step for offer in offers for step in _product(offer, seen)))


def _machine(table: MachineTable, choices: Choices) -> Iterator[Step]:
    if table.hosts is not None:
        yield from _hosts(choices, table.hosts, None)
    if table.zone is not None and choices.zone != (check_zones((table.zone,))[0] if table.zone else ""):
        yield Step("set-domain", f"zone: {table.zone or 'found by itself'}", {"zone": table.zone})
    if table.dns is not None and choices.dns != (str(parse_dns(table.dns)) if table.dns else ""):
        yield Step("set-dns", f"name server: {table.dns or 'of the system'}", {"address": table.dns})
    if table.type is not None:
        yield from _type(choices, table.type, None)
    if table.caching is not None and choices.caching is not table.caching:
        yield Step("set-caching", f"caching: {'on' if table.caching else 'off'}", {"on": table.caching})


def _product(offer: Offer, seen: Seen) -> Iterator[Step]:
    claims, table, name = offer.product.claims, offer.table, offer.edition
    installed = seen.serials.get(offer.product.fingerprint)
    is_new = installed is None or installed < claims.serial
    row = seen.rows.get(name or "", {})
    if is_new:
        generic = name if offer.key is None else None
        yield Step(
            "install",
            f"product file: {claims.vendor}, serial {claims.serial}",
            {"file": offer.text, "edition": generic},
        )
    partial, key = row.get("partial_key"), offer.key
    if key is None and name is not None and partial is None and not is_new:
        key = offer.product.generic_key(offer.product.edition(name))
    changes_key = key is not None and key.partial != partial
    if key is not None and changes_key:
        yield Step("install-key", f"key of {name}: …{key.partial}", {"key": key.formatted, "edition": name})
    if table.hosts is not None:
        yield from _hosts(seen.choices, table.hosts, name)
    if table.type is not None:
        yield from _type(seen.choices, table.type, name)
    is_confirmed = row.get("method") == "mak" and row.get("state") == "LICENSED" and not changes_key
    if table.confirmation is not None and not is_confirmed:
        given = {"digits": table.digits} if table.digits else {"file": offer.confirmation}
        yield Step("confirm", f"confirmation of {name}", {**given, "edition": name})


def _hosts(choices: Choices, hosts: tuple[str, ...], edition: str | None) -> Iterator[Step]:
    text = ",".join(hosts)
    if with_hosts(choices, text, edition=edition or "") != choices:
        yield Step("set-host", f"hosts{_of(edition)}: {text or 'none'}", {"hosts": text, "edition": edition})


def _type(choices: Choices, way: str, edition: str | None) -> Iterator[Step]:
    if with_type(choices, way, edition or "") != choices:
        yield Step("set-type", f"type{_of(edition)}: {way}", {"way": way, "edition": edition})


def _of(edition: str | None) -> str:
    return f" of {edition}" if edition else ""

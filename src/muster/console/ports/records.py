"""What the console's ports hand over: machines, lines, tasks, and what reports count. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from muster.console.core.answer import EditionSeen
from muster.console.core.targets import Target
from muster.console.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the inventory: how it is reached, and what happened last. Empty text and None: never."""

    id: int
    target: Target
    source: str
    added_at: datetime
    contact_at: datetime | None = None
    action: str = ""
    result: str = ""
    result_text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the inventory: an edition on a machine, or a machine of which no edition is known."""

    machine: Machine
    seen: EditionSeen | None


@dataclass(frozen=True, slots=True)
class Task:
    """An action on many machines, so that it can be taken up again: `waiting` have no verdict yet."""

    id: int
    kind: str
    parameters: Mapping[str, Any]
    actor: str
    started_at: datetime
    waiting: int
    done: int


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what to what, and when."""

    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A machine's part in an action; no verdict yet: None."""

    task: Task
    machine: int
    name: str
    verdict: Verdict | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class HostSeen:
    """An activation host as its machines tell of it. `count` and `threshold`: the greatest; `below`: lines under theirs."""

    host: str
    edition: str
    machines: int
    count: int | None
    threshold: int | None
    below: int


@dataclass(frozen=True, slots=True)
class Share:
    """How many lines are alike."""

    product: str
    edition: str
    state: str
    method: str
    machines: int


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many machines show a key."""

    partial: str
    kind: str
    edition: str
    machines: int


@dataclass(frozen=True, slots=True)
class Ending:
    """An edition on a machine whose licence ends, or has ended."""

    machine: str
    product: str
    edition: str
    state: str
    method: str
    expires_at: datetime
    contact_at: datetime | None


@dataclass(frozen=True, slots=True)
class Silent:
    """A machine that was not spoken with for long, or never."""

    machine: str
    address: str
    group: str
    contact_at: datetime | None
    action: str
    result: str
    result_text: str


@dataclass(frozen=True, slots=True)
class Double:
    """An edition on a machine whose client id so many `machines` have."""

    client_id: str
    machines: int
    machine: str
    edition: str
    state: str
    host: str
    contact_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredProduct:
    """A vendor's product file as it was added. `vendor_id` has 8 bytes."""

    vendor_id: bytes
    vendor: str
    serial: int
    text: str


@dataclass(frozen=True, slots=True)
class Left:
    """What a vendor's service tells of a multiple activation key."""

    remaining: int
    total: int
    edition: str

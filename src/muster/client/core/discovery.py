"""Where an activation host may be: addresses, the order of SRV records, the zones to ask (spec/discovery.md).

Pure: chance comes in as fractions, DNS answers as records. Never resolves a name, never remembers
anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from muster.base.errors import Code, Misconfigured
from muster.wire.frame import PORT

MAX_CANDIDATES = 16
MAX_CONFIGURED = 16
MAX_RECORDS = 1024
MAX_ZONES = 16
MAX_NAME = 253
MAX_PORT = 0xFFFF

_LABEL = re.compile(r"^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$")
_BRACKETED = re.compile(r"^\[([0-9A-Fa-f:.]{2,45})\](?::(\d{1,5}))?$")
_IPV6 = re.compile(r"^[0-9A-Fa-f:.]{2,45}$")


class Address(NamedTuple):
    """A host's name or numeric address, and a TCP port. `str()` gives ``kms1.corp.example:1688``, ``[::1]:1688``."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Source(StrEnum):
    """Why a host is a candidate, in the order of spec/discovery.md §Order."""

    EDITION = "edition"
    PRODUCT = "product"
    MACHINE = "machine"
    CACHE = "cache"
    DNS = "dns"


class Candidate(NamedTuple):
    """One host to ask. `priority` is that of its SRV record, where there is one."""

    address: Address
    source: Source
    priority: int | None = None


class ServiceRecord(NamedTuple):
    """One SRV record. `target` has no trailing dot; the root (``.``: no such service here) is the empty string."""

    priority: int
    weight: int
    port: int
    target: str


def parse_address(text: str) -> Address:
    """Read ``HOST``, ``HOST:PORT``, ``[IPV6]:PORT`` or a bare IPv6 address; `Misconfigured` for anything else."""
    text = text.strip()
    if "://" in text:
        raise _wrong(f"{text!r} is more than a host", "write HOST or HOST:PORT, without what stands before ://")
    bracketed = _BRACKETED.match(text)
    if bracketed is not None:
        return Address(bracketed[1].lower(), _port(bracketed[2], text))
    if text.count(":") > 1 and _IPV6.match(text):
        return Address(text.lower())
    host, colon, port = text.partition(":")
    return Address(check_name(host), _port(port if colon else None, text))


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Read a list of addresses separated by commas, in order and without doubles; at most 16."""
    addresses = tuple(dict.fromkeys(parse_address(part) for part in text.split(",") if part.strip()))
    if not 1 <= len(addresses) <= MAX_CONFIGURED:
        raise _wrong(f"{len(addresses)} hosts", f"name one to {MAX_CONFIGURED} hosts, separated by commas")
    return addresses


def check_name(text: str) -> str:
    """A host or zone name in lower case without a trailing dot; `Misconfigured` when it is none."""
    name = text.strip().rstrip(".").lower()
    if not name or len(name) > MAX_NAME or not all(_LABEL.match(label) for label in name.split(".")):
        raise _wrong(f"{text!r} is not a host name or zone", "write a name like kms1.corp.example")
    return name


def _port(text: str | None, whole: str) -> int:
    if text is None:
        return PORT
    if not text.isdigit() or not 1 <= int(text) <= MAX_PORT:
        raise _wrong(
            f"{whole!r} has no valid port",
            f"write HOST or HOST:PORT; the port is {PORT} when it is left out",
        )
    return int(text)


def _wrong(message: str, hint: str) -> Misconfigured:
    return Misconfigured(Code.SETTINGS_INVALID, message, hint)


def zones_to_ask(configured: Sequence[str], own_domain: str, search_list: Iterable[str]) -> tuple[str, ...]:
    """Zones in the order in which they are asked, at most 16.

    Configured zones replace all others. Else the machine's own domain, then the resolver's search
    list. A zone is never shortened towards the root (spec/discovery.md §Order): a parent zone may belong to
    somebody else.
    """
    names = list(configured) if configured else [own_domain, *search_list]
    cleaned = (name.strip().rstrip(".").lower() for name in names)
    return tuple(dict.fromkeys(name for name in cleaned if name))[:MAX_ZONES]


def order_records(records: Iterable[ServiceRecord], fractions: Iterable[float]) -> Iterator[ServiceRecord]:
    """The records in the order of RFC 2782: by priority, and within one priority drawn by weight.

    One fraction in [0, 1) is used for each record drawn, none where there is only one; a missing one counts as 0. Records
    without a target (the service is decidedly not there) or with port 0 are left out. Lazy: only
    what is taken is drawn.
    """
    chance = iter(fractions)
    usable = [r for r in dict.fromkeys(records) if r.target and r.port][:MAX_RECORDS]
    if len(usable) == 1:
        yield usable[0]
        return
    for priority in sorted({r.priority for r in usable}):
        waiting = sorted((r for r in usable if r.priority == priority), key=lambda r: r.weight)
        while waiting:
            several = len(waiting) > 1
            yield waiting.pop(_draw([r.weight for r in waiting], next(chance, 0.0)) if several else 0)


def _draw(weights: list[int], fraction: float) -> int:
    """Index of the first weight whose running sum reaches a number between 0 and the total, both included."""
    threshold = int(fraction * (sum(weights) + 1))
    running = 0
    for index, weight in enumerate(weights):
        running += weight
        if running >= threshold:
            return index
    return len(weights) - 1


def order_candidates(
    records: Iterable[ServiceRecord], fractions: Iterable[float], skipped: Iterable[Address] = ()
) -> Iterator[Candidate]:
    """SRV records as candidates, without the `skipped` hosts (another vendor's, for 24 hours)."""
    without = set(skipped)
    for record in order_records(records, fractions):
        address = Address(record.target.lower(), record.port)
        if address not in without:
            yield Candidate(address, Source.DNS, record.priority)

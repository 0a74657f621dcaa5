"""How often strangers may ask: per address prefix and per key, by the generic cell rate algorithm.

Each node counts for itself (docs/decisions/0029-limits-of-a-node.md). What must be exact, the pool of a key, is in the books.
"""

from __future__ import annotations

import ipaddress
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from muster.base.clock import Clock
from muster.base.errors import Code, Refused
from muster.platform.accounts.pace import take
from muster.vendor.service.bundling import MAX_WRONG_TAGS

MAX_BUCKETS = 100_000
IPV6_PREFIX = 64
ROWS = 100
"""Of a bundle: as many count as one more request of its address."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`burst` at once, then one per `interval`."""

    burst: int
    interval: timedelta


PER_ADDRESS = Pace(600, timedelta(milliseconds=50))
PER_KEY = Pace(1000, timedelta(milliseconds=20))


class TooFast(Refused):
    """RATE_LIMITED; `seconds` until the next try is worth it."""

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, math.ceil(wait.total_seconds()))
        super().__init__(
            Code.RATE_LIMITED, "too many requests came from there", f"Ask again in {self.seconds} seconds."
        )


class Limits:
    """Buckets of one node. The one that was used longest ago goes when there are too many."""

    def __init__(self, clock: Clock, per_address: Pace = PER_ADDRESS, per_key: Pace = PER_KEY) -> None:
        self._clock = clock
        self._per_address, self._per_key = per_address, per_key
        self._full_at: OrderedDict[str, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def address(self, client: tuple[str, int] | None) -> None:
        """Count a request against the address (and port) of whoever asks; raises `TooFast`."""
        self._take(f"a {prefix_of(client[0] if client else '')}", self._per_address)

    def key(self, reference: bytes) -> None:
        """Count a request against a key's reference; raises `TooFast`."""
        self._take(f"k {reference.hex()}", self._per_key)

    def bundle(self, client: tuple[str, int] | None, references: Mapping[bytes, int]) -> None:
        """Count a bundle, with so many rows for each reference; raises `TooFast`.

        Beside the request itself it counts as one for every hundred rows, and against each key as often as its tag may be
        wrong in one bundle: so guessing by bundles is no quicker than guessing one by one.
        """
        self._take(f"a {prefix_of(client[0] if client else '')}", self._per_address, sum(references.values()) // ROWS)
        for reference, rows in references.items():
            self._take(f"k {reference.hex()}", self._per_key, min(rows, MAX_WRONG_TAGS))

    def _take(self, name: str, pace: Pace, count: int = 1) -> None:
        with self._lock:
            full_at, wait = self._full_at.get(name), timedelta(0)
            for _ in range(count):
                full_at, wait = take(full_at, self._clock.now(), pace.interval, pace.burst)
                if wait > timedelta(0):
                    break
            if full_at is not None:
                self._full_at[name] = full_at
                self._full_at.move_to_end(name)
            if len(self._full_at) > MAX_BUCKETS:
                self._full_at.popitem(last=False)
        if wait > timedelta(0):
            raise TooFast(wait)


def prefix_of(address: str) -> str:
    """What one subscriber holds: an IPv4 address, or the first 64 bits of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
    return str(found)

"""Which host is asked next (spec/discovery.md §Order).

Configured hosts switch discovery off. Else the cached host comes first and DNS when it failed; at a
renewal DNS is asked first, and a host of a better priority than the cached one goes before it. A
pure generator over DNS questions; it never asks a host and remembers nothing beyond one attempt.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeAlias

from muster.base.errors import Code, MusterError, Refused
from muster.client.core.discovery import (
    MAX_CANDIDATES,
    Address,
    Candidate,
    ServiceRecord,
    Source,
    order_candidates,
)


@dataclass(frozen=True, slots=True)
class AskName:
    """Ask DNS for the SRV records of this full name. Sent back: a tuple of `ServiceRecord`."""

    name: str


@dataclass(frozen=True, slots=True)
class SearchOrder:
    """Where to look. `fractions` in [0, 1) draw SRV records, one each; `skipped` hosts of DNS are left out."""

    configured: tuple[Candidate, ...] = ()
    cached: Address | None = None
    zones: tuple[str, ...] = ()
    srv: str = "_muster._tcp"
    skipped: frozenset[Address] = frozenset()
    renewal: bool = False
    fractions: tuple[float, ...] = ()


Found: TypeAlias = "Generator[AskName, object, Candidate | None]"


class Search:
    """Candidates one by one, each address once, at most 16 in all."""

    def __init__(self, order: SearchOrder) -> None:
        self._order = order
        self._chance: Iterator[float] = iter(order.fractions)
        self._seen: set[Address] = set()
        self._failures: list[MusterError] = []
        self._ready: Iterator[Candidate] = iter(order.configured)
        self._zones: deque[str] = deque(() if order.configured else order.zones)
        self._cached = None if order.configured else order.cached

    def next(self) -> Found:
        """The next candidate, or None when there is none left."""
        if len(self._seen) >= MAX_CANDIDATES:
            return None
        while True:
            for candidate in self._ready:
                if candidate.address not in self._seen:
                    self._seen.add(candidate.address)
                    return candidate
            if self._cached is not None:
                yield from self._place_cached(self._cached)
            elif self._zones:
                found = yield from self._ask(self._zones.popleft())
                self._ready = self._draw(found)
            else:
                return None

    def error(self) -> MusterError | None:
        """Why there was no candidate at all; None when there was one."""
        if self._seen:
            return None
        if self._failures:
            return self._failures[0]
        if self._order.configured or not self._order.zones:
            message = "no activation host is set, and this machine has no DNS zone to ask"
        else:
            names = ", ".join(f"{self._order.srv}.{zone}" for zone in self._order.zones)
            message = f"no activation host is set, and DNS knows none ({names})"
        return Refused(Code.NO_HOST_FOUND, message)

    def _place_cached(self, cached: Address) -> Generator[AskName, object, None]:
        """The cached host among what DNS says now.

        A cached host that a zone with hosts does not name any more was retired: every host that is
        named is better. When DNS says nothing, the cached host is all there is.
        """
        self._cached = None
        own = Candidate(cached, Source.CACHE)
        if not self._order.renewal:
            self._ready = iter((own,))
            return
        records: list[ServiceRecord] = []
        while self._zones and not records:
            records = yield from self._ask(self._zones.popleft())
        listed = [r.priority for r in records if Address(r.target.lower(), r.port) == cached]
        place = min(listed) if listed else max((r.priority for r in records), default=0) + 1
        drawn: Iterable[Candidate] = self._draw(records)
        better: list[Candidate] = []
        if any(r.priority < place for r in records):
            drawn = list(drawn)
            better = [c for c in drawn if c.priority is not None and c.priority < place]
        # Its own place is kept: a zone with a thousand hosts that are not there must not crowd it out.
        self._ready = chain(better[: MAX_CANDIDATES - 1], (own,), drawn)

    def _ask(self, zone: str) -> Generator[AskName, object, list[ServiceRecord]]:
        response = yield AskName(f"{self._order.srv}.{zone}")
        if isinstance(response, MusterError):
            self._failures.append(response)
            return []
        if not isinstance(response, tuple):
            raise TypeError("SRV records were expected")
        return [r for r in response if isinstance(r, ServiceRecord)]

    def _draw(self, records: Iterable[ServiceRecord]) -> Iterator[Candidate]:
        drawn = order_candidates(records, self._chance, self._order.skipped)
        return islice(drawn, MAX_CANDIDATES)

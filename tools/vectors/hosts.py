"""Finding hosts and being counted by them (spec/discovery.md, spec/counting.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from muster.wire.calendar import seconds
from tests.worlds.clocks import MORNING
from tools.vectors import Case

DAY = 86_400
NOW = seconds(MORNING)
Record = tuple[int, int, int, str]


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _orders()
    yield from _zones()
    yield from _counts()


def _srv(name: str, about: str, records: Sequence[Record], fractions: Sequence[float], order: Sequence[str]) -> Case:
    named = [dict(zip(("priority", "weight", "port", "target"), record, strict=True)) for record in records]
    return Case(
        "discovery", name, "srv_order", about, {"records": named, "fractions": fractions}, {"order": list(order)}
    )


def _orders() -> Iterator[Case]:
    by_priority = [(20, 0, 1688, "c.corp.example"), (0, 0, 1688, "a.corp.example"), (10, 0, 1688, "b.corp.example")]
    tail = ["a.corp.example:1688", "b.corp.example:1688", "c.corp.example:1688"]
    yield _srv("by_priority", "Ascending priority.", by_priority, [0.9, 0.9, 0.9], tail)
    weighed = [(0, 0, 1688, "never"), (0, 1, 1688, "seldom"), (0, 3, 1688, "often")]
    about = "Weights 0, 1, 3: numbers from 0 to 4. 0 draws the first, 1 the second, 2 to 4 the third."
    yield _srv("weight_draws_0", about, weighed, [0.1, 0.0, 0.0], ["never:1688", "seldom:1688", "often:1688"])
    yield _srv("weight_draws_1", about, weighed, [0.3, 0.0, 0.0], ["seldom:1688", "never:1688", "often:1688"])
    yield _srv("weight_draws_4", about, weighed, [0.99, 0.99, 0.0], ["often:1688", "seldom:1688", "never:1688"])
    two = [(0, 1, 1688, "a"), (0, 1, 1688, "b"), (5, 1, 1688, "c"), (5, 1, 1688, "d")]
    once_each = "The last record of a priority is not drawn: the second number belongs to the next priority."
    yield _srv("weight_two_priorities", once_each, two, [0.0, 0.99, 0.0], ["a:1688", "b:1688", "d:1688", "c:1688"])
    root = [(0, 0, 1688, ""), (5, 0, 1688, "b.corp.example")]
    yield _srv("target_root", "The target `.` (here empty) is no host.", root, [], ["b.corp.example:1688"])
    no_port = [(0, 0, 0, "a.corp.example"), (5, 0, 1700, "b.corp.example")]
    yield _srv("port_0", "Port 0 is no host.", no_port, [], ["b.corp.example:1700"])
    doubled = [(0, 0, 1688, "a.corp.example")] * 3
    yield _srv("doubled", "One record, three times.", doubled, [], ["a.corp.example:1688"])


def _zones() -> Iterator[Case]:
    rows: dict[str, tuple[str, list[str], str, list[str], list[str]]] = {
        "zones_set": ("Zones that are set are the only ones.", ["lab.example"], "corp.example", ["x.example"], ["lab.example"]),
        "zones_own_first": (
            "Its own domain, then the search list, each once; never a parent.",
            [], "Site.Corp.Example.", ["corp.example", "site.corp.example"], ["site.corp.example", "corp.example"],
        ),
        "zones_none": ("A machine of no domain.", [], "", [], []),
    }  # fmt: skip
    for name, (about, configured, domain, search, zones) in rows.items():
        given = {"configured": configured, "domain": domain, "search": search}
        yield Case("discovery", name, "zones", about, given, {"zones": zones})


def _story(name: str, about: str, asked: Sequence[tuple[int, int, int]], told: Sequence[int], cache: int) -> Case:
    """Machines (number, threshold, seconds after the first) and what each is told."""
    given: dict[str, Any] = {
        "requests": [
            {"client_id": number.to_bytes(16, "big").hex(), "threshold": threshold, "at": NOW + after}
            for number, threshold, after in asked
        ]
    }
    return Case("counting", name, "counting", about, given, {"told": list(told), "cache_size": cache})


def _counts() -> Iterator[Case]:
    about = "Two clients, a virtual one, a server: 1 to 4. The next server is told 5."
    example = [(1, 25, 0), (2, 25, 1), (3, 25, 2), (4, 5, 3), (5, 5, 4)]
    yield _story("worked_example", about, example, [1, 2, 3, 4, 5], 50)
    renewed = [(1, 25, 0), (2, 25, 1), (1, 25, 2), (1, 25, 3)]
    yield _story("renewals", "Who asks again is counted once.", renewed, [1, 2, 2, 2], 50)
    servers = [(number, 5, number) for number in range(12)]
    about = "Only servers asked: at most 10 ids are kept, and the count is at most 10."
    yield _story("only_servers", about, servers, [*range(1, 11), 10, 10], 10)
    grown = [*servers, (20, 25, 20), (0, 25, 21), (21, 5, 22)]
    about = "A client comes: room for 50. Ids that made room come back only by asking again."
    yield _story("cache_grows", about, grown, [*range(1, 11), 10, 10, 11, 12, 13], 50)
    old = [(1, 25, 0), (2, 25, 29 * DAY), (3, 25, 30 * DAY + 1), (1, 25, 30 * DAY + 2)]
    yield _story("thirty_days", "An id lives 30 days from its last request.", old, [1, 2, 2, 3], 50)
    most = [(1, 1000, 0)]
    yield _story("largest_cache", "Twice the largest threshold: at most 2,000.", most, [1], 2000)

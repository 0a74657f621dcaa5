"""The order in which hosts are asked (spec/discovery.md §Order)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from muster.base.errors import Code, MusterError, Unreachable
from muster.client.core.discovery import MAX_CANDIDATES, Address, Candidate, ServiceRecord, Source
from muster.client.core.search import Search, SearchOrder

NAMES = {"corp.example": "_muster._tcp.corp.example", "lab.example": "_muster._tcp.lab.example"}
CACHED = Address("kms2.corp.example")
ORDER = SearchOrder(zones=tuple(NAMES))

Dns = dict[str, "tuple[ServiceRecord, ...] | MusterError"]


def record(name: str, priority: int = 0, port: int = 1688) -> ServiceRecord:
    return ServiceRecord(priority, 0, port, name)


def walk(order: SearchOrder, dns: Dns | None = None) -> tuple[list[str], list[str], Search]:
    """Hosts in the order in which they come when none activates, the names asked, and the search."""
    search = Search(order)
    hosts: list[str] = []
    names: list[str] = []
    while True:
        steps = search.next()
        try:
            question = next(steps)
            while True:
                names.append(question.name)
                question = steps.send((dns or {}).get(question.name, ()))
        except StopIteration as found:
            if found.value is None:
                return hosts, names, search
            hosts.append(str(found.value.address))


def test_hosts_that_were_set_are_all_there_is() -> None:
    configured = tuple(Candidate(Address(name), Source.MACHINE) for name in ("b.example", "a.example", "b.example"))
    hosts, names, search = walk(replace(ORDER, configured=configured, cached=CACHED))
    assert hosts == ["b.example:1688", "a.example:1688"]
    assert names == []
    assert search.error() is None


def test_zones_are_asked_one_after_the_other_and_each_host_comes_once() -> None:
    dns: Dns = {
        NAMES["corp.example"]: (record("kms1.corp.example", 5), record("kms2.corp.example", 1)),
        NAMES["lab.example"]: (record("kms1.corp.example"), record("kms.lab.example", port=1700)),
    }
    hosts, names, _ = walk(ORDER, dns)
    assert hosts == ["kms2.corp.example:1688", "kms1.corp.example:1688", "kms.lab.example:1700"]
    assert names == list(NAMES.values())


def test_the_cached_host_is_asked_before_dns_where_there_is_no_lease_yet() -> None:
    search = Search(replace(ORDER, cached=CACHED))
    with pytest.raises(StopIteration) as found:
        next(search.next())
    assert found.value.value == Candidate(CACHED, Source.CACHE)


def test_at_a_renewal_only_better_priorities_go_before_the_cached_host() -> None:
    dns: Dns = {
        NAMES["corp.example"]: (
            record("kms1.corp.example", 0),
            record("kms2.corp.example", 10),
            record("kms3.corp.example", 10),
            record("kms4.corp.example", 20),
        )
    }
    hosts, _, _ = walk(replace(ORDER, cached=CACHED, renewal=True), dns)
    assert hosts == [f"kms{n}.corp.example:1688" for n in (1, 2, 3, 4)]


def test_a_cached_host_that_was_taken_out_of_dns_goes_last() -> None:
    dns: Dns = {NAMES["corp.example"]: (record("kms1.corp.example", 50),)}
    hosts, _, _ = walk(replace(ORDER, cached=CACHED, renewal=True), dns)
    assert hosts == ["kms1.corp.example:1688", "kms2.corp.example:1688"]


def test_a_zone_with_a_thousand_hosts_does_not_crowd_out_the_cached_one() -> None:
    dns: Dns = {NAMES["corp.example"]: tuple(record(f"dead{number}.corp.example") for number in range(1000))}
    hosts, _, _ = walk(replace(ORDER, cached=CACHED, renewal=True), dns)
    assert len(hosts) == MAX_CANDIDATES
    assert hosts[-1] == "kms2.corp.example:1688"


def test_the_cached_host_stands_in_while_dns_says_nothing() -> None:
    silent = Unreachable(Code.DNS_UNREACHABLE)
    dns: Dns = dict.fromkeys(NAMES.values(), silent)
    hosts, names, search = walk(replace(ORDER, cached=CACHED, renewal=True), dns)
    assert hosts == ["kms2.corp.example:1688"]
    assert names == list(NAMES.values())
    assert search.error() is None
    _, _, without = walk(ORDER, dns)
    assert without.error() is silent


def test_one_zone_that_fails_does_not_hide_the_next() -> None:
    dns: Dns = {
        NAMES["corp.example"]: Unreachable(Code.DNS_UNREACHABLE),
        NAMES["lab.example"]: (record("kms.lab.example"),),
    }
    assert walk(ORDER, dns)[0] == ["kms.lab.example:1688"]


def test_a_skipped_host_is_left_out_of_what_dns_says() -> None:
    dns: Dns = {NAMES["corp.example"]: (record("kms1.corp.example"), record("kms2.corp.example"))}
    hosts, _, _ = walk(replace(ORDER, skipped=frozenset({CACHED})), dns)
    assert hosts == ["kms1.corp.example:1688"]


def test_a_thousand_records_of_a_hostile_zone_come_to_sixteen_hosts() -> None:
    dns: Dns = {NAMES["corp.example"]: tuple(record(f"kms{n}.corp.example") for n in range(1000))}
    hosts, names, _ = walk(ORDER, dns)
    assert len(hosts) == MAX_CANDIDATES
    assert names == [NAMES["corp.example"]]

"""Addresses people type, zones that are asked, and the order of SRV records (RFC 2782)."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Misconfigured
from muster.client.core.discovery import (
    Address,
    ServiceRecord,
    Source,
    order_candidates,
    order_records,
    parse_address,
    parse_addresses,
    zones_to_ask,
)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("kms1.corp.example", "kms1.corp.example", 1688),
        ("KMS1.Corp.Example.:1700", "kms1.corp.example", 1700),
        (" localhost:1 ", "localhost", 1),
        ("192.0.2.7", "192.0.2.7", 1688),
        ("[2001:DB8::7]:1690", "2001:db8::7", 1690),
        ("[::1]", "::1", 1688),
        ("2001:db8::7", "2001:db8::7", 1688),
    ],
)
def test_an_address_is_read_as_people_type_it(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kms1:",
        "kms1:0",
        "kms1:65536",
        "kms1:ldap",
        "a b",
        "-kms",
        "http://kms1",
        "kms1/x",
        "k..x",
    ],
)
def test_what_is_no_address_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        parse_address(text)
    assert caught.value.code is Code.SETTINGS_INVALID
    assert caught.value.hint


@given(st.sampled_from(["kms1.corp.example", "192.0.2.7", "::1"]), st.integers(1, 65535))
def test_an_address_that_is_shown_is_read_back(host: str, port: int) -> None:
    assert parse_address(str(Address(host, port))) == Address(host, port)


def test_a_list_of_hosts_keeps_its_order_and_loses_doubles() -> None:
    found = parse_addresses("b.example, a.example:1700,b.example:1688")
    assert found == (Address("b.example"), Address("a.example", 1700))


def test_an_empty_list_of_hosts_is_refused() -> None:
    with pytest.raises(Misconfigured):
        parse_addresses(" , ")


def test_zones_are_the_own_domain_then_the_search_list_and_never_their_parents() -> None:
    zones = zones_to_ask((), "lab.corp.example", ["eng.corp.example.", "LAB.corp.example", ""])
    assert zones == ("lab.corp.example", "eng.corp.example")


def test_zones_that_were_set_replace_all_others() -> None:
    assert zones_to_ask(("corp.example",), "lab.example", ["eng.example"]) == ("corp.example",)


def test_lower_priorities_come_first() -> None:
    records = [
        ServiceRecord(20, 0, 1688, "late"),
        ServiceRecord(0, 0, 1688, "first"),
        ServiceRecord(10, 9, 1, "mid"),
    ]
    assert [r.target for r in order_records(records, [0.9] * 3)] == ["first", "mid", "late"]


def test_weights_draw_hosts_in_their_proportion() -> None:
    records = [ServiceRecord(0, 1, 1688, "light"), ServiceRecord(0, 3, 1688, "heavy")]
    steps = 10_000
    first = Counter(next(order_records(records, [step / steps])).target for step in range(steps))
    # RFC 2782 draws 0 ... 4, both included: 0 and 1 reach the light one, 2, 3 and 4 the heavy one.
    assert first["light"] == pytest.approx(steps * 2 / 5, abs=2)


def test_a_weight_of_zero_still_has_a_small_chance() -> None:
    records = [ServiceRecord(0, 10, 1688, "heavy"), ServiceRecord(0, 0, 1688, "zero")]
    assert next(order_records(records, [0.0])).target == "zero"
    assert next(order_records(records, [0.5])).target == "heavy"


@given(
    st.lists(
        st.builds(
            ServiceRecord,
            st.integers(0, 3),
            st.integers(0, 65535),
            st.integers(1, 65535),
            st.sampled_from(["a", "b", "c", "d", "e"]),
        ),
        max_size=20,
    ),
    st.lists(st.floats(0, 1, exclude_max=True), max_size=20),
)
def test_every_record_is_drawn_once_and_priorities_never_go_back(
    records: list[ServiceRecord], fractions: list[float]
) -> None:
    drawn = list(order_records(records, fractions))
    assert sorted(drawn, key=repr) == sorted(set(records), key=repr)
    assert [r.priority for r in drawn] == sorted(r.priority for r in drawn)


def test_a_root_target_and_port_zero_name_no_host() -> None:
    records = [ServiceRecord(0, 0, 1688, ""), ServiceRecord(0, 0, 0, "kms1.corp.example")]
    assert list(order_records(records, [])) == []


def test_a_skipped_host_is_no_candidate() -> None:
    records = [
        ServiceRecord(0, 0, 1688, "kms1.corp.example"),
        ServiceRecord(5, 0, 1688, "KMS2.corp.example"),
    ]
    found = list(order_candidates(records, [], {Address("kms1.corp.example")}))
    assert [(str(c.address), c.source, c.priority) for c in found] == [("kms2.corp.example:1688", Source.DNS, 5)]

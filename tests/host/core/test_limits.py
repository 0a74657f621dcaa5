"""Whom a host answers and how many strangers it counts."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from muster.host.core.limits import NewIds, is_allowed, plain_address, prefix_of, source_of

NOW = 1_800_000_000


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.1.1", "::1", "fe80::1", "fd00::1"],
)
def test_private_addresses_are_answered(address: str) -> None:
    assert is_allowed(ip_address(address), ())


@pytest.mark.parametrize("address", ["198.51.100.1", "172.32.0.1", "8.8.8.8", "2001:db8::1", "100.64.0.1"])
def test_the_internet_is_not_answered_unless_listed(address: str) -> None:
    assert not is_allowed(ip_address(address), ())
    assert is_allowed(ip_address(address), (ip_network("0.0.0.0/0"), ip_network("::/0")))


def test_addresses_are_read_as_sockets_tell_them() -> None:
    assert str(plain_address("::ffff:192.0.2.1")) == "192.0.2.1"
    assert str(plain_address("fe80::1%eth0")) == "fe80::1"


def test_new_ids_are_limited_by_network_and_connections_by_machine() -> None:
    four, six = ip_address("192.0.2.77"), ip_address("2001:db8:1:2:3::4")
    assert prefix_of(four) == "192.0.2.0/24"
    assert prefix_of(six) == "2001:db8:1:2::/64"
    assert source_of(four) == "192.0.2.77"
    assert source_of(six) == "2001:db8:1:2::/64"
    assert prefix_of(ip_address("127.0.0.1")) == prefix_of(ip_address("::1")) == ""
    assert source_of(ip_address("::1")) == "::1"


def test_a_prefix_has_an_allowance_each_hour_and_loopback_has_none() -> None:
    new_ids = NewIds(per_hour=3)
    assert [new_ids.take("192.0.2.0/24", NOW) for _ in range(4)] == [True, True, True, False]
    assert new_ids.take("198.51.100.0/24", NOW)
    assert not new_ids.take("192.0.2.0/24", NOW + 3599)
    assert new_ids.take("192.0.2.0/24", NOW + 3600)
    assert all(new_ids.take("", NOW) for _ in range(10))


def test_a_clock_that_goes_back_does_not_lock_a_prefix_out_for_ever() -> None:
    new_ids = NewIds(per_hour=1)
    assert new_ids.take("192.0.2.0/24", NOW)
    assert new_ids.take("192.0.2.0/24", NOW - 7200)


def test_memory_is_bounded_however_many_prefixes_ask() -> None:
    new_ids = NewIds(per_hour=2, max_prefixes=4)
    taken = [new_ids.take(f"2001:db8:{n}::/64", NOW) for n in range(10)]
    assert taken == [True] * 6 + [False] * 4
    assert new_ids.prefixes == 5
    assert new_ids.take("2001:db8:99::/64", NOW + 3600)
    assert new_ids.prefixes == 1


def test_a_full_memory_is_looked_through_once_a_minute_whatever_the_crowd() -> None:
    new_ids = NewIds(per_hour=10, max_prefixes=2)
    for n, at in enumerate((NOW, NOW, NOW + 3599)):
        assert new_ids.take(f"2001:db8:{n}::/64", at)
    assert new_ids.prefixes == 3
    assert new_ids.take("2001:db8:8::/64", NOW + 3658)
    assert new_ids.prefixes == 3, "an hour is over for two, and nobody looks"
    assert new_ids.take("2001:db8:9::/64", NOW + 3659)
    assert new_ids.prefixes == 2

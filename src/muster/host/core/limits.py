"""Whom a host answers, and how many strangers it counts (spec/counting.md).

Addresses are decided upon by prefix: private ones always, others when ``host.toml`` allows them. New ids of one IPv4 /24
or IPv6 /64 are counted up to 3,600 an hour. Memory is bounded whatever asks. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from muster.host.core.settings import Network

Address: TypeAlias = IPv4Address | IPv6Address
Allowance: TypeAlias = tuple[int, int]
"""When the hour of a prefix began (seconds since 1970), and how many new ids it used since."""

ALWAYS_ALLOWED: tuple[Network, ...] = tuple(
    ip_network(prefix)
    for prefix in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fe80::/10",
        "fc00::/7",
    )
)
"""Loopback, private (RFC 1918), link-local and unique-local (RFC 4193)."""

NEW_IDS_PER_HOUR = 3600
HOUR_SECONDS = 3600
IPV4_PREFIX_BITS = 24
IPV6_PREFIX_BITS = 64
MAX_PREFIXES = 65_536
"""Prefixes remembered at a time; more than that share one last allowance."""

FORGET_SECONDS = 60
"""A full memory is looked through this often, not for each stranger: that would cost more than the answer."""

_OVERFLOW = ""


def plain_address(text: str) -> Address:
    """The address of a peer as the socket tells it: without its scope, IPv4 taken out of IPv6; `ValueError` otherwise."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_allowed(address: Address, allow: Iterable[Network]) -> bool:
    """Whether the host answers this address."""
    return any(address in network for network in (*ALWAYS_ALLOWED, *allow))


def prefix_of(address: Address) -> str:
    """The IPv4 /24 or IPv6 /64 whose new ids are limited together; empty for loopback, which is exempt."""
    if address.is_loopback:
        return ""
    bits = IPV4_PREFIX_BITS if isinstance(address, IPv4Address) else IPV6_PREFIX_BITS
    return str(ip_network((address, bits), strict=False))


def source_of(address: Address) -> str:
    """What connections are limited by: an IPv4 address, or an IPv6 /64, which one machine owns as a whole."""
    return str(address) if isinstance(address, IPv4Address) else prefix_of(address) or str(address)


class NewIds:
    """The allowance of new ids of every prefix, in hours that begin with a prefix's first new id."""

    def __init__(self, per_hour: int = NEW_IDS_PER_HOUR, max_prefixes: int = MAX_PREFIXES) -> None:
        self._per_hour = per_hour
        self._max_prefixes = max_prefixes
        self._used: dict[str, list[int]] = {}
        self._looked_through = 0

    def take(self, prefix: str, now: int) -> bool:
        """Use one of the prefix's allowance at `now` (seconds since 1970); False when none is left."""
        if not prefix:
            return True
        used = self._used.get(prefix)
        if used is None:
            if len(self._used) >= self._max_prefixes and not 0 <= now - self._looked_through < FORGET_SECONDS:
                self._forget(now)
            key = prefix if len(self._used) < self._max_prefixes else _OVERFLOW
            used = self._used.setdefault(key, [now, 0])
        if not 0 <= now - used[0] < HOUR_SECONDS:
            used[:] = [now, 0]
        if used[1] >= self._per_hour:
            return False
        used[1] += 1
        return True

    def take_in(self, allowances: Mapping[str, Allowance]) -> None:
        """How much was used when others, who share the allowance, used of it too."""
        for prefix, allowance in allowances.items():
            if prefix in self._used or len(self._used) < self._max_prefixes:
                self._used[prefix] = list(allowance)

    def allowances(self, prefixes: Iterable[str]) -> dict[str, Allowance]:
        """What these prefixes used, and the one that stands for all that cannot be remembered."""
        return {p: (self._used[p][0], self._used[p][1]) for p in (*prefixes, _OVERFLOW) if p in self._used}

    @property
    def prefixes(self) -> int:
        """How many prefixes new ids came from in about the last hour: many of them are a sign of invented ids."""
        return len(self._used)

    def _forget(self, now: int) -> None:
        self._looked_through = now
        self._used = {prefix: used for prefix, used in self._used.items() if 0 <= now - used[0] < HOUR_SECONDS}

"""Addresses to ask from: loopback has sixteen million."""

from __future__ import annotations

from ipaddress import IPv4Address

_FIRST = IPv4Address("127.2.0.1")


def source_address(number: int) -> str:
    """The address of asker `number`, one of its own."""
    return str(_FIRST + number)

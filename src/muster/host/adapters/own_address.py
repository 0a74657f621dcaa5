"""What this machine is called and where it can be reached, as its own system tells it. Sends no packet."""

from __future__ import annotations

import socket
from ipaddress import ip_address

_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
_ANY_PORT = 9


def own_name() -> str:
    """The machine's full name as far as its resolver knows it; it may have no dot."""
    return socket.getfqdn().rstrip(".").lower()


def own_addresses() -> tuple[str, ...]:
    """The addresses this machine speaks from to the outside, at most one of each family."""
    found = []
    for family, elsewhere in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, _ANY_PORT))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return tuple(a for a in found if not ip_address(a).is_loopback)

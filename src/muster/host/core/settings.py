"""The settings of ``host.toml`` with their defaults and limits; a wrong value is `ValueError` with the remedy.

Reading the file, the environment and the flags is `muster.base.config`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from muster.wire.activation import MAX_INTERVAL_MINUTES, MIN_INTERVAL_MINUTES
from muster.wire.frame import PORT

Network: TypeAlias = IPv4Network | IPv6Network
Endpoint: TypeAlias = tuple[str, int]

SQLITE = "sqlite"
SHARED = ("postgresql://", "postgres://")
METRICS_PORT = 9688
MAX_PORT = 65_535
MAX_U16 = 65_535
MAX_LISTEN = 16
MAX_PREFIXES = 256
MAX_ZONES = 64
_NAME = re.compile(r"(?=.{1,253}\.?$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_-]{1,63})*\.?")


def parse_endpoint(text: str, default_port: int) -> Endpoint:
    """Address and port of ``192.0.2.7:1688``, ``[2001:db8::7]:1688``, or of an address alone; `ValueError` otherwise."""
    host, port = text.strip(), str(default_port)
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is not an address; write it like [::]:{default_port}")
        port = rest[1:] or port
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} is not a numeric address; write it like 0.0.0.0:{default_port}") from None
    if not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise ValueError(f"{text!r} has no port between 0 and {MAX_PORT}")
    return host, int(port)


def format_endpoint(endpoint: Endpoint) -> str:
    """The text that `parse_endpoint` reads."""
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_name(text: str) -> str:
    """`text` when it is a DNS name; `ValueError` otherwise."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a DNS name")
    return text


@dataclass(frozen=True, slots=True)
class ZoneSettings:
    """One zone to publish in, and the priority and weight of this host there (RFC 2782)."""

    zone: str
    priority: int = 0
    weight: int = 0

    def __post_init__(self) -> None:
        check_name(self.zone)
        for name, value in (("priority", self.priority), ("weight", self.weight)):
            if not 0 <= value <= MAX_U16:
                raise ValueError(f"{name} = {value} is outside 0 ... {MAX_U16}")


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """Where and how the host publishes itself. `server`, `target` and `addresses` are found out when empty.

    `gss`: signed by Kerberos, as `principal` (empty: the first) of `keytab`.
    """

    publish: bool = True
    server: str = ""
    target: str = ""
    addresses: tuple[str, ...] = ()
    zones: tuple[ZoneSettings, ...] = ()
    tsig_key_file: str = ""
    unsigned: bool = False
    gss: bool = False
    keytab: str = "/etc/krb5.keytab"
    principal: str = ""

    def __post_init__(self) -> None:
        if self.server:
            parse_endpoint(self.server, 53)
        if self.target:
            check_name(self.target)
        for address in self.addresses:
            try:
                ip_address(address)
            except ValueError:
                raise ValueError(f"{address!r} in addresses is not a numeric address") from None
        if len(self.zones) > MAX_ZONES:
            raise ValueError(f"more than {MAX_ZONES} zones")
        if len({zone.zone.rstrip(".").lower() for zone in self.zones}) != len(self.zones):
            raise ValueError("a zone is named twice; one host has one member in a zone")
        if bool(self.tsig_key_file) + self.unsigned + self.gss > 1:
            raise ValueError("tsig_key_file, gss = true and unsigned = true exclude each other; keep one")

    @property
    def has_credentials(self) -> bool:
        """Whether updates can be sent: signed, or unsigned because that was asked for."""
        return bool(self.tsig_key_file) or self.gss or self.unsigned


@dataclass(frozen=True, slots=True)
class HostSettings:
    """``host.toml``. Intervals are told to machines in whole minutes, 15 minutes to 30 days.

    `store`: a file of the home, or the address of a PostgreSQL database whose counts several hosts share.
    """

    listen: tuple[str, ...] = (f"0.0.0.0:{PORT}",)
    store: str = SQLITE
    renewal: timedelta = timedelta(days=7)
    retry: timedelta = timedelta(hours=2)
    metrics: str = ""
    allow: tuple[str, ...] = ()
    dns: DnsSettings = field(default_factory=DnsSettings)

    def __post_init__(self) -> None:
        if not 1 <= len(self.listen) <= MAX_LISTEN:
            raise ValueError(f"listen names 1 to {MAX_LISTEN} addresses")
        for text in self.listen:
            parse_endpoint(text, PORT)
        if self.store != SQLITE and not self.store.startswith(SHARED):
            # Not shown: a password may stand in it.
            raise ValueError(
                'write store = "sqlite", or one database for several hosts: "postgresql://USER@SERVER/DATABASE"'
            )
        for name, interval in (("renewal", self.renewal), ("retry", self.retry)):
            minutes = interval.total_seconds() / 60
            if not MIN_INTERVAL_MINUTES <= minutes <= MAX_INTERVAL_MINUTES or minutes != int(minutes):
                raise ValueError(f"{name} is from 15min to 30d, in whole minutes")
        if self.metrics:
            parse_endpoint(self.metrics, METRICS_PORT)
        if len(self.allow) > MAX_PREFIXES:
            raise ValueError(f"allow names more than {MAX_PREFIXES} prefixes")
        _ = self.allowed

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The addresses and ports to listen on."""
        return tuple(parse_endpoint(text, PORT) for text in self.listen)

    @property
    def allowed(self) -> tuple[Network, ...]:
        """The prefixes answered beside the private ones."""
        networks: list[Network] = []
        for text in self.allow:
            try:
                networks.append(ip_network(text))
            except ValueError:
                raise ValueError(f"{text!r} in allow is not a prefix; write it like 198.51.100.0/24") from None
        return tuple(networks)

    @property
    def renewal_minutes(self) -> int:
        """Renewal interval in minutes."""
        return int(self.renewal.total_seconds() // 60)

    @property
    def retry_minutes(self) -> int:
        """Retry interval in minutes."""
        return int(self.retry.total_seconds() // 60)

"""The settings of ``host.toml`` with their meaning, defaults and limits; a wrong value is `SettingMistake` with the remedy.

Reading the file, the environment and the flags is `muster.base.config`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, TypeAlias

from muster.base.errors import SettingMistake, checked
from muster.platform.directory_address import check_principal
from muster.wire.activation import MAX_INTERVAL_MINUTES, MIN_INTERVAL_MINUTES
from muster.wire.frame import PORT

Network: TypeAlias = IPv4Network | IPv6Network
Endpoint: TypeAlias = tuple[str, int]

SQLITE = "sqlite"
SHARED = ("postgresql://", "postgres://")
METRICS_PORT = 9688
DNS_PORT = 53
NAME_SERVER = "192.0.2.53"
LISTENING = "0.0.0.0"  # noqa: S104 - written into remedies, never listened on
"""Addresses as remedies write them: one that is asked, and one that is listened on."""

MAX_PORT = 65_535
MAX_U16 = 65_535
MAX_LISTEN = 16
MAX_PREFIXES = 256
MAX_ZONES = 64
_NAME = re.compile(r"(?=.{1,253}\.?$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_-]{1,63})*\.?")


def parse_endpoint(text: str, default_port: int, like: str = LISTENING) -> Endpoint:
    """Address and port of ``192.0.2.7:1688``, ``[2001:db8::7]:1688``, or of an address alone; `ValueError` otherwise.

    `like` is the address that the remedy writes.
    """
    host, port = text.strip(), str(default_port)
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is not an address; write it like [2001:db8::7]:{default_port}")
        port = rest[1:] or port
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} is not a numeric address; write it like {like}:{default_port}") from None
    if not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise ValueError(f"{text!r} has no port between 0 and {MAX_PORT}; write it like {like}:{default_port}")
    return host, int(port)


def parse_name_server(text: str) -> Endpoint:
    """Address and port of a name server that is asked or told; `ValueError` otherwise."""
    host, port = parse_endpoint(text, DNS_PORT, NAME_SERVER)
    if not port or ip_address(host).is_unspecified:
        raise ValueError(f"{text!r} is nowhere to send to; write it like {NAME_SERVER}:{DNS_PORT}")
    return host, port


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        problem = (
            f"{text!r} is not a prefix" if "host bits" not in str(error) else f"{text!r} is longer than its prefix"
        )
        raise ValueError(f"{problem}; write it like 198.51.100.0/24") from None


def _published(text: str) -> str:
    """`text` when it is an address that others can reach a host at."""
    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a numeric address; write it like 192.0.2.7") from None
    if address.is_unspecified or address.is_multicast:
        raise ValueError(f"{text!r} is no address of one machine; write it like 192.0.2.7")
    return text


def _overlap(endpoint: Endpoint, others: Iterable[Endpoint]) -> Endpoint | None:
    """The one of `others` that has the same port, where one of both is all addresses of that kind."""
    host, port = ip_address(endpoint[0]), endpoint[1]
    for other in others:
        there = ip_address(other[0])
        if (
            port
            and port == other[1]
            and host.version == there.version
            and host.is_unspecified is not there.is_unspecified
        ):
            return other
    return None


def format_endpoint(endpoint: Endpoint) -> str:
    """The text that `parse_endpoint` reads."""
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_name(text: str) -> str:
    """`text` when it is a DNS name; `ValueError` otherwise."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a DNS name; write it like corp.example")
    if text.rstrip(".").rpartition(".")[2].isdigit():
        raise ValueError(f"{text!r} is an address, not a name; write a DNS name like corp.example")
    return text


def check_target(text: str) -> str:
    """`text` when it is a whole DNS name, with the domain; `ValueError` otherwise."""
    if "." not in check_name(text).rstrip("."):
        raise ValueError(f"{text!r} has no domain; write the full name, like kms1.corp.example")
    return text


@dataclass(frozen=True, slots=True)
class ZoneSettings:
    """One zone to publish in, and the priority and weight of this host there (RFC 2782)."""

    zone: Annotated[str, "a zone of DNS"]
    priority: Annotated[int, "a lower one is asked first"] = 0
    weight: Annotated[int, "of hosts with one priority, one of twice the weight is asked twice as often"] = 0

    def __post_init__(self) -> None:
        checked("zone", check_name, self.zone)
        for name, value in (("priority", self.priority), ("weight", self.weight)):
            if not 0 <= value <= MAX_U16:
                raise SettingMistake(name, f"{value} is outside 0 … {MAX_U16}", f"write a number from 0 to {MAX_U16}")


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """Where and how the host publishes itself. `server`, `target` and `addresses` are found out when empty.

    `gss`: signed by Kerberos, as `principal` (empty: the first) of `keytab`.
    """

    publish: Annotated[bool, "whether this host publishes itself, every 24 hours; it needs a key below"] = True
    server: Annotated[str, "the name server that takes updates; empty: the zone's primary", '"192.0.2.53:53"'] = ""
    target: Annotated[str, "the name to publish; empty: this machine's full name", '"kms1.corp.example"'] = ""
    addresses: Annotated[
        tuple[str, ...], "A and AAAA records; empty: this machine's own addresses", '["192.0.2.7"]'
    ] = ()
    zones: Annotated[
        tuple[ZoneSettings, ...],
        "where to publish; empty: the domain of target",
        '[{ zone = "corp.example", priority = 0, weight = 0 }]',
    ] = ()
    tsig_key_file: Annotated[str, "a key in BIND's format that signs updates; beside this file", '"update.key"'] = ""
    unsigned: Annotated[bool, "send updates without a signature, to a server that trusts this address"] = False
    gss: Annotated[bool, "sign updates by Kerberos (GSS-TSIG), in domains of Active Directory"] = False
    keytab: Annotated[str, "whose keys sign with gss"] = "/etc/krb5.keytab"
    principal: Annotated[str, "the account of the keytab; empty: its first", '"kms1$@CORP.EXAMPLE"'] = ""

    def __post_init__(self) -> None:
        if self.server:
            checked("server", parse_name_server, self.server)
        if self.target:
            checked("target", check_target, self.target)
        for number, address in enumerate(self.addresses):
            checked(f"addresses[{number}]", _published, address)
            if address in self.addresses[:number]:
                raise SettingMistake(f"addresses[{number}]", f"{address!r} is named twice", "keep one of them")
        if len(self.zones) > MAX_ZONES:
            raise SettingMistake("zones", f"more than {MAX_ZONES} zones", f"name {MAX_ZONES} at most")
        names = [zone.zone.rstrip(".").lower() for zone in self.zones]
        for number, name in enumerate(names):
            if name in names[:number]:
                problem = f"{name} is named twice; one host has one member in a zone"
                raise SettingMistake(f"zones[{number}]", problem, "keep one of them")
        ways = {"tsig_key_file": bool(self.tsig_key_file), "gss": self.gss, "unsigned": self.unsigned}
        chosen = [name for name, is_chosen in ways.items() if is_chosen]
        if len(chosen) > 1:
            raise SettingMistake(chosen[1], f"{' and '.join(chosen)} exclude each other", "keep one of them")
        if self.principal:
            checked("principal", check_principal, self.principal)

    @property
    def has_credentials(self) -> bool:
        """Whether updates can be sent: signed, or unsigned because that was asked for."""
        return bool(self.tsig_key_file) or self.gss or self.unsigned


@dataclass(frozen=True, slots=True)
class HostSettings:
    """``host.toml``. Intervals are told to machines in whole minutes, 15 minutes to 30 days.

    `store`: a file of the home, or the address of a PostgreSQL database whose counts several hosts share.
    """

    listen: Annotated[tuple[str, ...], "where machines are answered", '["0.0.0.0:1688", "[::]:1688"]'] = (
        f"0.0.0.0:{PORT}",
    )
    store: Annotated[
        str,
        "where machines are counted: sqlite, a file in the home, or a database in which several hosts have one count",
        '"postgresql://muster@db.corp.example/muster"',
    ] = SQLITE
    renewal: Annotated[timedelta, "told to activated machines: ask again after this time, 15min to 30d"] = timedelta(
        days=7
    )
    retry: Annotated[timedelta, "told to machines that are not activated yet, 15min to 30d"] = timedelta(hours=2)
    metrics: Annotated[str, "where /metrics and /health are served; empty: nowhere", f'"127.0.0.1:{METRICS_PORT}"'] = ""
    allow: Annotated[tuple[str, ...], "prefixes answered beside private addresses", '["198.51.100.0/24"]'] = ()
    dns: DnsSettings = field(default_factory=DnsSettings)

    def __post_init__(self) -> None:
        if not 1 <= len(self.listen) <= MAX_LISTEN:
            raise SettingMistake("listen", f"{len(self.listen)} addresses", f"listen names 1 to {MAX_LISTEN} addresses")
        for number, text in enumerate(self.listen):
            endpoint = checked(f"listen[{number}]", parse_endpoint, text, PORT)
            before = [parse_endpoint(one, PORT) for one in self.listen[:number]]
            if endpoint in before and endpoint[1]:
                raise SettingMistake(f"listen[{number}]", f"{text!r} is named twice", "keep one of them")
            if other := _overlap(endpoint, before):
                problem = f"{text!r} and {format_endpoint(other)!r} cannot both be listened on"
                raise SettingMistake(f"listen[{number}]", problem, "keep the one that is all addresses, or the others")
        if self.store != SQLITE and not self.store.startswith(SHARED):
            # Not shown: a password may stand in it.
            remedy = 'write store = "sqlite", or one database for several hosts: "postgresql://USER@SERVER/DATABASE"'
            raise SettingMistake("store", "neither sqlite nor the address of a PostgreSQL database", remedy)
        for name, interval in (("renewal", self.renewal), ("retry", self.retry)):
            minutes = interval.total_seconds() / 60
            if not MIN_INTERVAL_MINUTES <= minutes <= MAX_INTERVAL_MINUTES or minutes != int(minutes):
                remedy = f'write {name} from 15min to 30d, in whole minutes, like "2h"'
                raise SettingMistake(name, "outside 15min … 30d, or no whole minutes", remedy)
        if self.metrics:
            where = checked("metrics", parse_endpoint, self.metrics, METRICS_PORT, "127.0.0.1")
            if (where[1] and where in self.endpoints) or _overlap(where, self.endpoints):
                raise SettingMistake(
                    "metrics", f"{self.metrics!r} is where machines are answered", "choose another port"
                )
        if len(self.allow) > MAX_PREFIXES:
            raise SettingMistake("allow", f"more than {MAX_PREFIXES} prefixes", "join neighbours to shorter prefixes")
        for number, prefix in enumerate(self.allow):
            checked(f"allow[{number}]", _network, prefix)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The addresses and ports to listen on."""
        return tuple(parse_endpoint(text, PORT) for text in self.listen)

    @property
    def allowed(self) -> tuple[Network, ...]:
        """The prefixes answered beside the private ones."""
        return tuple(map(_network, self.allow))

    @property
    def renewal_minutes(self) -> int:
        """Renewal interval in minutes."""
        return int(self.renewal.total_seconds() // 60)

    @property
    def retry_minutes(self) -> int:
        """Retry interval in minutes."""
        return int(self.retry.total_seconds() // 60)

"""What people set: in ``client.toml``, and by commands; and what both come to for one edition.

Pure. A choice made by a command wins over the file; the environment wins over both. A wrong value is `ValueError` or
`Misconfigured` with the remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any

from muster.base.errors import Code, Malformed, Misconfigured, SettingMistake, checked
from muster.client.core.discovery import (
    MAX_ZONES,
    Address,
    Candidate,
    Source,
    check_name,
    parse_address,
    parse_addresses,
)
from muster.client.core.membership import DirectorySettings
from muster.platform.service_address import check_service
from muster.wire.product import Edition

DNS_PORT = 53
MAX_SCOPED = 64
MAX_ORGANISATION = 0xFFFF_FFFF
"""Certificates number organisations in 32 bits."""


class ActivationType(StrEnum):
    """How an edition may be activated."""

    ANY = "any"
    DIRECTORY = "directory"
    HOST = "host"
    MAK = "mak"


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """``client.toml``. `administrators` is a local group; `organisation` pins the machine to one (0: to none).

    `service` is the vendor's activation service, instead of the one that the product file names.
    """

    hosts: Annotated[
        tuple[str, ...], "hosts to ask in this order; empty: those that DNS names", '["kms1.corp.example:1688"]'
    ] = ()
    zones: Annotated[
        tuple[str, ...], "zones in which hosts are looked for; empty: this machine's own", '["corp.example"]'
    ] = ()
    dns: Annotated[str, "the address of the name server to ask; empty: the system's", '"192.0.2.53:53"'] = ""
    caching: Annotated[bool, "whether the host that answered last is asked first"] = True
    type: Annotated[str, "the ways to activate: any, directory, host or mak"] = ActivationType.ANY.value
    organisation: Annotated[
        int, "the number of the only organisation whose hosts are believed, as status shows it; 0: any"
    ] = 0
    ephemeral: Annotated[bool, "whether this machine is made anew again and again, as a container is"] = False
    administrators: Annotated[str, "a local group that may change the activation, as root may", '"wheel"'] = ""
    service: Annotated[
        str, "the vendor's service; empty: the one that the product file names", '"https://activation.acme.example"'
    ] = ""
    directory: DirectorySettings = field(default_factory=DirectorySettings)

    def __post_init__(self) -> None:
        checked("type", parse_type, self.type)
        for number, text in enumerate(self.hosts):
            checked(f"hosts[{number}]", parse_addresses, text)
        if self.hosts:
            checked("hosts", parse_addresses, ",".join(self.hosts))
        for number, zone in enumerate(self.zones):
            checked(f"zones[{number}]", check_zones, (zone,))
        checked("zones", check_zones, self.zones)
        if self.dns:
            checked("dns", parse_dns, self.dns)
        if not 0 <= self.organisation <= MAX_ORGANISATION:
            problem = f"{self.organisation} is no organisation"
            raise SettingMistake(
                "organisation", problem, "write the number that muster client status --json shows, or 0"
            )
        if self.service:
            checked("service", check_service, self.service)


@dataclass(frozen=True, slots=True)
class Choices:
    """What commands have set; empty where nothing was. Hosts by scope: "" for the machine, a product's or edition's name."""

    hosts: tuple[str, ...] = ()
    product_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    edition_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: str = ""
    dns: str = ""
    caching: bool | None = None
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guidance:
    """What holds for one edition. `zones` and `dns` are None where the machine's own are to be asked."""

    configured: tuple[Candidate, ...]
    zones: tuple[str, ...] | None
    caching: bool
    type: ActivationType
    organisation: int | None
    ephemeral: bool
    service: str = ""


def parse_type(text: str) -> ActivationType:
    """Read ``any``, ``directory``, ``host`` or ``mak``; `Misconfigured` otherwise."""
    try:
        return ActivationType(text)
    except ValueError:
        known = ", ".join(ActivationType)
        raise Misconfigured(Code.SETTINGS_INVALID, f"{text!r} is no way to activate", f"one of {known}") from None


def parse_dns(text: str) -> Address:
    """Read ``ADDR`` or ``ADDR:PORT`` of a name server. A name is refused: nobody could be asked for its address."""
    remedy = "write the address of a name server, like 192.0.2.53 or 192.0.2.53:53"
    try:
        server = kept_dns(text)
    except Misconfigured:
        raise Misconfigured(Code.SETTINGS_INVALID, f"{text!r} is no name server", remedy) from None
    try:
        ip_address(server.host)
    except ValueError:
        raise Misconfigured(Code.SETTINGS_INVALID, f"{text!r} is not a numeric address", remedy) from None
    return server


def kept_dns(text: str) -> Address:
    """A name server as commands may have kept it before names were refused: that it never answers is told by `diagnose`."""
    address = parse_address(text)
    has_port = text.strip().endswith(f":{address.port}")
    return address if has_port else address._replace(port=DNS_PORT)


def check_zones(zones: tuple[str, ...]) -> tuple[str, ...]:
    """Zones in lower case; `Misconfigured` for what is no zone, or too many."""
    if len(zones) > MAX_ZONES:
        raise Misconfigured(Code.SETTINGS_INVALID, f"{len(zones)} zones", f"at most {MAX_ZONES} zones are asked")
    names = tuple(check_name(zone) for zone in zones)
    for name in names:
        if name.rpartition(".")[2].isdigit():
            raise Misconfigured(
                Code.SETTINGS_INVALID, f"{name!r} is an address, not a zone", "write it like corp.example"
            )
    return names


def guide(
    settings: ClientSettings, choices: Choices, edition: Edition, zones: tuple[str, ...] | None = None
) -> Guidance:
    """What holds for `edition`; `zones` are those of the environment, where it names some."""
    by_file = tuple(str(a) for text in settings.hosts for a in parse_addresses(text))
    configured = (
        *_candidates(choices.edition_hosts.get(edition.name, ()), Source.EDITION),
        *_candidates(choices.product_hosts.get(edition.product, ()), Source.PRODUCT),
        *_candidates(choices.hosts or by_file, Source.MACHINE),
    )
    chosen = (choices.zone,) if choices.zone else check_zones(settings.zones)
    caching = settings.caching if choices.caching is None else choices.caching
    way = choices.types.get(edition.name) or choices.types.get("") or settings.type
    return Guidance(
        configured,
        zones if zones is not None else chosen or None,
        caching,
        parse_type(way),
        settings.organisation or None,
        settings.ephemeral,
        settings.service,
    )


def _candidates(hosts: tuple[str, ...], source: Source) -> tuple[Candidate, ...]:
    return tuple(Candidate(parse_address(host), source) for host in hosts)


def with_hosts(choices: Choices, text: str, *, edition: str = "", product: str = "") -> Choices:
    """Hosts set for the machine, or for one product or edition; an empty text clears them."""
    hosts = tuple(str(address) for address in parse_addresses(text)) if text else ()
    if edition:
        return replace(choices, edition_hosts=_scoped(choices.edition_hosts, edition, hosts))
    if product:
        return replace(choices, product_hosts=_scoped(choices.product_hosts, product, hosts))
    return replace(choices, hosts=hosts)


def with_type(choices: Choices, way: str, edition: str = "") -> Choices:
    """How the machine, or one edition, may be activated."""
    types = dict(choices.types)
    types[edition] = str(parse_type(way))
    return replace(choices, types=types)


def _scoped(table: Mapping[str, tuple[str, ...]], name: str, hosts: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    changed = {key: value for key, value in table.items() if key != name}
    if hosts:
        changed[name] = hosts
    if len(changed) > MAX_SCOPED:
        raise Misconfigured(Code.SETTINGS_INVALID, "too many hosts of single editions", "set hosts for the machine")
    return changed


def choices_to_plain(choices: Choices) -> dict[str, Any]:
    """Choices as JSON knows values."""
    return asdict(choices)


def choices_from_plain(plain: Any) -> Choices:
    """Read what `choices_to_plain` gave; `Malformed` with STATE_CORRUPT for anything else."""
    try:
        choices = Choices(
            _plain_hosts(plain["hosts"]),
            _plain_table(plain["product_hosts"]),
            _plain_table(plain["edition_hosts"]),
            check_name(plain["zone"]) if plain["zone"] else "",
            str(kept_dns(plain["dns"])) if plain["dns"] else "",
            {True: True, False: False, None: None}[plain["caching"]],
            {str(name): str(parse_type(way)) for name, way in plain["types"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, Misconfigured) as error:
        raise Malformed(Code.STATE_CORRUPT, f"the settings made by commands are damaged: {error}") from error
    return choices


def _plain_hosts(plain: Any) -> tuple[str, ...]:
    if not isinstance(plain, list | tuple):
        raise TypeError("hosts are a list")
    return tuple(str(parse_address(host)) for host in plain)


def _plain_table(plain: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {str(name): _plain_hosts(hosts) for name, hosts in plain.items()}

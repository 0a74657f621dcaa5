"""What this host publishes, and the way into DNS, from settings, environment and what the machine knows of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

from muster.base.clock import SystemClock
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured
from muster.host.adapters.dns_update import ANSWER_SECONDS, DnsUpdate
from muster.host.adapters.gss_tsig import GssAccount, GssTsig
from muster.host.adapters.own_address import own_addresses, own_name
from muster.host.adapters.tsig_key import read_tsig_key
from muster.host.core.publication import ZoneRecords, records_for
from muster.host.core.settings import DnsSettings, Endpoint, ZoneSettings, parse_name_server

DNS_SERVER_VARIABLE = "MUSTER_DNS_SERVER"


def wanted_records(dns: DnsSettings, labels: Sequence[str], endpoints: Sequence[Endpoint]) -> list[ZoneRecords]:
    """The records of every zone, for a host that listens on `endpoints`. May ask the system's resolver: blocks.

    `Misconfigured` when the machine does not know its full name, or listens on a port of chance.
    """
    _, port = endpoints[0]
    if port == 0:
        raise Misconfigured(Code.SETTINGS_INVALID, "listen has port 0, which nobody can publish", "Set a port.")
    target = dns.target or own_name()
    zones = dns.zones or ((ZoneSettings(target.partition(".")[2]),) if "." in target else ())
    if not zones or target == "localhost" or target.endswith(".localdomain"):
        raise Misconfigured(
            Code.SETTINGS_INVALID,
            f"this machine's full name is not known ({target})",
            "Set target and zones in the [dns] table of host.toml.",
        )
    addresses = dns.addresses or _listened_on(endpoints) or own_addresses()
    return [records_for(zone, labels, target, port, addresses) for zone in zones]


def _listened_on(endpoints: Sequence[Endpoint]) -> tuple[str, ...]:
    """The addresses that were named to listen on; none as soon as all of them are."""
    named = [ip_address(host) for host, _ in endpoints]
    return () if any(a.is_unspecified for a in named) else tuple(str(a) for a in named)


def publisher(home: Path, dns: DnsSettings, environment: Mapping[str, str]) -> DnsUpdate | None:
    """The way into DNS that the settings allow; None without credentials. `Misconfigured` for a bad key file."""
    if not dns.has_credentials:
        return None
    server = parse_name_server(dns.server) if dns.server else None
    key = read_tsig_key(home / dns.tsig_key_file) if dns.tsig_key_file else None
    gss = None
    if dns.gss:
        account = GssAccount(str(home / dns.keytab), dns.principal)
        gss = GssTsig(account, SystemClock(), SystemEntropy(), ANSWER_SECONDS)
    return DnsUpdate(server, key, resolver_of(environment), gss=gss)


def resolver_of(environment: Mapping[str, str]) -> Endpoint | None:
    """The name server that every program asks instead of the system's resolver; None when none is set."""
    text = environment.get(DNS_SERVER_VARIABLE, "")
    try:
        return parse_name_server(text) if text else None
    except ValueError as error:
        problem, _, remedy = str(error).partition("; ")
        raise Misconfigured(Code.SETTINGS_INVALID, f"{DNS_SERVER_VARIABLE}: {problem}", remedy) from error

"""A machine put together from real things: state folder, resolver, TCP, the system's clock, chance and hardware.

Everything may be given instead, so that thirty machines can live in one process. Functions of this module and of
`muster.client.service` are what commands, the demonstration and tests call.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from muster.base.clock import Clock, SystemClock
from muster.base.config import load
from muster.base.entropy import Entropy, SystemEntropy
from muster.base.errors import Malformed, MusterError
from muster.client.adapters.dns_srv import DnsSrv
from muster.client.adapters.domain_member import DomainMember
from muster.client.adapters.inspection import LookingOn
from muster.client.adapters.journal_file import JournalFile
from muster.client.adapters.known_numbers import KnownNumbers
from muster.client.adapters.state_folder import SETTINGS, StateFolder, locked
from muster.client.adapters.tcp_host import TcpHost
from muster.client.adapters.vendor_http import VendorHttp
from muster.client.core.choices import Choices, ClientSettings, check_zones, kept_dns, parse_dns
from muster.client.core.discovery import Address
from muster.client.core.licensing import Scene, is_due, next_attempt
from muster.client.core.report import instant, report
from muster.client.service.activating import Result, activate, activate_due
from muster.client.service.bundling import bundle
from muster.client.service.carrying import deposit_file, request_file
from muster.client.service.confirming import confirm, confirm_file, installation_file, installation_id
from muster.client.service.diagnosing import diagnose
from muster.client.service.installing import (
    Installation,
    install,
    install_key,
    install_offered,
    rearm_all,
    set_caching,
    set_dns,
    set_hosts,
    set_type,
    set_zone,
    uninstall_key,
)
from muster.client.service.machine import Machine, Surroundings
from muster.license.folder import own_home, system_home
from muster.license.machine import is_virtual, read_parts
from muster.trust.hardware import Parts

__all__ = [
    "Installation",
    "LookingOn",
    "Machine",
    "Result",
    "Scene",
    "activate",
    "activate_due",
    "bundle",
    "confirm",
    "confirm_file",
    "default_home",
    "deposit_file",
    "diagnose",
    "install",
    "install_key",
    "install_offered",
    "installation_file",
    "installation_id",
    "instant",
    "is_due",
    "locked",
    "next_attempt",
    "open_machine",
    "rearm_all",
    "report",
    "request_file",
    "set_caching",
    "set_dns",
    "set_hosts",
    "set_type",
    "set_zone",
    "uninstall_key",
]

DNS_SERVER = "MUSTER_DNS_SERVER"
DNS_ZONES = "MUSTER_DNS_ZONES"


def default_home() -> Path:
    """The machine's home for root, and wherever there is one; else the user's own."""
    system = system_home()
    if sys.platform == "win32":
        return system
    return system if os.geteuid() == 0 or system.is_dir() else own_home()


def open_machine(
    home: Path,
    *,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    hardware: Parts | None = None,
    virtual: bool | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Machine:
    """The machine whose state is in `home`; nothing is written yet. `Misconfigured` for a wrong setting."""
    environment = os.environ if environment is None else environment
    settings = load(
        ClientSettings, home / SETTINGS, environment=environment, prefix="MUSTER_CLIENT_", flags=flags or {}
    )
    state = StateFolder(home)
    names = DnsSrv(_name_server(environment, _choices(state), settings))
    around = Surroundings(
        clock=clock or SystemClock(),
        entropy=entropy or SystemEntropy(),
        hardware=read_parts() if hardware is None else hardware,
        is_virtual=is_virtual() if virtual is None else virtual,
        settings=settings,
        zones=_zones(environment),
    )
    domain = DomainMember(settings.directory, home)
    return Machine(
        state, names, TcpHost(names, KnownNumbers(home)), JournalFile(home), around, domain=domain, vendor=VendorHttp()
    )


def _choices(state: StateFolder) -> Choices:
    try:
        return state.choices()
    except Malformed:
        # Told by the command that needs them; opening a machine must work to put it right.
        return Choices()


def _name_server(environment: Mapping[str, str], choices: Choices, settings: ClientSettings) -> Address | None:
    if text := environment.get(DNS_SERVER, ""):
        return parse_dns(text)
    if choices.dns:
        return kept_dns(choices.dns)
    return parse_dns(settings.dns) if settings.dns else None


def _zones(environment: Mapping[str, str]) -> tuple[str, ...] | None:
    text = environment.get(DNS_ZONES, "")
    return check_zones(tuple(part.strip() for part in text.split(",") if part.strip())) if text else None


def offered(machine: Machine) -> None:
    """Install what lies in ``products.d``; a home that cannot be written is left as it is."""
    try:
        install_offered(machine)
    except MusterError as error:
        machine.journal.note(machine.around.clock.now(), "product.refused", code=str(error.code))

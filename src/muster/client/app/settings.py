"""``client.toml`` for its commands: what it may say, and what is wrong with the files, groups and addresses that it names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from muster.base.errors import SettingMistake
from muster.client.app import DNS_SERVER, DNS_ZONES
from muster.client.core.choices import ClientSettings, check_zones, parse_dns
from muster.platform.settings_file import (
    SettingsFile,
    certificate_mistakes,
    file_mistakes,
    found_by,
    keytab_mistakes,
)

PREFIX = "MUSTER_CLIENT_"
OF_A_NAMED_DOMAIN = ("base", "ca", "user", "principal", "keytab")
"""Settings of ``[directory]`` that nobody asks for where the machine's own domain is taken."""


def named(settings: ClientSettings, home: Path, environment: Mapping[str, str]) -> Iterator[SettingMistake]:
    """What is wrong with what the settings of a home name."""
    server = environment.get(DNS_SERVER, "")
    if server:
        yield from found_by(DNS_SERVER, lambda: parse_dns(server))
    zones = tuple(part.strip() for part in environment.get(DNS_ZONES, "").split(",") if part.strip())
    yield from found_by(DNS_ZONES, lambda: check_zones(zones))
    if settings.administrators and os.name == "posix":
        yield from _group_mistakes(settings.administrators)
    directory = settings.directory
    if directory.ca:
        yield from certificate_mistakes("directory.ca", home / directory.ca)
    if directory.password_file:
        path = home / directory.password_file
        yield from file_mistakes("directory.password_file", path, "write the password into it", is_secret=True)
    if directory.keytab:
        yield from keytab_mistakes("directory.keytab", home / directory.keytab)
    if not (directory.domain or directory.servers):
        remedy = "write domain or servers, too; what joining told wins otherwise"
        for name in OF_A_NAMED_DOMAIN:
            if getattr(directory, name):
                yield SettingMistake(f"directory.{name}", "counts only where a domain or servers are named", remedy)


def _group_mistakes(name: str) -> Iterator[SettingMistake]:
    import grp

    try:
        grp.getgrnam(name)
    except KeyError:
        remedy = f"make it: groupadd {name}" if name.split() == [name] else "write the name of one group"
        yield SettingMistake("administrators", f"this machine has no group {name!r}", remedy)


SETTINGS = SettingsFile(ClientSettings, "client", PREFIX, named)

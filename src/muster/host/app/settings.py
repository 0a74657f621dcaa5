"""``host.toml`` for its commands: what it may say, and what is wrong with the files and addresses that it names."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path

from muster.base.errors import SettingMistake, checked
from muster.host.adapters.home_folder import ENVIRONMENT_PREFIX
from muster.host.adapters.tsig_key import read_tsig_key
from muster.host.app.naming import DNS_SERVER_VARIABLE
from muster.host.core.settings import HostSettings, parse_name_server
from muster.platform import missing_parts
from muster.platform.settings_file import SettingsFile, database_mistakes, file_mistakes, found_by, keytab_mistakes


def named(settings: HostSettings, home: Path, environment: Mapping[str, str]) -> Iterator[SettingMistake]:
    """What is wrong with what the settings of a home name."""
    server = environment.get(DNS_SERVER_VARIABLE, "")
    if server:
        yield from found_by(DNS_SERVER_VARIABLE, lambda: checked(DNS_SERVER_VARIABLE, parse_name_server, server))
    yield from database_mistakes("store", settings.store)
    dns = settings.dns
    if dns.tsig_key_file:
        path = home / dns.tsig_key_file
        remedy = "make one: tsig-keygen -a hmac-sha256 NAME"
        wrong = list(file_mistakes("dns.tsig_key_file", path, remedy, is_secret=True))
        yield from wrong or found_by("dns.tsig_key_file", lambda: read_tsig_key(path))
    if dns.principal and not dns.gss:
        yield SettingMistake("dns.principal", "signs nothing without gss", "write gss = true, too, or leave it out")
    if dns.gss:
        yield from keytab_mistakes("dns.keytab", home / dns.keytab)
        if importlib.util.find_spec("gssapi") is None:
            problem = "Kerberos needs gssapi, which is not installed here"
            yield SettingMistake("dns.gss", problem, missing_parts.remedy("directory"))


SETTINGS = SettingsFile(HostSettings, "host", ENVIRONMENT_PREFIX, named)

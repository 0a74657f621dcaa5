"""Every kind of TOML file that people write, for the fuzzer: its reader, and seeds that come with the programs."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from muster.base.config import load_text
from muster.client.core.choices import ClientSettings
from muster.client.core.fleet import Fleet
from muster.console.core.settings import ConsoleSettings
from muster.host.core.settings import HostSettings
from muster.simulate.scenario import Scenario
from muster.vendor.core.definition import Definition, example
from muster.vendor.core.settings import VendorSettings

ROOT = Path(__file__).resolve().parents[1]
KINDS: dict[str, type] = {
    "host_settings": HostSettings,
    "client_settings": ClientSettings,
    "vendor_settings": VendorSettings,
    "console_settings": ConsoleSettings,
    "product_definition": Definition,
    "fleet_file": Fleet,
    "scenario": Scenario,
}


def _read(kind: type, data: bytes) -> object:
    """What is accepted, Python's own reader of TOML takes too."""
    text = data.decode(errors="replace")
    found: object = load_text(kind, text, "fuzzed.toml")
    tomllib.loads(text)
    return found


def readers() -> dict[str, Callable[[bytes], object]]:
    """By name."""
    return {name: partial(_read, kind) for name, kind in KINDS.items()}


def seeds(name: str) -> tuple[bytes, ...]:
    """Files that are accepted, with as many keys as there are."""
    if name == "scenario":
        return tuple(path.read_bytes() for path in sorted((ROOT / "examples" / "scenarios").glob("*.toml")))
    if name == "product_definition":
        return (example("Acme Software").encode(),)
    return _WRITTEN.get(name, ())


_OPENID = (
    b'[openid]\nissuer = "https://id.example"\nclient = "muster"\nsecret_file = "/etc/muster/openid.secret"\n'
    b'address = "https://activation.acme.example"\nroles = ["muster-admins=admin"]\n'
)
_WRITTEN: dict[str, tuple[bytes, ...]] = {
    "host_settings": (
        b'listen = ["0.0.0.0:1688", "[::]:1688"]\nrenewal = "7d"\n[dns]\nzones = [{ zone = "corp.example", weight = 5 }]\n',
        b'store = "postgresql://muster@db/muster"\nallow = ["198.51.100.0/24"]\nmetrics = "127.0.0.1:9688"\n',
    ),
    "client_settings": (
        b'hosts = ["kms1.corp.example:1688"]\nzones = ["corp.example"]\ncaching = false\ntype = "host"\norganisation = 7\n',
        b'dns = "192.0.2.53:53"\nservice = "https://activation.acme.example"\n[directory]\nservers = ["ldap://dc1.corp.example"]\n',
    ),
    "vendor_settings": (
        b'database = "postgresql://muster@db/muster"\nwebhooks_inside = true\n' + _OPENID,
        b'database = "sqlite"\n',
    ),
    "console_settings": (
        b'store = "sqlite"\n[ssh]\nuser = "muster"\njump = "gate.corp.example:22"\nat_once = 8\nanswer_time = "1min"\n'
        b'[directory]\nplace = "ldaps://dc1.corp.example"\nbase = "DC=corp,DC=example"\n' + _OPENID,
    ),
    "fleet_file": (
        b'[machine]\nzone = "corp.example"\n[[product]]\nfile = "acme.muster"\nedition = "acme-cad-pro"\nhosts = ["a:1688"]\n',
    ),
}

"""Blocks, and single lines of blocks, that no reader follows: where else they are run, or why they cannot be run here.

A page, how the line begins, and the reason. A test of this repository is named by its path: that test must name the page.
Whatever stands in no page any more must leave this table, too; test_followed.py sees to both.
"""

from __future__ import annotations

from collections.abc import Mapping

DRAWING = "a drawing"
PRINTED = "what is printed, not what is typed"
SYNOPSIS = "what may stand behind a command, not one that is typed"
GATE = "what a checkout is for: every run of the tests begins with it, or is it"
INDEX = "installs from an index, which no test asks"
SYSTEM = "changes the system that it runs on: its packages, users, services or firewall"
NO_ENGINE = "no container engine takes part in our tests, and the page says so"
LONG = "takes minutes; for releases"
WINDOWS = "Windows is not at hand"
SETTINGS = "tests/docs/test_commands.py"
"""A settings file, which every program of ours would understand: looked at there, on every page."""

README, GUIDES = "tests/programs/test_readme.py", "tests/programs/test_console_guides.py"
DNS, PROXIES = "tests/docs/test_dns_page.py", "tests/worlds/proxies.py"
NAMED: Mapping[str, Mapping[str, str]] = {
    "README.md": {
        "  vendor  ": DRAWING,
        "make demo": GATE,
        "muster vendor init": README,
        "muster client install": README,
    },
    "ARCHITECTURE.md": {"": DRAWING},
    "CONTRIBUTING.md": {"make setup": GATE},
    "docs/index.md": {"  vendor  ": DRAWING},
    "docs/explain/threats.md": {"vendor fingerprint, in": DRAWING},
    "docs/develop/embedding.md": {"pip install . pyinstaller": INDEX},
    "docs/operate/console-isolated.md": {"muster ": GUIDES},
    "docs/operate/console-online.md": {"muster ": GUIDES},
    "docs/operate/console-volume.md": {"muster ": GUIDES},
    "docs/operate/diagnose.md": {"muster client diagnose [": SYNOPSIS, "ok   ": PRINTED, "{": PRINTED},
    "docs/operate/dns.md": {
        "_muster._tcp.corp.example. 3600 IN SRV": DNS,
        "include ": DNS,
        "[dns]": DNS,
        "Add-DnsServerResourceRecord": WINDOWS,
    },
    "docs/operate/firewalls.md": {"nft add rule": SYSTEM, "nc -vz": "netcat is no part of ours"},
    "docs/operate/host.md": {"muster host setup": "tests/programs/test_host_guide.py"},
    "docs/operate/images.md": {"podman run": NO_ENGINE},
    "docs/operate/install.md": {
        "apt-get install python3-venv": SYSTEM,
        "runuser ": SYSTEM,
        "make dist": INDEX,
        "make bundle": INDEX,
        "make deb": NO_ENGINE,
        "docker compose": NO_ENGINE,
    },
    "docs/operate/settings.md": {"host.toml:3: retri": PRINTED, "no mistakes in": PRINTED},
    "docs/operate/vendor-service.md": {
        "muster vendor init": README,
        "muster client install": README,
        "database = ": SETTINGS,
        "activate.acme.example {": PROXIES,
        "location = /metrics": PROXIES,
    },
}

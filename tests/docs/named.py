"""Blocks that no reader follows, and lines that one leaves out: where else they are run, or why they cannot be run here.

A page, how the first line of the block begins, or the line, and the reason. A test is named by its path: it must name the
page. Whatever stands in no page any more must leave this table, too; test_followed.py sees to both.
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
LIBRARY = "what the tests in tests/interop do, into a folder of their own"
WINDOWS = "Windows is not at hand"
SETTINGS = "tests/docs/test_commands.py"
"""A settings file, which every program of ours would understand: looked at there, on every page."""

LDAP = "tests/contracts/test_machine_search.py asks real directories"
README, GUIDES = "tests/programs/test_readme.py", "tests/programs/test_console_guides.py"
DNS, PROXIES = "tests/docs/test_dns_page.py", "tests/worlds/proxies.py"
PROMETHEUS = "tests/docs/test_monitoring_by_prometheus.py"
ROOT_KEYS = "tests/docs/test_root_keys_page.py"
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
    "docs/operate/client.md": {
        "# Ansible": "Ansible is none of the parts that tests install; the page says what of it is tested",
        "# Detection rule": WINDOWS,
        "# ~/.ssh/authorized_keys": "a line of a file; tests/worlds/ssh_machines.py has servers with the same forced command",
    },
    "docs/operate/console-isolated.md": {"muster ": GUIDES},
    "docs/operate/console-online.md": {"muster ": GUIDES},
    "docs/operate/console-volume.md": {"muster ": GUIDES},
    "docs/operate/console.md": {
        "store = ": SETTINGS,
        "muster console directory activate": "tests/programs/test_console_directory.py",
        "[directory]": SETTINGS,
        "[openid]": SETTINGS,
    },
    "docs/operate/diagnose.md": {"muster client diagnose [": SYNOPSIS, "ok   ": PRINTED, "{": PRINTED},
    "docs/operate/dns.md": {
        "_muster._tcp.corp.example. 3600 IN SRV": DNS,
        "include ": DNS,
        "[dns]": DNS,
        "Add-DnsServerResourceRecord": WINDOWS,
    },
    "docs/operate/firewalls.md": {"nft add rule": SYSTEM},
    "docs/operate/host.md": {"muster host setup": "tests/programs/test_host_guide.py"},
    "docs/operate/images.md": {"podman run": NO_ENGINE},
    "docs/operate/install.md": {
        "apt-get install python3-venv": SYSTEM,
        "runuser ": SYSTEM,
        "make dist": INDEX,
        "make deb": NO_ENGINE,
        "docker compose": NO_ENGINE,
    },
    "docs/operate/settings.md": {"host.toml:3: retri": PRINTED, "no mistakes in": PRINTED},
    "docs/operate/monitoring.md": {"rule_files": PROMETHEUS},
    "docs/vendor/rotate-keys.md": {
        "muster vendor keyset new-root": ROOT_KEYS,
        "muster vendor keyset rotate-root": ROOT_KEYS,
    },
    "interop/c/README.md": {"make": LIBRARY},
    "docs/operate/vendor-service.md": {
        "muster vendor init": README,
        "muster client install": README,
        "database = ": SETTINGS,
        "activate.acme.example {": PROXIES,
        "location = /metrics": PROXIES,
    },
}

LINES: Mapping[str, Mapping[str, str]] = {
    "docs/operate/console.md": {
        'muster console discover --ldap corp.example --name "pc-*" --ou ou=Lab,dc=corp,dc=example': LDAP,
        'muster console discover --ldap ldaps://dc1.corp.example --filter "(operatingSystem=*Linux*)"': LDAP,
    },
    "docs/operate/firewalls.md": {"nc -vz kms1.corp.example 1688": "netcat is none of the parts that tests install"},
    "docs/operate/install.md": {"make bundle KEY=release-key": INDEX},
    "docs/operate/simulate.md": {
        "muster simulate": "ten seconds for a year; the next line is the same for less",
        "muster simulate examples/scenarios/office.toml": "ten seconds for a year; the page's own scenario is the same for less",
    },
}

"""What the machines of Globex Corporation answer: three rooms, two hosts, one copied image, and a laboratory without network."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from muster.console.ports import Carrier, Machine
from tests.worlds.carried_machines import CarriedMachines, silent
from tests.worlds.mak_machines import MakMachines

DESIGN, SIMULATION, LAB = 26, 12, 5
DOMAIN = "corp.example"
HOSTS = (f"kms1.{DOMAIN}:1688", f"kms2.{DOMAIN}:1688")
SILENT = ("design-09", "sim-11")
"""Switched off whenever they are asked."""
NEW = ("design-24", "design-25", "design-26")
"""Rolled out this morning from an image whose client id was not renewed."""
BELOW = ("sim-08", "sim-12")
"""Never found a host in time."""
LEASE = 180
SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835
IMAGE = "5f0c1be27d3a4e8896b2cf41a7d0e358"
"""The client id that one image was rolled out with."""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"


class Fleet:
    """A `Carrier`: the laboratory takes multiple activation keys, the others answer what is on them."""

    def __init__(self, laboratory: MakMachines) -> None:
        self.laboratory = laboratory
        self.rooms = CarriedMachines()

    async def ask(self, machine: Machine, pinned: str, request: bytes) -> tuple[bytes, str]:
        """See `Carrier`."""
        carrier: Carrier = self.laboratory if machine.target.group == "lab" else self.rooms
        return await carrier.ask(machine, pinned, request)

    def answer(self, now: datetime) -> None:
        """Let the rooms answer as machines do at this time."""
        for number, name in enumerate(names(), 1):
            self.rooms.keys[name] = KEY + base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()[:43]
            self.rooms.answers[name] = (
                silent() if name in SILENT else json.dumps({"editions": _editions(name, number, now)}).encode()
            )


def names() -> list[str]:
    """Of all machines with a network."""
    return [f"design-{n:02}" for n in range(1, DESIGN + 1)] + [f"sim-{n:02}" for n in range(1, SIMULATION + 1)]


def inventory() -> str:
    """All machines as a table that the console reads."""
    rows = [f"{n},{n}.{DOMAIN},{'design' if n.startswith('d') else 'simulation'}" for n in names()]
    rows += [f"spare-{n:02},spare-{n:02}.{DOMAIN}," for n in (1, 2)]
    rows += [f"lab-{n},10.77.0.{n},lab" for n in range(1, LAB + 1)]
    return "\n".join(["name,address,group", *rows]) + "\n"


def _editions(name: str, number: int, now: datetime) -> list[dict[str, Any]]:
    client = _edition("acme-cad-pro", name, number, now)
    if name in BELOW:
        error = {"code": "COUNT_BELOW_THRESHOLD", "message": "the host counts 4 machines, 5 are needed", "hint": ""}
        server = _edition("acme-cad-server", name, number, now)
        return [server | {"state": "NOTIFICATION", "expires_at": None, "count": 4, "last_error": error}]
    if name.startswith("sim"):
        return [_edition("acme-cad-server", name, number, now)]
    if name in NEW:
        grace = {"state": "INITIAL_GRACE", "method": None, "expires_at": None, "host": None, "count": None}
        ends = _told(now + timedelta(days=29, hours=5))
        return [client | grace | {"grace_ends_at": ends, "client_id": IMAGE}]
    if name in {"design-05", "design-17"}:
        soon = now + timedelta(days=6 + number % 9)
        return [
            client
            | {"state": "RENEWAL_GRACE", "expires_at": _told(now - timedelta(days=2)), "grace_ends_at": _told(soon)}
        ]
    return [client]


def _edition(edition: str, name: str, number: int, now: datetime) -> dict[str, Any]:
    is_server = edition.endswith("server")
    days = 20 + number * 3 if number % 6 == 1 else LEASE - number % 7  # renewed each week, but for those who were away
    kept = {"product": "Acme CAD", "method": "host", "permanent": False, "organisation": 2, "key_kind": "generic"}
    own = {
        "edition": edition,
        "state": "LICENSED",
        "expires_at": _told(now + timedelta(days=days, minutes=number * 13)),
        "grace_ends_at": None,
        "count": 11 if is_server else 31 + number % 3,
        "threshold": 5 if is_server else 25,
        "host": HOSTS[1 if is_server else number % 2],
        "client_id": f"{number * SPREAD % 2**128:032x}",
        "partial_key": "Q7RMD" if is_server else "H4XTW",
        "binding": "weak" if name == "sim-03" else "hardware",
    }
    return kept | own | {"features": ["render"], "last_error": None}


def _told(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

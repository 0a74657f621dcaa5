"""An inventory of any size, made from its number of machines alone: every state, hosts with counts, shared client ids."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from muster.console.adapters import tables as t

PRO, SERVER = "acme-cad-pro", "acme-cad-server"
STATES = ("LICENSED",) * 7 + ("INITIAL_GRACE", "RENEWAL_GRACE", "NOTIFICATION")
BATCH = 5_000


def fill(connection: sa.Connection, number: int, now: datetime) -> None:
    """Machines ``pc-000000`` …: each tenth was never spoken with, each seventh has a server edition beside."""
    for start in range(0, number, BATCH):
        numbers = range(start, min(start + BATCH, number))
        connection.execute(sa.insert(t.machine), [_machine(n, now) for n in numbers])
        made = sa.select(t.machine.c.name_key, t.machine.c.id).where(t.machine.c.name_key >= f"pc-{start:06}")
        ids = {row.name_key: row.id for row in connection.execute(made)}
        spoken = [n for n in numbers if n % 10]
        rows = [_edition(n, ids[f"pc-{n:06}"], PRO, now) for n in spoken]
        rows += [_edition(n, ids[f"pc-{n:06}"], SERVER, now) for n in spoken if n % 7 == 0]
        connection.execute(sa.insert(t.edition), rows)


def _machine(n: int, now: datetime) -> dict[str, object]:
    spoken = n % 10 != 0
    is_good = spoken and n % 13 != 0
    told = "DONE" if is_good else "MACHINE_UNREACHABLE" if spoken else ""
    where = {"name": f"PC-{n:06}", "name_key": f"pc-{n:06}", "address": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"}
    last = {"action": "status" if spoken else "", "result": told, "result_text": "" if is_good else told.lower()}
    contact = now - timedelta(hours=n % 1_500) if spoken else None
    rest = {"port": 22, "user": "", "jump": "", "group": f"lab-{n % 20:02}", "source": "list", "ssh_key": ""}
    return where | last | rest | {"added_at": now, "contact_at": contact}


def _edition(n: int, machine: int, edition: str, now: datetime) -> dict[str, object]:
    state = STATES[n % len(STATES)]
    is_permanent = n % 11 == 0 and state == "LICENSED"
    expires = None if is_permanent or state == "NOTIFICATION" else now + timedelta(days=n % 180, minutes=n % 1_000)
    told = {"product": "Acme CAD", "edition": edition, "state": state, "method": "mak" if is_permanent else "host"}
    by_host = not is_permanent
    count = {"count": n % 60 if by_host else None, "threshold": 25 if by_host else None}
    host = {"host": f"kms{n % 3 + 1}.corp.example:1688" if by_host else "", "organisation": 7}
    client = f"{(n - n % 1_000 if n % 1_000 in {2, 4} else n):032x}"
    key = {"client_id": client, "partial_key": f"ABC{n % 4}E", "key_kind": "mak" if is_permanent else "client"}
    rest = {
        "binding": "hardware",
        "error": "COUNT_BELOW_THRESHOLD" if state == "NOTIFICATION" else "",
        "error_text": "",
    }
    ends = {"permanent": is_permanent, "expires_at": expires, "grace_ends_at": None}
    return {"machine_id": machine} | told | count | host | key | rest | ends

"""A vendor after years of business: as many customers, keys, machines, hosts and audit rows as a test asks for."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import sqlalchemy as sa

from muster.vendor.adapters import tables as t
from muster.vendor.core.ledger import is_low
from tests.worlds.vendor_world import Acme

AT_ONCE = 10_000
MACHINES_PER_KEY = 20
DAYS = 90


def crowd(acme: Acme, keys: int) -> None:
    """Adds that many keys, a customer for ten of them, twenty machines each for one in twenty, an audit row for each."""
    now = acme.clock.now()
    customers = [
        {"id": 1000 + n, "name": f"Customer {n:05}", "is_blocked": n % 50 == 0, "created_at": now}
        for n in range(keys // 10)
    ]
    issued = [
        {
            "id": 10_000 + n,
            "kind": 1 if n % 5 == 0 else 2,
            "scope": 1 if n % 5 == 0 else 1001,
            "scope_name": "acme-cad" if n % 5 == 0 else "acme-cad-pro",
            "organisation_id": 1000 + n // 10,
            "partial": f"{n:05X}"[-5:],
            "lookup": n.to_bytes(32, "big"),
            "reference": n.to_bytes(8, "big"),
            "secret": b"",
            "level": 255,
            "hosts": 6,
            "reactivations": 9,
            "activations": 0 if n % 5 == 0 else 500,
            "used": 0 if n % 5 == 0 else n % 501,
            "reactivated": 0,
            "days": 0,
            "seats": 0,
            "until_day": 0,
            "covers_until_day": 0,
            "is_blocked": n % 40 == 0,
            "created_at": now - timedelta(days=n % 900),
        }
        for n in range(keys)
    ]
    machines = [
        {
            "key_id": 10_000 + 1 + n // MACHINES_PER_KEY,
            "installation": n.to_bytes(24, "big"),
            **dict.fromkeys(("part_0", "part_1", "part_2", "part_3"), n % 65_536),
            "end_day": 0,
            "cost": "activation",
            "created_at": now - timedelta(days=(n * n // 7) % DAYS, hours=n % 24),
        }
        for n in range(keys)
    ]
    audit = [
        {"at": now, "actor_id": 1, "action": "key.issued", "subject": str(10_000 + n), "details": "{}"}
        for n in range(keys)
    ]

    today = now.date()
    given = Counter(row["created_at"].date() for row in machines)  # type: ignore[attr-defined]
    tallies = [
        {"noun": "organisation", "day": today, "number": len(customers)},
        *({"noun": "machine", "day": when, "number": number} for when, number in given.items()),
    ]
    low = [{"key_id": row["id"], "at": now} for row in issued if is_low(row["activations"], row["used"])]  # type: ignore[arg-type]

    def fill(connection: sa.Connection) -> None:
        for table, rows in (
            (t.organisation, customers),
            (t.product_key, issued),
            (t.machine, machines),
            (t.audit, audit),
            (t.tally, tallies),
            (t.low_pool, low),
        ):
            for start in range(0, len(rows), AT_ONCE):
                connection.execute(sa.insert(table), rows[start : start + AT_ONCE])

    acme.vendor.store._database.run(fill)  # type: ignore[attr-defined]

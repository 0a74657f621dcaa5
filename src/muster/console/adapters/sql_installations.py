"""`InstallationBooks` inside one transaction of SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from muster.console.adapters import tables as t
from muster.console.adapters.batches import batched
from muster.console.adapters.moments import utc, utc_or_none
from muster.console.core.installations import Installation
from muster.console.core.verdict import Verdict

DATABASE = "database"
MAX_TEXT = 400


class SqlInstallationBooks:
    """See `InstallationBooks`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._do = connection.execute

    def database(self, fresh: bytes) -> bytes:
        """See `InstallationBooks`."""
        known = self._do(sa.select(t.identity.c.value).where(t.identity.c.name == DATABASE)).scalar()
        if known is None:
            self._do(sa.insert(t.identity).values(name=DATABASE, value=fresh.hex()))
            return fresh
        return bytes.fromhex(known)

    def keep_installation(self, installation: Installation) -> None:
        """See `InstallationBooks`."""
        packed = installation.packed.hex()
        if self._do(sa.select(t.installation.c.id).where(t.installation.c.id == packed)).first() is not None:
            return
        values = {"id": packed, "vendor_id": installation.vendor_id.hex(), "reference": installation.reference.hex()}
        told = {"edition": installation.edition, "name": installation.name, "collected_at": installation.collected_at}
        self._do(sa.insert(t.installation).values(values | told | {"code": "", "text": ""}))

    def link(self, machine: int, installation: Installation) -> None:
        """See `InstallationBooks`."""
        links = t.machine_installation
        self._do(sa.delete(links).where(links.c.machine_id == machine, links.c.edition == installation.edition))
        # The machine may have been removed while it was asked.
        if self._do(sa.select(t.machine.c.id).where(t.machine.c.id == machine)).first() is not None:
            values = {"machine_id": machine, "edition": installation.edition}
            self._do(sa.insert(links).values(values | {"installation_id": installation.packed.hex()}))

    def installations(self, packed: Sequence[bytes]) -> list[Installation]:
        """See `InstallationBooks`."""
        found: list[Installation] = []
        for some in batched(each.hex() for each in packed):
            rows = self._do(sa.select(t.installation).where(t.installation.c.id.in_(some))).mappings()
            found += map(_installation, rows)
        return found

    def confirmed(self, vendor_id: bytes, reference: bytes) -> list[Installation]:
        """See `InstallationBooks`."""
        of_key = (t.installation.c.vendor_id == vendor_id.hex()) & (t.installation.c.reference == reference.hex())
        query = sa.select(t.installation).where(of_key & t.installation.c.confirmation.is_not(None))
        return [_installation(row) for row in self._do(query.order_by(t.installation.c.answered_at.desc())).mappings()]

    def linked(self, machines: Sequence[int]) -> list[tuple[int, Installation, bool]]:
        """See `InstallationBooks`."""
        links, found = t.machine_installation, list[tuple[int, Installation, bool]]()
        columns = links.c.machine_id, links.c.deposited_at, *t.installation.c
        for some in batched(machines):
            query = sa.select(*columns).select_from(links.join(t.installation)).where(links.c.machine_id.in_(some))
            rows = self._do(query.order_by(links.c.machine_id, links.c.edition)).mappings()
            found += [(row["machine_id"], _installation(row), row["deposited_at"] is not None) for row in rows]
        return found

    def note_sent(self, packed: Sequence[bytes], now: datetime) -> None:
        """See `InstallationBooks`."""
        for some in batched(each.hex() for each in packed):
            self._do(sa.update(t.installation).where(t.installation.c.id.in_(some)).values(sent_at=now))

    def note_answer(self, packed: bytes, verdict: Verdict, confirmation: bytes, now: datetime) -> None:
        """See `InstallationBooks`."""
        which = t.installation.c.id == packed.hex()
        if not confirmation:
            which &= t.installation.c.confirmation.is_(None)
        values = {"answered_at": now, "code": verdict.code, "text": verdict.text[:MAX_TEXT]}
        self._do(sa.update(t.installation).where(which).values(values | {"confirmation": confirmation or None}))

    def note_deposit(self, machine: int, edition: str, now: datetime) -> None:
        """See `InstallationBooks`."""
        links = t.machine_installation
        which = (links.c.machine_id == machine) & (links.c.edition == edition)
        self._do(sa.update(links).where(which).values(deposited_at=now))


def _installation(row: sa.RowMapping) -> Installation:
    return Installation(
        bytes.fromhex(row["id"]),
        bytes.fromhex(row["vendor_id"]),
        row["edition"],
        row["name"],
        utc(row["collected_at"]),
        utc_or_none(row["sent_at"]),
        bytes(row["confirmation"] or b""),
        row["code"],
        row["text"],
    )

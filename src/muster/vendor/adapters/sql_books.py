"""`Books` inside one transaction of SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import REGCLASS

from muster.base.entropy import Entropy
from muster.trust.hardware import INSTALLATION_WIDTH
from muster.vendor.adapters import sql_statements as s
from muster.vendor.adapters import tables as t
from muster.vendor.adapters.sql_audit import SqlAudit
from muster.vendor.adapters.sql_customers import SqlCustomers
from muster.vendor.adapters.sql_listings import SqlListings
from muster.vendor.adapters.sql_rows import KEY_COLUMNS, read_key, select_keys, utc
from muster.vendor.adapters.sql_webhooks import SqlWebhooks
from muster.vendor.core.ledger import Cost
from muster.vendor.ports import CertificateRow, KeyRow, MachineRow, Organisation
from muster.wire.certificate import CertificateClaims
from muster.wire.installation import SubjectKind


class SqlBooks(SqlAudit, SqlListings, SqlCustomers, SqlWebhooks):
    """See `Books`."""

    def __init__(self, connection: sa.Connection, entropy: Entropy) -> None:
        SqlAudit.__init__(self, connection, entropy)
        SqlListings.__init__(self, connection)
        self._can_hold = connection.dialect.name != "sqlite"  # SQLite has one writer at a time anyway

    def setting(self, name: str) -> str | None:
        """See `Books`."""
        value: str | None = self._do(sa.select(t.setting.c.value).where(t.setting.c.name == name)).scalar()
        return value

    def set_setting(self, name: str, value: str) -> None:
        """See `Books`."""
        changed = self._do(sa.update(t.setting).where(t.setting.c.name == name).values(value=value))
        if not changed.rowcount:
            self._do(sa.insert(t.setting).values(name=name, value=value))

    def grow(self, name: str) -> int:
        """See `Books`."""
        number = int(self.setting(name) or 0) + 1
        self.set_setting(name, str(number))
        return number

    def keysets(self) -> tuple[bytes, ...]:
        """See `Books`."""
        rows = self._do(sa.select(t.keyset.c.document).order_by(t.keyset.c.version))
        return tuple(bytes(row.document) for row in rows)

    def keyset_version(self) -> int:
        """See `Books`."""
        (row,) = self._quick(s.NEWEST_KEYSET, {})
        return row.version or 0

    def add_keyset(self, version: int, document: bytes) -> None:
        """See `Books`."""
        self._do(sa.insert(t.keyset).values(version=version, document=document))

    def definition(self) -> str | None:
        """See `Books`."""
        newest = sa.select(t.definition.c.text).order_by(t.definition.c.id.desc()).limit(1)
        text: str | None = self._do(newest).scalar()
        return text

    def definitions(self) -> tuple[str, ...]:
        """See `Books`."""
        return tuple(self._do(sa.select(t.definition.c.text).order_by(t.definition.c.id)).scalars())

    def add_definition(self, text: str) -> None:
        """See `Books`."""
        self._do(sa.insert(t.definition).values(text=text))

    def keys(self, organisation: Organisation | None = None) -> tuple[KeyRow, ...]:
        """See `Books`."""
        query = select_keys().order_by(t.product_key.c.id)
        if organisation is not None:
            query = query.where(t.product_key.c.organisation_id == organisation.id)
        return tuple(read_key(row) for row in self._do(query))

    def keys_by_reference(self, reference: bytes, *, hold: bool = False) -> tuple[KeyRow, ...]:
        """See `Books`."""
        query = s.HELD_KEYS if hold and self._can_hold else s.KEYS
        return tuple(read_key(row) for row in self._quick(query, {"reference": reference}))

    def keys_by_partial(self, partial: str, most: int) -> tuple[KeyRow, ...]:
        """See `Books`."""
        query = select_keys().where(t.product_key.c.partial == partial).order_by(t.product_key.c.id).limit(most)
        return tuple(read_key(row) for row in self._do(query))

    def key_by_lookup(self, lookup: bytes) -> KeyRow | None:
        """See `Books`."""
        row = self._do(select_keys().where(t.product_key.c.lookup == lookup)).first()
        return None if row is None else read_key(row)

    def key(self, key_id: int) -> KeyRow | None:
        """See `Books`."""
        row = self._do(select_keys().where(t.product_key.c.id == key_id)).first()
        return None if row is None else read_key(row)

    def add_key(self, row: KeyRow) -> KeyRow:
        """See `Books`."""
        done = self._do(sa.insert(t.product_key).values(**_key_values(row)))
        return replace(row, id=_new_id(done))

    def add_keys(self, rows: Sequence[KeyRow]) -> tuple[int, ...]:
        """See `Books`."""
        insert = sa.insert(t.product_key).returning(t.product_key.c.id, sort_by_parameter_order=True)
        return tuple(self._do(insert, [_key_values(row) for row in rows]).scalars())

    def update_key(self, row: KeyRow) -> None:
        """See `Books`."""
        self._do(sa.update(t.product_key).where(t.product_key.c.id == row.id).values(**_key_values(row)))

    def spend(self, row: KeyRow) -> None:
        """See `Books`."""
        self._quick(s.SPEND, {"number": row.id, "used": row.used, "reactivated": row.reactivated})

    def mark_low(self, key_id: int, at: datetime) -> None:
        """See `Books`."""
        self._do(s.ADD_LOW_POOL, {"key": key_id, "at": at})

    def certificates(self, key_id: int, kind: SubjectKind | None = None) -> tuple[CertificateRow, ...]:
        """See `Books`."""
        query = sa.select(t.certificate).where(t.certificate.c.key_id == key_id)
        if kind is not None:
            query = query.where(t.certificate.c.kind == int(kind))
        return tuple(_certificate(row) for row in self._do(query.order_by(t.certificate.c.serial)))

    def certificate(self, serial: int) -> CertificateRow | None:
        """See `Books`."""
        row = self._do(sa.select(t.certificate).where(t.certificate.c.serial == serial)).first()
        return None if row is None else _certificate(row)

    def add_certificate(self, row: CertificateRow) -> CertificateRow:
        """See `Books`."""
        claims = row.claims
        done = self._do(
            sa.insert(t.certificate).values(
                key_id=row.key_id,
                kind=int(row.kind),
                subject=claims.subject,
                organisation_id=claims.organisation,
                issuing_key=claims.issuing_key,
                not_before_day=claims.not_before_day,
                days=claims.days,
                scope=claims.scope,
                level=claims.level,
                released_until_day=claims.released_until_day,
                lease_until_day=claims.lease_until_day,
                cost=str(row.cost),
                replaced_by=row.replaced_by,
                is_withdrawn=row.is_withdrawn,
                created_at=row.created_at,
            )
        )
        serial = _new_id(done)
        return replace(row, serial=serial, claims=claims._replace(serial=serial))

    def skip_serials(self, number: int) -> None:
        """See `Books`."""
        newest = sa.select(sa.func.coalesce(sa.func.max(t.certificate.c.serial), 0)).scalar_subquery()
        if self._can_hold:
            name = sa.func.pg_get_serial_sequence("certificate", "serial")
            next_ = sa.func.greatest(sa.func.nextval(sa.cast(name, REGCLASS)), newest) + number
            self._do(sa.select(sa.func.setval(sa.cast(name, REGCLASS), next_)))
            return
        counter = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        own = counter.c.name == "certificate"
        if not self._do(sa.update(counter).where(own).values(seq=counter.c.seq + number)).rowcount:
            self._do(sa.insert(counter).values(name="certificate", seq=newest + number))

    def replace_certificate(self, serial: int, by: int) -> None:
        """See `Books`."""
        self._do(sa.update(t.certificate).where(t.certificate.c.serial == serial).values(replaced_by=by))

    def withdraw_certificate(self, serial: int) -> None:
        """See `Books`."""
        self._do(sa.update(t.certificate).where(t.certificate.c.serial == serial).values(is_withdrawn=True))

    def machines_like(self, key_id: int, installation: bytes, parts: bytes) -> tuple[MachineRow, ...]:
        """See `Books`."""
        query, values = s.machines_like(parts)
        rows = self._quick(query, {"key": key_id, "installation": installation, **values})
        return tuple(_machine(row) for row in rows)

    def machines(self, key_id: int) -> tuple[MachineRow, ...]:
        """See `Books`."""
        query = sa.select(t.machine).where(t.machine.c.key_id == key_id).order_by(t.machine.c.id)
        return tuple(_machine(row) for row in self._do(query))

    def add_machine(self, row: MachineRow) -> MachineRow:
        """See `Books`."""
        values = {
            "key_id": row.key_id,
            "installation": row.installation,
            "end_day": row.end_day,
            "cost": str(row.cost),
            "created_at": row.created_at,
            **s.part_values(row.parts),
        }
        (added,) = self._quick(s.ADD_MACHINE, values)
        return replace(row, id=added.id)


def _new_id(done: sa.CursorResult[Any]) -> int:
    key = done.inserted_primary_key
    return int(key[0]) if key else 0


def _key_values(row: KeyRow) -> dict[str, Any]:
    names = [column.name for column in KEY_COLUMNS if column.name not in {"id", "kind"}]
    return {name: getattr(row, name) for name in names} | {
        "kind": int(row.kind),
        "organisation_id": row.organisation.id,
    }


def _certificate(row: Any) -> CertificateRow:
    claims = CertificateClaims(
        row.issuing_key,
        row.serial,
        row.organisation_id,
        row.not_before_day,
        row.days,
        bytes(row.subject),
        row.scope,
        row.level,
        row.released_until_day,
        row.lease_until_day,
    )
    return CertificateRow(
        row.serial,
        row.key_id,
        SubjectKind(row.kind),
        claims,
        Cost(row.cost),
        row.replaced_by,
        row.is_withdrawn,
        utc(row.created_at),
    )


def _machine(row: Any) -> MachineRow:
    numbers = (row.part_0, row.part_1, row.part_2, row.part_3)
    parts = b"".join(number.to_bytes(INSTALLATION_WIDTH, "big") for number in numbers)
    return MachineRow(
        row.id, row.key_id, bytes(row.installation), parts, row.end_day, Cost(row.cost), utc(row.created_at)
    )

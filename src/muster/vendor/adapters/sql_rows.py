"""Rows of the vendor's tables as records."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from muster.trust.productkey import KeyKind
from muster.vendor.adapters import tables as t
from muster.vendor.ports import KeyRow, Organisation

_PLAIN = [field.name for field in fields(KeyRow) if field.name not in {"kind", "organisation", "created_at"}]
_plain_of = attrgetter(*_PLAIN)
KEY_COLUMNS = [c for c in t.product_key.c if c.name != "organisation_id"]
_ORGANISATION_COLUMNS = [c.label(f"organisation_{c.name}") for c in t.organisation.c]


def select_keys() -> sa.Select[Any]:
    """Keys with their customers, as `read_key` wants them."""
    return sa.select(*KEY_COLUMNS, *_ORGANISATION_COLUMNS).join(t.organisation)


def utc(moment: datetime) -> datetime:
    """What was kept as UTC: SQLite keeps no zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_key(row: Any) -> KeyRow:
    """A row of `select_keys`."""
    owner = Organisation(
        row.organisation_id,
        row.organisation_name,
        row.organisation_is_blocked,
        utc(row.organisation_created_at),
        row.organisation_until_day,
    )
    plain = dict(zip(_PLAIN, _plain_of(row), strict=True))
    return KeyRow(kind=KeyKind(row.kind), organisation=owner, created_at=utc(row.created_at), **plain)

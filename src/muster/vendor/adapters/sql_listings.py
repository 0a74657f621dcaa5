"""`Listings` by SQLAlchemy Core: counted and paged by the database, so that a page of 100,000 rows costs what 50 cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from muster.trust.productkey import KeyKind
from muster.vendor.adapters import tables as t
from muster.vendor.adapters.sql_audit import ABOUT, ACTOR, read_audit, select_audit
from muster.vendor.adapters.sql_lists import found, is_number, listed, where
from muster.vendor.adapters.sql_rows import read_key, select_keys, utc
from muster.vendor.core.ledger import Cost
from muster.vendor.ports import Activation, AuditRow, KeyRow, Listed, Search, Totals
from muster.wire.installation import SubjectKind

Row = TypeVar("Row")

_KEY = t.product_key.c
_NEARLY = 5, 4  # four fifths


class SqlListings:
    """See `Listings`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._do = connection.execute

    def list_keys(self, search: Search) -> Listed[KeyRow]:
        """See `Listings`."""
        query = select_keys()
        if search.text:
            words = _KEY.partial, _KEY.scope_name, t.organisation.c.name
            query = query.where(found(search.text, *words) | is_number(search.text, _KEY.id))
        if search.organisation is not None:
            query = query.where(_KEY.organisation_id == search.organisation)
        states = {
            "blocked": _KEY.is_blocked,
            "exhausted": _is_pool() & (_KEY.used >= _KEY.activations),
            "open": ~_KEY.is_blocked & ~(_is_pool() & (_KEY.used >= _KEY.activations)),
        }
        return listed(self._do, where(query, states, search), search, _KEY.id.desc(), read_key)

    def list_machines(self, search: Search) -> Listed[Activation]:
        """See `Listings`."""
        own = t.machine.c
        nothing = sa.literal(SubjectKind.MACHINE.value).label("kind"), sa.literal(None).label("replaced_by")
        columns = own.id.label("number"), own.key_id, own.cost, own.created_at, *nothing
        query = sa.select(*columns, sa.false().label("is_withdrawn"), *_BEHIND).select_from(
            t.machine.join(t.product_key).join(t.organisation)
        )
        return listed(self._do, _behind(query, search, own.key_id, own.id), search, own.id.desc(), _activation)

    def list_certificates(self, search: Search) -> Listed[Activation]:
        """See `Listings`."""
        own = t.certificate.c
        columns = own.serial.label("number"), own.key_id, own.cost, own.created_at, own.kind, own.replaced_by
        query: sa.Select[Any] = sa.select(*columns, own.is_withdrawn, *_BEHIND).select_from(
            t.certificate.join(t.product_key, own.key_id == _KEY.id).join(
                t.organisation, _KEY.organisation_id == t.organisation.c.id
            )
        )
        states = {
            "withdrawn": own.is_withdrawn,
            "replaced": own.replaced_by.is_not(None),
            "open": ~own.is_withdrawn & own.replaced_by.is_(None),
        }
        query = where(_behind(query, search, own.key_id, own.serial), states, search)
        return listed(self._do, query, search, own.serial.desc(), _activation)

    def list_audit(self, search: Search) -> Listed[AuditRow]:
        """See `Listings`."""
        own = t.audit.c
        query = select_audit()
        if search.text:
            query = query.where(found(search.text, ACTOR, ABOUT, own.action, own.subject))
        if search.key is not None:
            query = query.where(own.subject == str(search.key), own.action.startswith("key."))
        return listed(self._do, query, search, own.id.desc(), read_audit)

    def totals(self) -> Totals:
        """See `Listings`."""
        tables = t.organisation, t.product_key, t.machine, t.certificate
        return Totals(*(self._do(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables))

    def activations_per_day(self, since: datetime) -> Mapping[date, int]:
        """See `Listings`."""
        numbers: dict[date, int] = {}
        for table in (t.machine, t.certificate):
            day = sa.func.date(table.c.created_at)
            query = sa.select(day.label("day"), sa.func.count().label("number")).where(table.c.created_at >= since)
            for row in self._do(query.group_by(day)):
                key = row.day if isinstance(row.day, date) else date.fromisoformat(row.day)
                numbers[key] = numbers.get(key, 0) + row.number
        return numbers

    def nearly_exhausted(self, most: int) -> tuple[KeyRow, ...]:
        """See `Listings`."""
        whole, part = _NEARLY
        full = _KEY.used * 1.0 / _KEY.activations
        query = select_keys().where(_is_pool(), ~_KEY.is_blocked, _KEY.used * whole >= _KEY.activations * part)
        return tuple(map(read_key, self._do(query.order_by(full.desc(), _KEY.id).limit(most))))


_BEHIND = _KEY.partial, _KEY.scope_name, t.organisation.c.name.label("organisation")


def _behind(query: sa.Select[Any], search: Search, key_id: sa.Column[Any], number: sa.Column[Any]) -> sa.Select[Any]:
    if search.text:
        words = _KEY.partial, _KEY.scope_name, t.organisation.c.name
        query = query.where(found(search.text, *words) | is_number(search.text, number))
    if search.key is not None:
        query = query.where(key_id == search.key)
    if search.organisation is not None:
        query = query.where(_KEY.organisation_id == search.organisation)
    return query


def _activation(row: Any) -> Activation:
    return Activation(
        row.number,
        SubjectKind(row.kind),
        row.key_id,
        row.partial,
        row.scope_name,
        row.organisation,
        Cost(row.cost),
        utc(row.created_at),
        bool(row.is_withdrawn),
        row.replaced_by,
    )


def _is_pool() -> sa.ColumnElement[bool]:
    return sa.and_(_KEY.kind == int(KeyKind.MAK), _KEY.activations > 0)

"""`Customers` by SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from muster.base.errors import Code, Refused
from muster.vendor.adapters import tables as t
from muster.vendor.adapters.sql_lists import found, is_number, listed, where
from muster.vendor.adapters.sql_rows import utc
from muster.vendor.ports import Customer, Listed, Organisation, Reported, ReportRow, Search

_O, _K, _R, _M = t.organisation.c, t.product_key.c, t.report.c, t.reported.c
_SOLD = sa.func.coalesce(sa.func.sum(_K.seats), 0).label("number")
_STANDS = ~_K.is_blocked, _K.replaced_by.is_(None)


class SqlCustomers:
    """See `Customers`."""

    _do: Callable[..., sa.CursorResult[Any]]

    def list_organisations(self, search: Search, since_month: int = 0) -> Listed[Customer]:
        """See `Customers`. What is counted is counted for the page alone."""
        query: sa.Select[Any] = sa.select(t.organisation)
        if search.text:
            query = query.where(found(search.text, _O.name) | is_number(search.text, _O.id))
        if search.organisation is not None:
            query = query.where(_O.id == search.organisation)
        query = where(query, {"blocked": _O.is_blocked, "open": ~_O.is_blocked}, search)
        page = listed(self._do, query, search, _O.name, _organisation)
        ids = [row.id for row in page.rows]
        keys = self._by_customer(
            sa.select(_K.organisation_id, sa.func.count().label("number")), _K.organisation_id, ids
        )
        seats = self._by_customer(sa.select(_K.organisation_id, _SOLD).where(*_STANDS), _K.organisation_id, ids)
        most = self._most(ids, since_month)
        rows = (Customer(o, keys.get(o.id, 0), seats.get(o.id, 0), *most.get(o.id, (0, None))) for o in page.rows)
        return Listed(tuple(rows), page.total, page.is_more, page.is_counted)

    def organisations(self) -> tuple[Organisation, ...]:
        """See `Customers`."""
        return tuple(map(_organisation, self._do(sa.select(t.organisation).order_by(_O.name))))

    def organisation_named(self, name: str) -> Organisation | None:
        """See `Customers`."""
        row = self._do(sa.select(t.organisation).where(_O.name == name)).first()
        return None if row is None else _organisation(row)

    def add_organisation(self, name: str, at: datetime) -> Organisation:
        """See `Customers`."""
        if self._do(sa.select(_O.id).where(_O.name == name)).first():
            raise Refused(Code.ALREADY_SET_UP, f"there is an organisation {name!r} already", "Use it as it is.")
        values = {"name": name, "is_blocked": False, "created_at": at, "until_day": 0}
        number = self._do(sa.insert(t.organisation).values(values).returning(_O.id)).scalar_one()
        return Organisation(number, name, is_blocked=False, created_at=at)

    def block_organisation(self, organisation: Organisation, *, blocked: bool) -> None:
        """See `Customers`."""
        self._do(sa.update(t.organisation).where(_O.id == organisation.id).values(is_blocked=blocked))

    def end_organisation(self, organisation: Organisation, until_day: int) -> None:
        """See `Customers`."""
        self._do(sa.update(t.organisation).where(_O.id == organisation.id).values(until_day=until_day))

    def add_report(self, row: ReportRow) -> bool:
        """See `Customers`."""
        if self._do(sa.select(_R.id).where(_R.digest == row.digest)).first():
            return False
        self._do(
            sa.insert(t.report).values(
                organisation_id=row.organisation,
                serial=row.serial,
                digest=row.digest,
                signed=row.signed,
                machines=row.machines,
                first_month=row.first_month,
                last_month=row.last_month,
                made_at=row.made_at,
            )
        )
        return True

    def reports_about(self, organisation: int, first_month: int, last_month: int) -> Sequence[bytes]:
        """See `Customers`."""
        query = sa.select(_R.machines).where(
            _R.organisation_id == organisation, _R.last_month >= first_month, _R.first_month <= last_month
        )
        return [bytes(machines) for machines in self._do(query).scalars()]

    def set_reported(self, organisation: int, months: range, counts: Mapping[tuple[int, int], int]) -> None:
        """See `Customers`."""
        within = _M.month >= months.start, _M.month < months.stop
        self._do(sa.delete(t.reported).where(_M.organisation_id == organisation, *within))
        rows = [
            {"organisation_id": organisation, "edition": edition, "month": month, "machines": machines}
            for (edition, month), machines in counts.items()
        ]
        if rows:
            self._do(sa.insert(t.reported), rows)

    def reported(self, organisation: int, since_month: int) -> tuple[Reported, ...]:
        """See `Customers`."""
        query = sa.select(t.reported).where(_M.organisation_id == organisation, _M.month >= since_month)
        rows = self._do(query.order_by(_M.month.desc(), _M.edition))
        return tuple(Reported(row.edition, row.month, row.machines) for row in rows)

    def seats(self, organisation: int) -> Mapping[str, int]:
        """See `Customers`."""
        query = sa.select(_K.scope_name, _SOLD).where(_K.organisation_id == organisation, *_STANDS)
        rows = self._do(query.group_by(_K.scope_name).order_by(_K.scope_name))
        return {row.scope_name: int(row.number) for row in rows}

    def _by_customer(self, query: sa.Select[Any], column: sa.Column[Any], ids: Sequence[int]) -> dict[int, int]:
        rows = self._do(query.where(column.in_(ids)).group_by(column))
        return {row.organisation_id: int(row.number) for row in rows}

    def _most(self, ids: Sequence[int], since_month: int) -> dict[int, tuple[int, int | None]]:
        """The most machines of one month, and which month that was; the newest of several."""
        total = sa.func.sum(_M.machines).label("number")
        query = sa.select(_M.organisation_id, _M.month, total).where(
            _M.organisation_id.in_(ids), _M.month >= since_month
        )
        most: dict[int, tuple[int, int | None]] = {}
        for row in self._do(query.group_by(_M.organisation_id, _M.month).order_by(_M.month)):
            number, month, machines = row.organisation_id, row.month, int(row.number)
            if machines >= most.get(number, (0, None))[0]:
                most[number] = machines, month
        return most


def _organisation(row: Any) -> Organisation:
    return Organisation(row.id, row.name, bool(row.is_blocked), utc(row.created_at), row.until_day)

"""`PageBooks` inside one transaction of SQLAlchemy Core."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from muster.console.adapters import tables as t
from muster.console.adapters.batches import batched
from muster.console.adapters.conditions_sql import LINES, where
from muster.console.adapters.moments import utc, utc_or_none
from muster.console.adapters.paging_sql import edition_text, place_of
from muster.console.adapters.records import MACHINE, line_columns, machine_of, row_of
from muster.console.core.conditions import Condition
from muster.console.core.paging import Place
from muster.console.core.verdict import DONE, Verdict
from muster.console.core.views import View, decode_view, encode_view
from muster.console.ports import Double, Ending, HostSeen, KeyUse, Machine, Part, Row, Share, Silent, Task


class SqlPageBooks:
    """See `PageBooks`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._do = connection.execute
        self._is_sqlite = connection.dialect.name == "sqlite"

    def page(self, conditions: Sequence[Condition], now: datetime, place: Place) -> list[Row]:
        """See `PageBooks`."""
        beyond, order = place_of(place)
        # Narrow lines are sorted, wide ones are fetched only for the page.
        chosen = (
            sa.select(t.machine.c.id.label("machine"), edition_text.label("edition"))
            .select_from(LINES)
            .where(where(conditions, now), beyond)
            .order_by(*order)
            .limit(place.size + 1)
        )
        keys = [(row.machine, row.edition) for row in self._do(chosen)]
        wide = sa.select(*line_columns()).select_from(LINES).where(t.machine.c.id.in_({key[0] for key in keys}))
        found = {
            (row["id"], row["edition_edition"] or ""): row_of(row) for row in self._do(wide).mappings()
        } if keys else {}  # fmt: skip
        rows = [found[key] for key in keys]
        return rows[::-1] if place.before is not None else rows

    def machines(self, numbers: Sequence[int]) -> list[Machine]:
        """See `PageBooks`."""
        found = [
            machine_of(row)
            for some in batched(numbers)
            for row in self._do(sa.select(*MACHINE).where(t.machine.c.id.in_(some))).mappings()
        ]
        return sorted(found, key=lambda machine: machine.target.name.lower())

    def lines_of(self, machine: int) -> list[Row]:
        """See `PageBooks`."""
        query = sa.select(*line_columns()).select_from(LINES).where(t.machine.c.id == machine)
        return [row_of(row) for row in self._do(query.order_by(t.edition.c.edition)).mappings()]

    def history(self, machine: int, limit: int) -> list[Part]:
        """See `PageBooks`."""
        query = _PARTS.where(t.task_machine.c.machine_id == machine).order_by(t.task.c.id.desc()).limit(limit)
        return [_part(row) for row in self._do(query)]

    def parts(self, task: int, after: str, limit: int, *, only_bad: bool) -> list[Part]:
        """See `PageBooks`."""
        query = _PARTS.where(t.task_machine.c.task_id == task, t.machine.c.name_key > after)
        if only_bad:
            query = query.where(t.task_machine.c.settled_at.is_not(None), t.task_machine.c.code != DONE)
        return [_part(row) for row in self._do(query.order_by(t.machine.c.name_key).limit(limit))]

    def outcomes(self, task: int) -> dict[str, int]:
        """See `PageBooks`."""
        code = t.task_machine.c.code
        query = sa.select(code, sa.func.count().label("number")).where(t.task_machine.c.task_id == task).group_by(code)
        return {row.code: row.number for row in self._do(query.order_by(sa.desc("number"), code))}

    def tasks(self, limit: int) -> list[Task]:
        """See `PageBooks`."""
        newest = sa.select(t.task).order_by(t.task.c.id.desc()).limit(limit).subquery()
        settled = sa.func.count(t.task_machine.c.settled_at)
        numbers = (sa.func.count(t.task_machine.c.machine_id) - settled).label("waiting"), settled.label("settled")
        joined = newest.outerjoin(t.task_machine, t.task_machine.c.task_id == newest.c.id)
        query = sa.select(newest, *numbers).select_from(joined).group_by(*newest.c).order_by(newest.c.id.desc())
        return [
            Task(r.id, r.kind, json.loads(r.parameters), r.actor, utc(r.started_at), r.waiting, r.settled)
            for r in self._do(query)
        ]

    def expiries(self, since: datetime, until: datetime) -> dict[date, int]:
        """See `PageBooks`."""
        at = t.edition.c.expires_at
        day = sa.func.date(at if self._is_sqlite else sa.func.timezone("UTC", at)).label("day")
        query = sa.select(day, sa.func.count().label("number")).where(at >= since, at < until).group_by(day)
        return {date.fromisoformat(str(row.day)): row.number for row in self._do(query)}

    def hosts(self) -> list[HostSeen]:
        """See `PageBooks`."""
        e = t.edition.c
        below = sa.func.sum(sa.case((e.count < e.threshold, 1), else_=0)).label("below")
        numbers = (
            sa.func.count().label("machines"),
            sa.func.max(e["count"]).label("greatest"),
            sa.func.max(e.threshold).label("threshold"),
            below,
        )
        query = sa.select(e.host, e.edition, *numbers).where(e.host != "").group_by(e.host, e.edition)
        return [
            HostSeen(r.host, r.edition, r.machines, r.greatest, r.threshold, int(r.below))
            for r in self._do(query.order_by(e.host, e.edition))
        ]

    def states(self) -> dict[str, int]:
        """See `PageBooks`."""
        state = t.edition.c.state
        query = sa.select(state, sa.func.count().label("number")).group_by(state)
        found = {str(row.state): int(row.number) for row in self._do(query)}
        nothing = ~sa.exists().where(t.edition.c.machine_id == t.machine.c.id)
        unknown = int(self._do(sa.select(sa.func.count()).select_from(t.machine).where(nothing)).scalar_one())
        return found | ({"": unknown} if unknown else {})

    def shares(self) -> list[Share]:
        """See `PageBooks`."""
        texts = [
            sa.func.coalesce(t.edition.c[name], "").label(name) for name in ("product", "edition", "state", "method")
        ]
        query = sa.select(*texts, sa.func.count().label("number")).select_from(LINES).group_by(*texts).order_by(*texts)
        return [Share(r.product, r.edition, r.state, r.method, r.number) for r in self._do(query)]

    def key_use(self) -> list[KeyUse]:
        """See `PageBooks`."""
        by = t.edition.c.partial_key, t.edition.c.key_kind, t.edition.c.edition
        query = sa.select(*by, sa.func.count().label("number")).where(by[0] != "").group_by(*by).order_by(*by)
        return [KeyUse(r.partial_key, r.key_kind, r.edition, r.number) for r in self._do(query)]

    def ending(self, until: datetime, limit: int | None) -> tuple[list[Ending], int]:
        """See `PageBooks`."""
        m, e = t.machine.c, t.edition.c
        told = e.product, e.edition, e.state, e.method, e.expires_at
        query = sa.select(m.name, *told, m.contact_at).join_from(t.edition, t.machine).where(e.expires_at < until)
        rows, number = self._some(query.order_by(e.expires_at, m.name_key, e.edition), limit)
        return [
            Ending(r.name, r.product, r.edition, r.state, r.method, utc(r.expires_at), utc_or_none(r.contact_at))
            for r in rows
        ], number

    def silent(self, since: datetime, limit: int | None) -> tuple[list[Silent], int]:
        """See `PageBooks`."""
        m = t.machine.c
        told = m.name, m.address, m.group, m.contact_at, m.action, m.result, m.result_text
        query = sa.select(*told).where(m.contact_at.is_(None) | (m.contact_at < since))
        rows, number = self._some(query.order_by(sa.nulls_last(m.contact_at), m.name_key), limit)
        return [
            Silent(r.name, r.address, r.group, utc_or_none(r.contact_at), r.action, r.result, r.result_text)
            for r in rows
        ], number

    def doubles(self, limit: int | None) -> tuple[list[Double], int]:
        """See `PageBooks`."""
        m, e = t.machine.c, t.edition.c
        # An edition beside another one on one machine has the machine's id, too.
        number = sa.func.count(e.machine_id.distinct()).label("number")
        shared = sa.select(e.client_id, number).where(e.client_id != "").group_by(e.client_id)
        many = shared.having(sa.func.count(e.machine_id.distinct()) > 1).subquery()
        told = e.client_id, many.c.number, m.name, e.edition, e.state, e.host, m.contact_at
        lines = sa.select(*told).select_from(many.join(t.edition, e.client_id == many.c.client_id).join(t.machine))
        rows, count = self._some(lines.order_by(e.client_id, m.name_key, e.edition), limit)
        return [
            Double(r.client_id, r.number, r.name, r.edition, r.state, r.host, utc_or_none(r.contact_at)) for r in rows
        ], count

    def _some(self, query: sa.Select[Any], limit: int | None) -> tuple[Sequence[Any], int]:
        """The first rows of a list and how many there are; they are counted only where there may be more."""
        rows = self._do(query.limit(limit)).all()
        if limit is None or len(rows) < limit:
            return rows, len(rows)
        every = query.order_by(None).subquery()
        return rows, int(self._do(sa.select(sa.func.count()).select_from(every)).scalar_one())

    def views(self) -> list[View]:
        """See `PageBooks`."""
        rows = self._do(sa.select(t.saved_view).order_by(t.saved_view.c.name))
        return [decode_view(r.name, r.text, r.owner, utc(r.saved_at)) for r in rows]

    def keep_view(self, view: View) -> None:
        """See `PageBooks`."""
        self.remove_view(view.name)
        values = {"name": view.name, "text": encode_view(view), "owner": view.owner, "saved_at": view.saved_at}
        self._do(sa.insert(t.saved_view).values(values))

    def remove_view(self, name: str) -> None:
        """See `PageBooks`."""
        self._do(sa.delete(t.saved_view).where(t.saved_view.c.name == name))


_PARTS = sa.select(
    *t.task.c,
    t.machine.c.id.label("machine"),
    t.machine.c.name,
    *(t.task_machine.c.code, t.task_machine.c.text, t.task_machine.c.settled_at),
).select_from(t.task_machine.join(t.task).join(t.machine))


def _part(row: Any) -> Part:
    is_settled = row.settled_at is not None
    task = Task(row.id, row.kind, json.loads(row.parameters), row.actor, utc(row.started_at), 0, 0)
    verdict = Verdict(row.code, row.text) if is_settled else None
    return Part(task, row.machine, row.name, verdict, utc_or_none(row.settled_at))

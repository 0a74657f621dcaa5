"""`Books` inside one transaction of SQLAlchemy Core, and the `Store` around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from muster.console.adapters import tables as t
from muster.console.adapters.batches import batched
from muster.console.adapters.conditions_sql import COLUMNS, LINES, order, where
from muster.console.adapters.moments import utc
from muster.console.adapters.records import MACHINE, line_columns, machine_of, row_of
from muster.console.adapters.sql_installations import SqlInstallationBooks
from muster.console.adapters.sql_keys import SqlKeyBooks
from muster.console.adapters.sql_pages import SqlPageBooks
from muster.console.core.answer import EditionSeen
from muster.console.core.conditions import Condition
from muster.console.core.targets import Target
from muster.console.core.verdict import Verdict
from muster.console.ports import AuditRow, Books, Machine, Row, Task
from muster.platform.sql import Database

MIGRATIONS = Path(__file__).parent / "migrations"
MAX_RESULT_TEXT = 400

Result = TypeVar("Result")


class SqlStore:
    """The console's books in the database of a URL."""

    def __init__(self, url: str | sa.URL) -> None:
        self._database = Database(url, MIGRATIONS, "store in console.toml")

    def migrate(self) -> None:
        """Make the tables, or bring those of an older release up to date; all or nothing."""
        self._database.migrate()

    def run(self, work: Callable[[Books], Result]) -> Result:
        """See `Store`."""
        return self._database.run(lambda connection: work(SqlBooks(connection)))

    def close(self) -> None:
        """Let every connection go."""
        self._database.close()


class SqlBooks(SqlKeyBooks, SqlInstallationBooks, SqlPageBooks):
    """See `Books`."""

    def __init__(self, connection: sa.Connection) -> None:
        SqlPageBooks.__init__(self, connection)

    def add_machines(self, targets: Iterable[Target], source: str, now: datetime) -> int:
        """See `Books`."""
        new = 0
        for some in batched({target.name.lower(): target for target in targets}.items()):
            names = [key for key, _ in some]
            known = set(self._do(sa.select(t.machine.c.name_key).where(t.machine.c.name_key.in_(names))).scalars())
            rows = [_new_machine(key, target, source, now) for key, target in some if key not in known]
            if rows:
                self._do(sa.insert(t.machine), rows)
            new += len(rows)
        return new

    def numbers(self, names: Iterable[str]) -> dict[str, int]:
        """See `Books`."""
        key = t.machine.c.name_key
        found = (
            self._do(sa.select(key, t.machine.c.id).where(key.in_(some)))
            for some in batched({name.lower() for name in names})
        )
        return {row.name_key: row.id for rows in found for row in rows}

    def rows(
        self,
        conditions: Sequence[Condition],
        now: datetime,
        *,
        sort: str = "name",
        offset: int = 0,
        limit: int | None = None,
    ) -> list[Row]:
        """See `Books`."""
        query = sa.select(*line_columns()).select_from(LINES).where(where(conditions, now)).order_by(*order(sort))
        return [row_of(row) for row in self._do(query.offset(offset).limit(limit)).mappings()]

    def count_rows(self, conditions: Sequence[Condition], now: datetime) -> int:
        """See `Books`."""
        lines = LINES if conditions else t.machine.outerjoin(t.edition)
        return int(self._do(sa.select(sa.func.count()).select_from(lines).where(where(conditions, now))).scalar_one())

    def tally(self, field: str, conditions: Sequence[Condition], now: datetime) -> dict[str, int]:
        """See `Books`."""
        value = sa.func.coalesce(COLUMNS[field], "").label("value")
        query = sa.select(value, sa.func.count().label("number")).select_from(LINES)
        found = self._do(query.where(where(conditions, now)).group_by(value).order_by(sa.desc("number"), value))
        return {str(row.value): int(row.number) for row in found}

    def selected(self, conditions: Sequence[Condition], now: datetime) -> list[Machine]:
        """See `Books`."""
        fitting = sa.select(t.machine.c.id).select_from(LINES).where(where(conditions, now))
        query = sa.select(*MACHINE).where(t.machine.c.id.in_(fitting)).order_by(t.machine.c.name_key)
        return [machine_of(row) for row in self._do(query).mappings()]

    def record(self, machine: int, verdict: Verdict, action: str, now: datetime, *, answered: bool) -> None:
        """See `Books`."""
        change = sa.update(t.machine).where(t.machine.c.id == machine)
        if answered:
            change = change.values(contact_at=now)
        self._do(change.values(action=action, result=verdict.code, result_text=verdict.text[:MAX_RESULT_TEXT]))

    def replace_editions(self, machine: int, editions: Sequence[EditionSeen]) -> None:
        """See `Books`."""
        self._do(sa.delete(t.edition).where(t.edition.c.machine_id == machine))
        # The machine may have been removed while it was asked.
        is_there = self._do(sa.select(t.machine.c.id).where(t.machine.c.id == machine)).first() is not None
        if editions and is_there:
            self._do(sa.insert(t.edition), [{"machine_id": machine, **asdict(seen)} for seen in editions])

    def remove(self, machines: Sequence[int]) -> int:
        """See `Books`."""
        return sum(
            self._do(sa.delete(t.machine).where(t.machine.c.id.in_(some))).rowcount for some in batched(machines)
        )

    def ssh_key(self, machine: int) -> str:
        """See `Books`."""
        return str(self._do(sa.select(t.machine.c.ssh_key).where(t.machine.c.id == machine)).scalar() or "")

    def pin_ssh_key(self, machine: int, key: str) -> None:
        """See `Books`."""
        self._do(sa.update(t.machine).where(t.machine.c.id == machine).values(ssh_key=key))

    def begin(
        self, kind: str, parameters: Mapping[str, Any], actor: str, machines: Sequence[int], now: datetime
    ) -> int:
        """See `Books`."""
        values = {"kind": kind, "parameters": json.dumps(parameters), "actor": actor, "started_at": now}
        found: int = self._do(sa.insert(t.task).values(values).returning(t.task.c.id)).scalar_one()
        for some in batched(machines):
            self._do(
                sa.insert(t.task_machine), [{"task_id": found, "machine_id": m, "code": "", "text": ""} for m in some]
            )
        return found

    def task(self, task: int) -> Task | None:
        """See `Books`."""
        return next(iter(self._tasks(t.task.c.id == task)), None)

    def unfinished(self) -> list[Task]:
        """See `Books`."""
        return [found for found in self._tasks(sa.true()) if found.waiting]

    def _tasks(self, which: sa.ColumnElement[bool]) -> list[Task]:
        settled = sa.func.count(t.task_machine.c.settled_at)
        numbers = (sa.func.count(t.task_machine.c.machine_id) - settled).label("waiting"), settled.label("settled")
        joined = t.task.outerjoin(t.task_machine)
        query = sa.select(t.task, *numbers).select_from(joined).where(which).group_by(t.task.c.id).order_by(t.task.c.id)
        return [
            Task(r.id, r.kind, json.loads(r.parameters), r.actor, utc(r.started_at), r.waiting, r.settled)
            for r in self._do(query)
        ]

    def waiting(self, task: int) -> list[Machine]:
        """See `Books`."""
        joined = t.machine.join(t.task_machine)
        is_waiting = (t.task_machine.c.task_id == task) & t.task_machine.c.settled_at.is_(None)
        query = sa.select(*MACHINE).select_from(joined).where(is_waiting).order_by(t.machine.c.name_key)
        return [machine_of(row) for row in self._do(query).mappings()]

    def settle(self, task: int, machine: int, verdict: Verdict, now: datetime) -> None:
        """See `Books`."""
        which = (t.task_machine.c.task_id == task) & (t.task_machine.c.machine_id == machine)
        values = {"code": verdict.code, "text": verdict.text[:MAX_RESULT_TEXT], "settled_at": now}
        self._do(sa.update(t.task_machine).where(which).values(values))

    def verdicts(self, task: int) -> list[tuple[str, Verdict]]:
        """See `Books`."""
        is_settled = (t.task_machine.c.task_id == task) & t.task_machine.c.settled_at.is_not(None)
        columns = t.machine.c.name, t.task_machine.c.code, t.task_machine.c.text
        query = sa.select(*columns).select_from(t.machine.join(t.task_machine)).where(is_settled)
        return [(r.name, Verdict(r.code, r.text)) for r in self._do(query.order_by(t.machine.c.name_key))]

    def audit(self, now: datetime, actor: str, action: str, subject: str, details: Mapping[str, Any]) -> None:
        """See `Books`."""
        values = {"at": now, "actor": actor, "action": action, "subject": subject[:200], "details": json.dumps(details)}
        self._do(sa.insert(t.audit).values(values))

    def audited(self, limit: int, offset: int = 0) -> list[AuditRow]:
        """See `Books`."""
        query = sa.select(t.audit).order_by(t.audit.c.id.desc()).limit(limit).offset(offset)
        return [AuditRow(utc(r.at), r.actor, r.action, r.subject, json.loads(r.details)) for r in self._do(query)]


def _new_machine(key: str, target: Target, source: str, now: datetime) -> dict[str, Any]:
    told = {"ssh_key": "", "action": "", "result": "", "result_text": ""}
    return {"name_key": key, "source": source, "added_at": now, "contact_at": None, **told, **asdict(target)}

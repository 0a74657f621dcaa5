"""`Audits` by SQLAlchemy Core: rows, names and remarks in tables of their own, seals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from muster.base.entropy import Entropy
from muster.trust.audit import commitment
from muster.vendor.adapters import sql_statements as s
from muster.vendor.adapters import tables as t
from muster.vendor.adapters.quick import quick_of
from muster.vendor.adapters.sql_lists import found
from muster.vendor.adapters.sql_rows import utc
from muster.vendor.core.audit import Entry, erased, join, separate
from muster.vendor.ports.audit import AuditRow, Kept, PersonKept, RemarkKept
from muster.wire.audit import SALT_BYTES, AuditRecord, Opening, SealedRecords, encode_records

SEALER = "audit sealer"
"""The setting whose row a sealer holds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
AT_ONCE = 500

_actor, _about = t.person.alias("actor"), t.person.alias("about")
_joined = (
    t.audit.outerjoin(_actor, t.audit.c.actor_id == _actor.c.id)
    .outerjoin(_about, t.audit.c.about_id == _about.c.id)
    .outerjoin(t.remark, t.audit.c.remark_id == t.remark.c.id)
)


def select_audit() -> sa.Select[Any]:
    """Audit rows with names and remarks, as `read_audit` wants them."""
    names = _actor.c.name.label("actor"), _about.c.name.label("about")
    return sa.select(t.audit, *names, t.remark.c.text.label("remark")).select_from(_joined)


def read_audit(row: Any) -> AuditRow:
    """A row of `select_audit`."""
    subject = row.subject if row.about_id is None else row.about or erased(row.about_id)
    actor = row.actor or erased(row.actor_id)
    return AuditRow(row.id, utc(row.at), actor, row.action, subject, join(row.details, row.remark), row.seal_number)


class SqlAudit:
    """See `Audits`."""

    def __init__(self, connection: sa.Connection, entropy: Entropy) -> None:
        self._connection = connection
        self._quick = quick_of(connection)
        self._entropy = entropy
        self._ask = connection.execute

    def audit(self, at: datetime, actor: str, action: str, subject: str, details: Mapping[str, object]) -> None:
        """See `Audits`."""
        entry = separate(action, subject, details)
        row = {"at": at, "actor": actor[:200], **self._written(entry)}
        if not list(self._quick(s.WRITE_AUDIT, row)):  # nobody of this name yet
            self._person(actor)
            self._quick(s.WRITE_AUDIT, row)

    def audit_all(
        self, at: datetime, actor: str, action: str, subjects: Sequence[str], details: Mapping[str, object]
    ) -> None:
        """See `Audits`."""
        actor_id = self._person(actor)
        rows = [self._written(separate(action, subject, details)) for subject in subjects]
        self._ask(sa.insert(t.audit), [{"at": at, "actor_id": actor_id, **row} for row in rows])

    def audit_rows(self, last: int) -> tuple[AuditRow, ...]:
        """See `Audits`."""
        rows = list(self._ask(select_audit().order_by(t.audit.c.id.desc()).limit(last)))
        return tuple(read_audit(row) for row in reversed(rows))

    def hold_seals(self) -> None:
        """See `Audits`."""
        self._ask(sa.select(t.setting.c.value).where(t.setting.c.name == SEALER).with_for_update()).scalar_one()

    def unsealed(self, most: int) -> tuple[AuditRecord, ...]:
        """See `Audits`."""
        query = _records().where(t.audit.c.seal_number.is_(None)).order_by(t.audit.c.id).limit(most)
        return tuple(_record(row) for row in self._ask(query))

    def count_unsealed(self) -> int:
        """See `Audits`."""
        counted = sa.select(sa.func.count()).select_from(t.audit).where(t.audit.c.seal_number.is_(None))
        return int(self._ask(counted).scalar_one())

    def newest_seal(self) -> bytes | None:
        """See `Audits`."""
        found = self._ask(sa.select(t.seal.c.signed).order_by(t.seal.c.number.desc()).limit(1)).scalar()
        return None if found is None else bytes(found)

    def add_seal(self, number: int, signed: bytes, rows: Sequence[int]) -> None:
        """See `Audits`."""
        self._ask(sa.insert(t.seal).values(number=number, signed=signed))
        if (
            self._connection.dialect.name != "sqlite"
        ):  # SQLite knows no arrays, and a name for each row has to be parsed
            self._ask(s.UNDER_SEAL, {"number": number, "rows": list(rows)})
            return
        for start in range(0, len(rows), AT_ONCE):
            own = t.audit.c.id.in_(rows[start : start + AT_ONCE])
            self._ask(sa.update(t.audit).where(own).values(seal_number=number))

    def seals(self, after: int, most: int) -> tuple[SealedRecords, ...]:
        """See `Audits`."""
        query = sa.select(t.seal).where(t.seal.c.number > after).order_by(t.seal.c.number).limit(most)
        found = {row.number: bytes(row.signed) for row in self._ask(query)}
        if not found:
            return ()
        own = t.audit.c.seal_number.between(min(found), max(found))
        records: dict[int, list[AuditRecord]] = {number: [] for number in found}
        for row in self._ask(_records().where(own).order_by(t.audit.c.id)):
            records.setdefault(row.seal_number, []).append(_record(row))
        return tuple(SealedRecords(signed, _encoded(records[number])) for number, signed in found.items())

    def erasable(self) -> Iterator[Kept]:
        """See `Audits`."""
        for table, text in ((t.person, t.person.c.name), (t.remark, t.remark.c.text)):
            for row in self._ask(sa.select(table.c.digest, table.c.salt, text.label("text"))):
                is_kept = row.salt is not None and row.text is not None
                yield Kept(bytes(row.digest), Opening(bytes(row.salt), row.text) if is_kept else None)

    def find_people(self, text: str, most: int) -> tuple[PersonKept, ...]:
        """See `Audits`."""
        query = sa.select(t.person.c.id, t.person.c.name).where(found(text, t.person.c.name))
        names = {row.id: row.name for row in self._ask(query.order_by(t.person.c.name).limit(most))}
        acted, upon = self._rows_of(t.audit.c.actor_id, names), self._rows_of(t.audit.c.about_id, names)
        return tuple(
            PersonKept(number, name, acted.get(number, 0), upon.get(number, 0)) for number, name in names.items()
        )

    def find_remarks(self, text: str, most: int) -> tuple[RemarkKept, ...]:
        """See `Audits`."""
        columns = t.audit.c.id, t.audit.c.at, t.audit.c.action, t.remark.c.text
        query = sa.select(*columns).join(t.remark, t.audit.c.remark_id == t.remark.c.id)
        # As JSON has it: what is not ASCII stands there escaped.
        looked_for = sa.or_(found(text, t.remark.c.text), found(json.dumps(text)[1:-1], t.remark.c.text))
        rows = self._ask(query.where(looked_for).order_by(t.audit.c.id.desc()).limit(most))
        return tuple(RemarkKept(row.id, utc(row.at), row.action, row.text) for row in rows)

    def person(self, name: str) -> int | None:
        """See `Audits`."""
        number: int | None = self._ask(sa.select(t.person.c.id).where(t.person.c.name == name)).scalar()
        return number

    def erase_person(self, number: int) -> str | None:
        """See `Audits`."""
        own = t.person.c.id == number
        name: str | None = self._ask(sa.select(t.person.c.name).where(own)).scalar()
        self._erase(t.person, own, name=None)
        return name

    def erase_remark(self, row: int) -> str | None:
        """See `Audits`."""
        own = t.remark.c.id == sa.select(t.audit.c.remark_id).where(t.audit.c.id == row).scalar_subquery()
        text: str | None = self._ask(sa.select(t.remark.c.text).where(own)).scalar()
        self._erase(t.remark, own, text=None)
        return text

    def _erase(self, table: sa.Table, own: sa.ColumnElement[bool], **texts: None) -> None:
        self._overwriting()
        self._ask(sa.update(table).where(own).values(salt=None, **texts))

    def _rows_of(self, column: sa.Column[Any], numbers: Iterable[int]) -> Mapping[int, int]:
        counted = sa.select(column, sa.func.count()).where(column.in_(list(numbers))).group_by(column)
        return {row[0]: row[1] for row in self._ask(counted)}

    def _overwriting(self) -> None:
        """What is erased is overwritten in the file, too; PostgreSQL does so when it vacuums."""
        if self._connection.dialect.name == "sqlite":
            self._connection.exec_driver_sql("PRAGMA secure_delete = ON")

    def _written(self, entry: Entry) -> dict[str, Any]:
        return {
            "action": entry.action,
            "subject": entry.subject,
            "details": entry.details,
            "about_id": None if entry.about is None else self._person(entry.about),
            "remark_id": None if entry.remark is None else self._remark(entry.remark),
        }

    def _person(self, name: str) -> int:
        own = sa.select(t.person.c.id).where(t.person.c.name == name[:200])
        number = self._ask(own).scalar()
        if number is None:
            opening = Opening(self._entropy.token(SALT_BYTES), name[:200])
            # Another transaction may add the same name meanwhile; the one that is there counts.
            self._ask(s.ADD_PERSON, {"name": opening.text, "salt": opening.salt, "digest": commitment(opening)})
            number = self._ask(own).scalar_one()
        return int(number)

    def _remark(self, text: str) -> int:
        opening = Opening(self._entropy.token(SALT_BYTES), text)
        values = {"text": text, "salt": opening.salt, "digest": commitment(opening)}
        return int(self._ask(sa.insert(t.remark).values(values).returning(t.remark.c.id)).scalar_one())


def _records() -> sa.Select[Any]:
    return sa.select(
        t.audit,
        _actor.c.digest.label("actor_digest"),
        _about.c.digest.label("about_digest"),
        t.remark.c.digest.label("remark_digest"),
    ).select_from(_joined)


def _record(row: Any) -> AuditRecord:
    return AuditRecord(
        row.id,
        (utc(row.at) - _EPOCH) // _MICROSECOND,
        row.action,
        row.subject,
        row.details,
        bytes(row.actor_digest),
        bytes(row.about_digest or b""),
        bytes(row.remark_digest or b""),
    )


def _encoded(records: Sequence[AuditRecord]) -> bytes:
    try:
        return encode_records(records)
    except ValueError:
        return encode_records(())

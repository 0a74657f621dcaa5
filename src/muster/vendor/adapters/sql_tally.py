"""Numbers of what there is, by day: what came under seals was counted then, what did not yet is counted when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from muster.vendor.adapters import sql_statements as s
from muster.vendor.adapters import tables as t
from muster.vendor.core.tally import COUNTED, Noun
from muster.vendor.ports import Totals

_GIVEN = Noun.MACHINE, Noun.CERTIFICATE


class SqlTally:
    """See `Listings` and `Audits`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._do = connection.execute
        self._is_sqlite = connection.dialect.name == "sqlite"

    def add_tally(self, counts: Mapping[tuple[Noun, date], int]) -> None:
        """See `Audits`."""
        rows = [{"noun": str(noun), "day": day, "number": number} for (noun, day), number in sorted(counts.items())]
        self._do(s.ADD_TALLY, rows)

    def tallied(self, noun: Noun) -> int:
        """How many there are of a noun."""
        return self._numbers()[noun]

    def totals(self) -> Totals:
        """See `Listings`."""
        numbers = self._numbers()
        return Totals(*(numbers[noun] for noun in (Noun.ORGANISATION, Noun.KEY, Noun.MACHINE, Noun.CERTIFICATE)))

    def activations_per_day(self, since: date) -> Mapping[date, int]:
        """See `Listings`."""
        days: Counter[date] = Counter()
        given = sa.select(t.tally.c.day, t.tally.c.number).where(t.tally.c.noun.in_(_GIVEN), t.tally.c.day >= since)
        for row in self._do(given):
            days[row.day] += row.number
        actions = [action for action, noun in COUNTED.items() if noun in _GIVEN]
        at = t.audit.c.at
        day = sa.func.date(at) if self._is_sqlite else sa.cast(sa.func.timezone("UTC", at), sa.Date)
        fresh = _unsealed(day.label("day")).where(t.audit.c.action.in_(actions)).group_by(day)
        for row in self._do(fresh):
            found = row.day if isinstance(row.day, date) else date.fromisoformat(row.day)
            if found >= since:
                days[found] += row.number
        return days

    def _numbers(self) -> Counter[Noun]:
        numbers: Counter[Noun] = Counter()
        sealed = sa.select(t.tally.c.noun, sa.func.sum(t.tally.c.number).label("number")).group_by(t.tally.c.noun)
        for row in self._do(sealed):
            numbers[Noun(row.noun)] += int(row.number)
        for row in self._do(_unsealed(t.audit.c.action).group_by(t.audit.c.action)):
            numbers[Noun.ROW] += row.number
            if row.action in COUNTED:
                numbers[COUNTED[row.action]] += row.number
        return numbers


def _unsealed(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(*columns, sa.func.count().label("number")).where(t.audit.c.seal_number.is_(None))

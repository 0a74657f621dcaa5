"""Places of `muster.console.core.paging` as SQL: what comes after a line of the list, and before it.

Lines without a value of the sorted field come last, whichever way the list is turned; lines of one value stand by machine
and edition, so that a list has one order for ever.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from muster.console.adapters import tables as t
from muster.console.adapters.conditions_sql import COLUMNS
from muster.console.core.paging import Mark, Place

edition_text = sa.func.coalesce(t.edition.c.edition, "")
_BY_NAME = frozenset({"name"})


def place_of(place: Place) -> tuple[sa.ColumnElement[bool], tuple[sa.ColumnElement[Any], ...]]:
    """Which lines, and in what order; those before a mark come in the order from it on, to be turned round."""
    column, is_back = COLUMNS[place.field], place.before is not None
    falls = place.is_turned != is_back
    ties: tuple[sa.ColumnElement[Any], ...] = (
        (t.machine.c.name_key.desc(), edition_text.desc())
        if is_back
        else (t.machine.c.name_key.asc(), edition_text.asc())
    )
    if place.field in _BY_NAME:
        ties = (edition_text.desc() if is_back else edition_text.asc(),)
        order: tuple[sa.ColumnElement[Any], ...] = (column.desc() if falls else column.asc(), *ties)
    else:
        first = column.desc() if falls else column.asc()
        # NULLS LAST of the whole list is NULLS FIRST on the way back.
        order = (sa.nulls_first(first) if is_back else sa.nulls_last(first), *ties)
    mark = place.before or place.after
    return (sa.true() if mark is None else _beyond(place, mark, column)), order


def _beyond(place: Place, mark: Mark, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    is_back = place.before is not None
    here = sa.tuple_(t.machine.c.name_key, edition_text)
    there = sa.tuple_(sa.literal(mark.name), sa.literal(mark.edition))
    tie = here < there if is_back else here > there
    if place.field in _BY_NAME:
        falls = place.is_turned != is_back
        edition = mark.edition > edition_text if is_back else mark.edition < edition_text
        further = column < mark.name if falls else column > mark.name
        # The first half lets the database begin in the index.
        reached = column <= mark.name if falls else column >= mark.name
        return reached & (further | ((column == mark.name) & edition))
    if mark.value is None:
        return column.is_not(None) | tie if is_back else column.is_(None) & tie
    further = column < mark.value if place.is_turned != is_back else column > mark.value
    found = further | ((column == mark.value) & tie)
    return found if is_back else found | column.is_(None)

"""Rows of the console's tables as records of `muster.console.ports`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from muster.console.adapters import tables as t
from muster.console.adapters.moments import utc, utc_or_none
from muster.console.core.answer import EditionSeen
from muster.console.core.targets import Target
from muster.console.ports import Machine, Row

MACHINE = [c for c in t.machine.c if c.name not in {"name_key", "ssh_key"}]


def line_columns() -> list[sa.ColumnElement[Any]]:
    """What `row_of` reads, of machines and their editions."""
    return [*MACHINE, *(c.label(f"edition_{c.name}") for c in t.edition.c)]


def machine_of(row: sa.RowMapping) -> Machine:
    """A machine of the columns `MACHINE`."""
    target = Target(row["name"], row["address"], row["port"], row["user"], row["jump"], row["group"])
    last = row["action"], row["result"], row["result_text"]
    return Machine(row["id"], target, row["source"], utc(row["added_at"]), utc_or_none(row["contact_at"]), *last)


def row_of(row: sa.RowMapping) -> Row:
    """A line of the columns of `line_columns`."""
    return Row(machine_of(row), _seen(row))


def _seen(row: sa.RowMapping) -> EditionSeen | None:
    if row["edition_machine_id"] is None:
        return None
    values = {c.name: row[f"edition_{c.name}"] for c in t.edition.c if c.name != "machine_id"}
    for name in ("expires_at", "grace_ends_at"):
        values[name] = utc_or_none(values[name])
    return EditionSeen(**values)

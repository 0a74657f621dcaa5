"""The statements of an activation, built once: building one costs more than running it."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import sqlalchemy as sa

from muster.trust.hardware import INSTALLATION_WIDTH, MIN_COMPARABLE, PARTS
from muster.vendor.adapters import tables as t
from muster.vendor.adapters.sql_rows import select_keys

_PARTS = tuple(f"part_{place}" for place in range(PARTS))

NEWEST_KEYSET = sa.select(sa.func.max(t.keyset.c.version).label("version"))
KEYS = select_keys().where(t.product_key.c.reference == sa.bindparam("reference"))
HELD_KEYS = KEYS.with_for_update(of=t.product_key)
SPEND = (
    sa.update(t.product_key)
    .where(t.product_key.c.id == sa.bindparam("number"))
    .values(used=sa.bindparam("used"), reactivated=sa.bindparam("reactivated"))
)
ADD_MACHINE = sa.insert(t.machine).returning(t.machine.c.id)
WRITE_AUDIT = sa.text(
    "INSERT INTO audit (at, actor_id, action, subject, details, about_id, remark_id)"
    " SELECT :at, id, :action, :subject, :details, CAST(:about_id AS BIGINT), CAST(:remark_id AS BIGINT)"
    " FROM person WHERE name = :actor RETURNING id"
).bindparams(sa.bindparam("at", type_=t.At))  # no row comes back where nobody has this name yet
ADD_PERSON = sa.text(
    "INSERT INTO person (name, salt, digest) VALUES (:name, :salt, :digest) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("salt", type_=sa.LargeBinary), sa.bindparam("digest", type_=sa.LargeBinary))

UNDER_SEAL = sa.text("UPDATE audit SET seal_number = :number WHERE id = ANY(:rows)")
ADD_TALLY = sa.text(
    "INSERT INTO tally (noun, day, number) VALUES (:noun, :day, :number)"
    " ON CONFLICT (noun, day) DO UPDATE SET number = tally.number + excluded.number"
).bindparams(sa.bindparam("day", type_=sa.Date))
ADD_WRONG_TAGS = sa.text(
    "INSERT INTO wrong_tag (slot, reference, number) VALUES (:slot, :reference, :number)"
    " ON CONFLICT (slot, reference) DO UPDATE SET number = wrong_tag.number + excluded.number"
).bindparams(sa.bindparam("reference", type_=sa.LargeBinary))
ADD_LOW_POOL = sa.text(
    "INSERT INTO low_pool (key_id, at) VALUES (:key, :at) ON CONFLICT (key_id) DO UPDATE SET at = excluded.at"
).bindparams(sa.bindparam("at", type_=t.At))


def part_values(parts: bytes) -> dict[str, int]:
    """The parts of an installation id as numbers, by their columns; 0 for one that could not be read."""
    width = INSTALLATION_WIDTH
    return {name: int.from_bytes(parts[i * width : (i + 1) * width], "big") for i, name in enumerate(_PARTS)}


def machines_like(parts: bytes) -> tuple[sa.Select[Any], dict[str, int]]:
    """Where the same hardware may be; takes `key` and `installation` beside the values that are returned."""
    values = part_values(parts)
    return _machines_like(tuple(name for name in _PARTS if values[name])), values


@cache
def _machines_like(readable: tuple[str, ...]) -> sa.Select[Any]:
    own = t.machine.c
    alike = sa.or_(own.installation == sa.bindparam("installation"), *_alike(readable))
    return sa.select(t.machine).where(own.key_id == sa.bindparam("key"), alike).order_by(own.id)


def _alike(readable: tuple[str, ...]) -> list[sa.ColumnElement[bool]]:
    """Where the same hardware may be (`same_hardware`): one equal part, each found by its index.

    A fleet shares one platform, so that part alone is asked for only where it can decide: beside it, at most one part is
    readable on both sides. `+ 0` keeps its index, which would find the whole fleet, out of that question.
    """
    *_, last = _PARTS
    columns = {name: t.machine.c[name] for name in readable if name != last}
    equal: list[sa.ColumnElement[bool]] = [column == sa.bindparam(name) for name, column in columns.items()]
    if last not in readable:
        return equal
    platform: sa.Column[int] = t.machine.c[last]
    number: sa.BindParameter[int] = sa.bindparam(last)
    if len(columns) < MIN_COMPARABLE:
        return [*equal, platform == number]
    rest = combinations(columns.values(), len(columns) - 1)
    zero: sa.ColumnElement[int] = sa.literal_column("0")
    return equal + [sa.and_(platform + zero == number, *(column == zero for column in some)) for some in rest]

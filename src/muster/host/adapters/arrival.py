"""An arrival, packed: what the database of a host keeps of a request until it is folded into the inventory.

A group commit appends one row to `arrival`: the number of its last request, and its records behind one another. Packed by
us because nine columns a request cost five times as much (docs/decisions/0016-arrivals.md). Big-endian, fixed head, then
the peer's address as text. `muster host machines` shows them; `show_arrivals` does it for SQL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from struct import Struct
from typing import NamedTuple

from muster.host.core.answering import Row

_HEAD = Struct(">I16sIQBBQ16sB")
_OWNER = Struct(">I16s")
_SCOPE_BYTES = 4

_SHOWN = """
CREATE TEMP TABLE waiting (scope INTEGER, client_id BLOB, edition INTEGER, seq INTEGER, state INTEGER, flags INTEGER,
    seen INTEGER, parts BLOB, address TEXT);
CREATE TEMP VIEW fresh AS
    SELECT newest.*, first_seen FROM (SELECT *, max(seq) FROM waiting GROUP BY scope, client_id, edition) AS newest
    JOIN (SELECT scope, client_id, edition, min(seen) AS first_seen FROM waiting GROUP BY scope, client_id, edition)
    USING (scope, client_id, edition);
CREATE TEMP VIEW inventory AS
    SELECT scope, client_id, edition, coalesce(f.seq, m.seq) AS seq, coalesce(f.state, m.state) AS state,
        coalesce(f.flags, m.flags) AS flags, m.first_seen AS first_seen, coalesce(f.seen, m.last_seen) AS last_seen,
        coalesce(f.address, m.address) AS address, length(m.parts) / 16 AS hardware_sets
    FROM machine AS m LEFT JOIN fresh AS f USING (scope, client_id, edition)
    UNION ALL SELECT scope, client_id, edition, seq, state, flags, first_seen, seen, address, 1 FROM fresh AS f
    WHERE NOT EXISTS (SELECT 1 FROM machine AS m
        WHERE m.scope = f.scope AND m.client_id = f.client_id AND m.edition = f.edition)
"""


class Arrival(NamedTuple):
    """One request of a counted machine; `scope` is the database's number of its group. Seconds since 1970."""

    scope: int
    client_id: bytes
    edition: int
    seq: int
    state: int
    flags: int
    seen: int
    parts: bytes
    address: str


def pack(scope: int, row: Row) -> bytes:
    """The record of one row."""
    address = row.address.encode()
    head = (scope, row.client_id, row.edition, row.seq, row.state, row.flags, row.seen, row.parts, len(address))
    return _HEAD.pack(*head) + address


def owner(scope: int, client_id: bytes) -> bytes:
    """How the records of one machine in one group begin."""
    return _OWNER.pack(scope, client_id)


def split(records: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Client id and record of every arrival in a list."""
    at, end, head = 0, len(records), _HEAD.size
    while at < end:
        following = at + head + records[at + head - 1]
        yield records[at + _SCOPE_BYTES : at + _OWNER.size], records[at:following]
        at = following


def unpack(records: bytes) -> Iterator[Arrival]:
    """Every arrival of a list."""
    for _, record in split(records):
        *fields, _ = _HEAD.unpack_from(record)
        yield Arrival._make((*fields, record[_HEAD.size :].decode()))


@contextmanager
def show_arrivals(connection: sqlite3.Connection) -> Iterator[None]:
    """Meanwhile this connection has `waiting` (its arrivals, a row each) and `inventory` (these and `machine`, merged).

    All of it as of one moment. The connection must be in autocommit mode.
    """
    connection.execute("BEGIN")
    try:
        for statement in _SHOWN.split(";"):
            connection.execute(statement)
        for (records,) in connection.execute("SELECT records FROM arrival").fetchall():
            connection.executemany("INSERT INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", unpack(records))
        yield
    finally:
        connection.execute("ROLLBACK")

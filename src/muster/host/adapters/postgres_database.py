"""The database of hosts that share one count: its tables and their format, connections, and what its errors mean.

`host_machine` is the inventory, `host_scope` the groups, `host_total` the totals, `host_allowance` what prefixes used of
their new ids. The one row of `host_store` is what a turn holds: whoever has locked it counts (docs/decisions/
0026-one-count-for-several-hosts.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from muster.base.errors import Code, Misconfigured, StoreFailed

STORE_FORMAT = 1
PATIENCE_SECONDS = 5.0
"""For a connection, for a turn, and for what a host does in its turn; the server ends the turn of one that hangs."""

SETTING_UP = 1_685_024_613
"""The number of the advisory lock under which tables are made."""

_REMEDY = "Check that PostgreSQL runs and lets this host in; until then machines are told HOST_BUSY and try again."

SCHEMA = f"""
CREATE TABLE host_store (single boolean PRIMARY KEY DEFAULT true CHECK (single), format integer NOT NULL,
    next_seq bigint NOT NULL, last_seen bigint NOT NULL) WITH (fillfactor = 10);
CREATE TABLE host_scope (id integer PRIMARY KEY, vendor bytea NOT NULL, grp bigint NOT NULL, cache_size integer NOT NULL,
    floor bigint NOT NULL, UNIQUE (vendor, grp)) WITH (fillfactor = 10);
CREATE TABLE host_machine (scope integer NOT NULL, client_id bytea NOT NULL, edition bigint NOT NULL, seq bigint NOT NULL,
    state integer NOT NULL, flags integer NOT NULL, first_seen bigint NOT NULL, last_seen bigint NOT NULL,
    address text NOT NULL, parts bytea NOT NULL, PRIMARY KEY (scope, client_id, edition));
CREATE INDEX host_machine_seq ON host_machine (seq);
CREATE INDEX host_machine_last_seen ON host_machine (last_seen);
CREATE TABLE host_total (name text PRIMARY KEY, value bigint NOT NULL) WITH (fillfactor = 10);
CREATE TABLE host_allowance (prefix text PRIMARY KEY, begun bigint NOT NULL, used integer NOT NULL);
INSERT INTO host_store (format, next_seq, last_seen) VALUES ({STORE_FORMAT}, 1, 0)
"""  # noqa: S608 - a number of our own
IS_MADE = "SELECT to_regclass('host_store') IS NOT NULL"
FORMAT = "SELECT format FROM host_store"


def connect_options(address: str, patience: float) -> dict[str, Any]:
    """What every connection is opened with; `Misconfigured` for an address that cannot be read."""
    try:
        chosen = conninfo_to_dict(address)
    except psycopg.Error as error:
        # Never the address itself: a password may stand in it.
        problem = "store is no address of a PostgreSQL database"
        hint = 'Write it like store = "postgresql://muster@db.corp.example/muster".'
        raise Misconfigured(Code.SETTINGS_INVALID, problem, hint) from error
    milliseconds = round(patience * 1000)
    limits = "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"
    ours = " ".join(f"-c {name}={milliseconds}" for name in limits)
    return {
        "conninfo": address,
        "autocommit": True,
        "connect_timeout": max(2, round(patience)),
        "application_name": "muster host",
        # The driver would take text as bytes where the database has no encoding.
        "client_encoding": "UTF8",
        # A reply must not leave before its row is on disk, whatever the server is set to.
        "options": f"{chosen.get('options') or ''} {ours} -c synchronous_commit=on".strip(),
    }


def shown(address: str) -> str:
    """An address without its password."""
    try:
        chosen = conninfo_to_dict(address)
    except psycopg.Error:
        return "the database"
    return f"the database {chosen.get('dbname', '')} at {chosen.get('host', 'this machine')}"


@contextmanager
def translating(address: str) -> Iterator[None]:
    """The database's errors in our own words."""
    try:
        yield
    except (psycopg.Error, OSError, TimeoutError) as error:
        told = str(error).strip().splitlines()
        cause = told[0] if told else "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
        raise StoreFailed(Code.STORE_FAILED, f"{shown(address)}: {cause}", _REMEDY) from error


def other_format(address: str, format_: int) -> StoreFailed:
    """The tables were made by another version."""
    hint = "Bring every host to the same version."
    return StoreFailed(Code.STORE_FAILED, f"{shown(address)} was made by another version (format {format_})", hint)

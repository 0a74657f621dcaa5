"""R15: killed while it takes over a database of an older format. What is left is of the one format or the other, and whole."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from muster.host.adapters.sqlite_file import STORE_FORMAT, open_database
from muster.vendor.adapters.sql_store import MIGRATIONS
from reliability.figure import Figure, none_of
from tests.worlds.postgresql import Postgresql, postgresql

ROWS = 20_000
AUDIT_ROWS = 300
"""Each of them is moved by a statement of its own in one of the steps."""

SEED = 15
NOW = 1_800_000_000
FIRST = "0001"

_HOST = "from pathlib import Path; from muster.host.adapters.sqlite_file import open_database as work; place = Path(sys.argv[1])"
_VENDOR = """
from muster.vendor.adapters.sql_store import SqlStore
import alembic.command, muster.vendor.adapters.tables
place, work = sys.argv[1], lambda url: SqlStore(url).migrate()
"""
_FRAME = "import sys\n{}\nprint('ready', flush=True)\nsys.stdin.readline()\nwork(place)\nprint('done', flush=True)\n"

_WITHOUT_ARRIVALS = "DROP TABLE arrival; DROP INDEX machine_last_seen; PRAGMA user_version = 1"
_WITH_COLUMNS = """
DROP TABLE arrival;
CREATE TABLE arrival (scope INTEGER NOT NULL, seq INTEGER PRIMARY KEY, client_id BLOB NOT NULL, edition INTEGER NOT NULL,
    state INTEGER NOT NULL, flags INTEGER NOT NULL, seen INTEGER NOT NULL, address TEXT NOT NULL, parts BLOB NOT NULL);
CREATE VIEW fresh AS SELECT * FROM arrival;
CREATE VIEW inventory AS SELECT * FROM arrival;
INSERT INTO arrival SELECT scope, seq, client_id, edition, state, flags, last_seen, address, parts FROM machine
    WHERE seq % 2 = 0;
DELETE FROM machine WHERE seq % 2 = 0;
PRAGMA user_version = 2
"""


@dataclass(frozen=True)
class Old:
    """A database of an older format. `copy` makes one to be killed on; `tells` its format, and the rows that it holds."""

    what: str
    program: str
    before: str
    now: str
    rows: int
    copy: Callable[[int], str]
    tells: Callable[[str], tuple[str, int, str]]


def killed_in_migration(folder: Path, kills: int, *, every_kind: bool) -> list[Figure]:
    """`kills` for each kind of database, or for the newest two."""
    found = [*_kill(_host_file(folder, 2), kills), *_kill(_vendor_file(folder), kills)]
    if every_kind:
        found += _kill(_host_file(folder, 1), kills)
        with postgresql() as server:
            found += _kill(_vendor_on(server), kills)
    return found


def _kill(old: Old, kills: int) -> list[Figure]:
    chance = random.Random(SEED)
    whole = _migrate(old, old.copy(0), None)
    ends: Counter[str] = Counter()
    wrong = unfinished = 0
    for number in range(1, kills + 1):
        place = old.copy(number)
        # One in each part of the time that it takes.
        _migrate(old, place, whole * (number - chance.random()) / kills)
        format_, rows, integrity = old.tells(place)
        ends["as it was" if format_ == old.before else "taken over" if format_ == old.now else f"format {format_}"] += 1
        wrong += format_ not in {old.before, old.now} or rows != old.rows or integrity != "ok"
        _migrate(old, place, None)
        unfinished += old.tells(place) != (old.now, old.rows, "ok")
    told = ", ".join(f"{number} {what}" for what, number in sorted(ends.items()))
    return [
        # Kills that all came too late, or all before it began, would show nothing.
        Figure(f"{old.what}: kills", f"{kills}: {told}", "some as it was", ends["as it was"] > 0),
        none_of(f"{old.what}: neither the one nor the other, or not whole", wrong),
        none_of(f"{old.what}: not taken over at the next start", unfinished),
    ]


def _migrate(old: Old, place: str, kill_after: float | None) -> float:
    """Have a process of its own do it, and kill it so many seconds after it began; seconds that it took."""
    with subprocess.Popen(
        [sys.executable, "-c", _FRAME.format(old.program), place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        begun = time.monotonic()
        process.stdin.write("\n")
        process.stdin.flush()
        if kill_after is None:
            assert process.stdout.readline() == "done\n"
            return time.monotonic() - begun
        time.sleep(kill_after)
        process.kill()
        return time.monotonic() - begun


# --- hosts


def _host_file(folder: Path, format_: int) -> Old:
    original = folder / f"host{format_}.db"
    with closing(open_database(original)) as connection:
        connection.execute("INSERT INTO scope VALUES (1, ?, 1, 50, 0)", (b"acme-id-",))
        connection.execute("BEGIN")
        rows = ((n.to_bytes(16, "big"), n, NOW + n, NOW + n, bytes(16)) for n in range(1, ROWS + 1))
        connection.executemany("INSERT INTO machine VALUES (1, ?, 1001, ?, 1, 0, ?, ?, '192.0.2.1', ?)", rows)
        connection.execute("COMMIT")
        connection.executescript(_WITHOUT_ARRIVALS if format_ == 1 else _WITH_COLUMNS)

    def copy(number: int) -> str:
        return str(shutil.copy(original, folder / f"host{format_}-{number}.db"))

    def tells(place: str) -> tuple[str, int, str]:
        with closing(sqlite3.connect(place)) as connection:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            (rows,) = connection.execute("SELECT count(*) FROM machine").fetchone()
            if found == 2:
                rows += connection.execute("SELECT count(*) FROM arrival").fetchone()[0]
            (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
        return str(found), rows, str(integrity)

    what = f"counts of a host, format {format_}"
    return Old(what, _HOST, str(format_), str(STORE_FORMAT), ROWS, copy, tells)


# --- vendors


def _vendor_file(folder: Path) -> Old:
    original = folder / "vendor.db"
    _first_tables(f"sqlite:///{original}")

    def copy(number: int) -> str:
        return f"sqlite:///{shutil.copy(original, folder / f'vendor-{number}.db')}"

    def integrity(connection: sa.Connection) -> str:
        return str(connection.exec_driver_sql("PRAGMA integrity_check").scalar_one())

    return Old(
        "books of a vendor, file", _VENDOR, FIRST, _newest(), AUDIT_ROWS, copy, lambda u: _tell_books(u, integrity)
    )


def _vendor_on(server: Postgresql) -> Old:
    original = server.database("old")
    old = original.rpartition("/")[2]
    _first_tables(_driver(original))

    def copy(number: int) -> str:
        with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "killed{number}" TEMPLATE "{old}"'.encode())
        return _driver(server.address(f"killed{number}"))

    what = "books of a vendor, PostgreSQL"
    return Old(what, _VENDOR, FIRST, _newest(), AUDIT_ROWS, copy, lambda url: _tell_books(url, lambda _: "ok"))


def _driver(address: str) -> str:
    return address.replace("postgresql://", "postgresql+psycopg://")


def _newest() -> str:
    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


@contextmanager
def _opened(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _first_tables(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with _opened(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
        audit = sa.Table("audit", sa.MetaData(), autoload_with=connection)
        at = datetime.fromtimestamp(NOW, UTC)
        rows = [
            {
                "at": at,
                "actor": f"clerk {n % 7}",
                "action": "key.noted",
                "subject": str(n),
                "details": f'{{"note": "of {n}"}}',
            }
            for n in range(AUDIT_ROWS)
        ]
        connection.execute(sa.insert(audit), rows)


def _tell_books(url: str, integrity: Callable[[sa.Connection], str]) -> tuple[str, int, str]:
    with _opened(url) as connection:
        revision = str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
        rows = int(connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one())
        is_new = (
            sa.inspect(connection).has_table("webhook") or len(sa.inspect(connection).get_table_names()) > _OLD_TABLES
        )
        state = integrity(connection)
    # A revision that is told and tables of another one would be half of each.
    return revision, rows, state if is_new == (revision != FIRST) else "tables of another revision"


_OLD_TABLES = 9

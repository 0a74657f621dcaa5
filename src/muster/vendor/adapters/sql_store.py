"""`Store` on SQLite or PostgreSQL: the vendor's tables in a `muster.platform.sql.Database`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from muster.base.entropy import Entropy, SystemEntropy
from muster.platform.sql import Database
from muster.vendor.adapters.sql_books import SqlBooks
from muster.vendor.ports import Books

MIGRATIONS = Path(__file__).parent / "migrations"

Result = TypeVar("Result")


class SqlStore:
    """The books in the database of a URL. `entropy` gives the salts of what can be erased."""

    def __init__(self, url: str | sa.URL, entropy: Entropy | None = None) -> None:
        self._entropy = entropy or SystemEntropy()
        self._database = Database(url, MIGRATIONS, "database in vendor.toml")

    def migrate(self) -> None:
        """Make the tables, or bring those of an older release up to date; all or nothing."""
        self._database.migrate()

    def run(self, work: Callable[[Books], Result], *, holding: bool = False) -> Result:
        """See `Store`."""
        return self._database.run(lambda connection: work(SqlBooks(connection, self._entropy)), holding=holding)

    def close(self) -> None:
        """Let every connection go."""
        self._database.close()

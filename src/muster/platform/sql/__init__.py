"""Databases behind one door: SQLite by default, PostgreSQL by its URL; migrations, transactions that are done again.

Knows no table: programs bring their own tables and migrations.
"""

from muster.platform.sql.database import Database, sqlite_url

__all__ = ["Database", "sqlite_url"]

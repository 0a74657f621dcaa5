"""The control of R2: ``muster`` with ``synchronous = NORMAL``, which keeps a file whole and loses the last commits.

A rig that finds nothing lost here is blind. The only thing that is changed is the one setting, in a process of its own.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from muster.cli import main
from muster.host.adapters import sqlite_file, sqlite_store


def open_database(path: Path, patience: float) -> sqlite3.Connection:
    """As the host opens it, but for one setting."""
    connection = sqlite_file.open_database(path, patience)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


if __name__ == "__main__":
    sqlite_store.open_database = open_database  # type: ignore[assignment, attr-defined]
    sys.exit(main())

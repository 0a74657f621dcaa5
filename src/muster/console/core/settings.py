"""The settings of ``console.toml`` with their defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from muster.base.errors import SettingMistake
from muster.console.core.carriage import SshSettings

SQLITE = "sqlite"
SHARED = ("postgresql://", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """`store`: ``sqlite``, a file in the home, or the URL of a PostgreSQL database."""

    store: Annotated[
        str,
        "where the inventory is: sqlite, a file in the home, or a database",
        '"postgresql://muster@db.corp.example/console"',
    ] = SQLITE
    ssh: SshSettings = field(default_factory=SshSettings)

    def __post_init__(self) -> None:
        if self.store != SQLITE and not self.store.startswith(SHARED):
            # Not shown: a password may stand in it.
            remedy = 'write store = "sqlite", or "postgresql://USER@SERVER/DATABASE"'
            raise SettingMistake("store", "neither sqlite nor the address of a PostgreSQL database", remedy)

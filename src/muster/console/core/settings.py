"""The settings of ``console.toml`` with their defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass, field

from muster.console.core.carriage import SshSettings

SQLITE = "sqlite"


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """`store`: ``sqlite``, a file in the home, or the URL of a PostgreSQL database."""

    store: str = SQLITE
    ssh: SshSettings = field(default_factory=SshSettings)

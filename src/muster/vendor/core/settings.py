"""The settings of ``vendor.toml`` with their meaning, defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from muster.base.errors import SettingMistake
from muster.platform.openid.settings import OpenIdSettings

SQLITE = "sqlite"
SHARED = ("postgresql://", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True)
class VendorSettings:
    """``vendor.toml``. `database` is ``sqlite`` (a file in the home) or a URL like ``postgresql://…``.

    `webhooks_inside` lets webhooks go to addresses of the vendor's own network and of this machine.
    """

    database: Annotated[
        str,
        "where keys and activations are: sqlite, a file in the home, or a database that several nodes share",
        '"postgresql://muster@db.acme.example/muster"',
    ] = SQLITE
    webhooks_inside: Annotated[bool, "whether webhooks may go to addresses of the own network and of this machine"] = (
        False
    )
    openid: OpenIdSettings = field(default_factory=OpenIdSettings)

    def __post_init__(self) -> None:
        if self.database != SQLITE and not self.database.startswith(SHARED):
            # Not shown: a password may stand in it.
            remedy = 'write database = "sqlite", or "postgresql://USER@SERVER/DATABASE"'
            raise SettingMistake("database", "neither sqlite nor the address of a PostgreSQL database", remedy)

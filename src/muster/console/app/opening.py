"""A console opened: its settings, its inventory, SSH, the vault of its keys, and its vendors' services."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from muster.base.clock import Clock, SystemClock
from muster.base.config import load
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured, SettingMistake
from muster.console.adapters.named_files import named
from muster.console.adapters.sql_books import SqlStore
from muster.console.adapters.vault import BoxVault, is_set_up
from muster.console.core.keys import check_passphrase
from muster.console.core.settings import SQLITE, ConsoleSettings
from muster.console.ports import Vault, VendorService
from muster.console.service.acting import Console
from muster.platform.durable_file import make_folder
from muster.platform.settings_file import SettingsFile
from muster.platform.sql import sqlite_url
from muster.trust.product import Product
from muster.wire.bundle import DATABASE_BYTES

if TYPE_CHECKING:
    # Heavy, and of SSH alone: imported when it is wanted.
    from muster.console.adapters.ssh import SshCarrier

SETTINGS, DATABASE = "console.toml", "console.db"
PREFIX = "MUSTER_CONSOLE_"


def _named(chosen: ConsoleSettings, home: Path, environment: Mapping[str, str]) -> Iterator[SettingMistake]:
    from muster.console.service.access import ROLES

    return named(chosen, home, environment, ROLES)


SETTINGS_FILE = SettingsFile(ConsoleSettings, "console", PREFIX, _named)


def settings(home: Path, environment: Mapping[str, str] | None = None) -> ConsoleSettings:
    """What ``console.toml`` and the environment say; `Misconfigured` names every mistake."""
    return load(
        ConsoleSettings, home / SETTINGS, environment=os.environ if environment is None else environment, prefix=PREFIX
    )


def open_console(
    home: Path, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None, actor: str = ""
) -> Console:
    """The inventory of a home, made when there is none yet. `actor`: for the record; this process's user unless given."""
    chosen = settings(home, environment)
    make_folder(home)
    store = SqlStore(database(home, chosen))
    store.migrate()
    return Console(store, clock or SystemClock(), actor or getpass.getuser())


def database(home: Path, chosen: ConsoleSettings) -> str | URL:
    """Where the inventory is, as a database is named."""
    return sqlite_url(home / DATABASE) if chosen.store == SQLITE else chosen.store


def carrier(home: Path, *, environment: Mapping[str, str] | None = None, **changes: Any) -> SshCarrier:
    """SSH as the settings say, with `changes` for one action: other credentials, a jump host, another number at once."""
    from muster.console.adapters.ssh import SshCarrier

    chosen = settings(home, environment).ssh
    try:
        return SshCarrier(replace(chosen, **{name: value for name, value in changes.items() if value is not None}))
    except SettingMistake as error:
        raise Misconfigured(Code.USAGE, str(error), error.remedy) from error


def has_vault(home: Path) -> bool:
    """Whether a passphrase for product keys was chosen."""
    return is_set_up(home)


def make_vault(home: Path, passphrase: str) -> Vault:
    """Choose the passphrase of product keys; `Misconfigured` with PASSPHRASE_WRONG for one that is too short."""
    check_passphrase(passphrase)
    make_folder(home)
    return BoxVault.create(home, passphrase, SystemEntropy())


def open_vault(home: Path, passphrase: str) -> Vault:
    """The product keys' vault; `Misconfigured` with PASSPHRASE_WRONG, or NOT_SET_UP where none was made."""
    return BoxVault(home, passphrase, SystemEntropy())


def vendor_services(address: str = "") -> Callable[[Product], VendorService]:
    """From a product to its vendor's service: at `address`, else where the product file says; `Misconfigured`: neither."""

    def service(product: Product) -> VendorService:
        from muster.console.adapters.vendor_https import HttpsVendor

        where = address or product.claims.service
        if not where:
            problem = f"the product file of {product.claims.vendor} names no activation service"
            raise Misconfigured(
                Code.NO_SERVICE, problem, "Give --service URL, or carry a bundle: muster console export"
            )
        return HttpsVendor(where)

    return service


def fresh_database_id() -> bytes:
    """16 random bytes, for a database that has no id yet."""
    return SystemEntropy().token(DATABASE_BYTES)

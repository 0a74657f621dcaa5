"""The console put together from its real parts, for the command line and for whoever embeds it.

console = open_console(home); discover(console, targets, "list"); await refresh(console, carrier, conditions)
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from muster.base.clock import Clock, SystemClock
from muster.base.config import load
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured
from muster.console.adapters.sql_books import SqlStore
from muster.console.adapters.ssh import SshCarrier
from muster.console.adapters.vault import BoxVault, is_set_up
from muster.console.adapters.vendor_https import HttpsVendor
from muster.console.core.carriage import SshSettings
from muster.console.core.conditions import Condition, parse_conditions
from muster.console.core.keys import MAX_TEXT_CHARACTERS as MAX_KEY_TEXT
from muster.console.core.keys import KeyLine, StoredKey, read_keys
from muster.console.core.lines import COLUMNS, SHOWN, cell, instant, line
from muster.console.core.settings import SQLITE, ConsoleSettings
from muster.console.core.targets import Target, from_ansible, from_csv, from_list
from muster.console.core.verdict import Verdict
from muster.console.ports import AuditRow, Machine, Row, Task, Vault, VendorService
from muster.console.service.acting import Console, Outcome, Resolve, begin, carry_out, forget_ssh_key
from muster.console.service.importing import Collected, discover, keep_collected, read_collected
from muster.console.service.keeping import (
    Added,
    add_keys,
    find_keys,
    install_keys,
    key_rows,
    keys,
    maks,
    refresh_keys,
    remove_keys,
    unsealing,
)
from muster.console.service.products import add_product, product_row, products, remove_product, vendor_named
from muster.console.service.proxying import (
    Request,
    Taken,
    TakenRow,
    collect,
    confirm_for_others,
    confirm_online,
    deposit,
    proxy_counts,
    request_bundle,
    take_bundle,
    take_bundle_of_any,
    unconfirmed,
)
from muster.platform.durable_file import make_folder
from muster.platform.sql import sqlite_url
from muster.trust.product import Product
from muster.wire.bundle import DATABASE_BYTES

SETTINGS, DATABASE = "console.toml", "console.db"
PREFIX = "MUSTER_CONSOLE_"


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
    store = SqlStore(sqlite_url(home / DATABASE) if chosen.store == SQLITE else chosen.store)
    store.migrate()
    return Console(store, clock or SystemClock(), actor or getpass.getuser())


def carrier(home: Path, *, environment: Mapping[str, str] | None = None, **changes: Any) -> SshCarrier:
    """SSH as the settings say, with `changes` for one action: other credentials, a jump host, another number at once."""
    chosen = settings(home, environment).ssh
    try:
        return SshCarrier(replace(chosen, **{name: value for name, value in changes.items() if value is not None}))
    except ValueError as error:
        raise Misconfigured(Code.USAGE, str(error), "see --help") from error


def has_vault(home: Path) -> bool:
    """Whether a passphrase for product keys was chosen."""
    return is_set_up(home)


def make_vault(home: Path, passphrase: str) -> Vault:
    """Choose the passphrase of product keys; `Misconfigured` with PASSPHRASE_WRONG for an empty one."""
    if not passphrase:
        raise Misconfigured(Code.PASSPHRASE_WRONG, "the passphrase is empty", "choose a longer one")
    make_folder(home)
    return BoxVault.create(home, passphrase, SystemEntropy())


def open_vault(home: Path, passphrase: str) -> Vault:
    """The product keys' vault; `Misconfigured` with PASSPHRASE_WRONG, or NOT_SET_UP where none was made."""
    return BoxVault(home, passphrase, SystemEntropy())


def vendor_services(address: str = "") -> Callable[[Product], VendorService]:
    """From a product to its vendor's service: at `address`, else where the product file says; `Misconfigured`: neither."""

    def service(product: Product) -> VendorService:
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


def rows(
    console: Console, conditions: Sequence[Condition], *, sort: str = "name", offset: int = 0, limit: int | None = None
) -> list[Mapping[str, Any]]:
    """Lines of the inventory as people and scripts read them."""
    now = console.clock.now()
    found = console.store.run(lambda books: books.rows(conditions, now, sort=sort, offset=offset, limit=limit))
    return [_line(row) for row in found]


def _line(row: Row) -> Mapping[str, Any]:
    machine = row.machine
    last = machine.action, machine.result, machine.result_text
    return line(machine.target, machine.source, machine.contact_at, last, row.seen)


def tally(console: Console, field: str, conditions: Sequence[Condition]) -> dict[str, int]:
    """How many lines have each value of a text field; the most frequent first."""
    now = console.clock.now()
    return console.store.run(lambda books: books.tally(field, conditions, now))


def remove(console: Console, conditions: Sequence[Condition]) -> int:
    """Take machines out of the inventory; nothing changes on them. How many."""
    now = console.clock.now()

    def work(books: Any) -> int:
        machines = books.selected(conditions, now)
        books.audit(now, console.actor, "machines.removed", f"{len(machines)} machines", {})
        return int(books.remove([machine.id for machine in machines]))

    return console.store.run(work)


def selected(console: Console, conditions: Sequence[Condition]) -> list[Machine]:
    """The machines that fit."""
    now = console.clock.now()
    return console.store.run(lambda books: books.selected(conditions, now))


def unfinished(console: Console) -> list[Task]:
    """Actions that were stopped half-way."""
    return console.store.run(lambda books: books.unfinished())


def verdicts(console: Console, task: int) -> list[tuple[str, Verdict]]:
    """Machines and their verdicts in an action, by name."""
    return console.store.run(lambda books: books.verdicts(task))


def audited(console: Console, limit: int) -> list[AuditRow]:
    """Who did what, the newest first."""
    return console.store.run(lambda books: books.audited(limit))


__all__ = [
    "COLUMNS",
    "MAX_KEY_TEXT",
    "SHOWN",
    "Added",
    "AuditRow",
    "Collected",
    "Condition",
    "Console",
    "ConsoleSettings",
    "KeyLine",
    "Machine",
    "Outcome",
    "Product",
    "Request",
    "Resolve",
    "SshCarrier",
    "SshSettings",
    "StoredKey",
    "Taken",
    "TakenRow",
    "Target",
    "Task",
    "Vault",
    "VendorService",
    "Verdict",
    "add_keys",
    "add_product",
    "audited",
    "begin",
    "carrier",
    "carry_out",
    "cell",
    "collect",
    "confirm_for_others",
    "confirm_online",
    "deposit",
    "discover",
    "find_keys",
    "forget_ssh_key",
    "fresh_database_id",
    "from_ansible",
    "from_csv",
    "from_list",
    "has_vault",
    "install_keys",
    "instant",
    "keep_collected",
    "key_rows",
    "keys",
    "make_vault",
    "maks",
    "open_console",
    "open_vault",
    "parse_conditions",
    "product_row",
    "products",
    "proxy_counts",
    "read_collected",
    "read_keys",
    "refresh_keys",
    "remove",
    "remove_keys",
    "remove_product",
    "request_bundle",
    "rows",
    "selected",
    "settings",
    "take_bundle",
    "take_bundle_of_any",
    "tally",
    "unconfirmed",
    "unfinished",
    "unsealing",
    "vendor_named",
    "vendor_services",
    "verdicts",
]

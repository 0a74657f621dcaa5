"""The console put together from its real parts, for the command line and for whoever embeds it.

console = open_console(home); discover(console, targets, "list"); await refresh(console, carrier, conditions)
"""

from __future__ import annotations

import getpass
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from muster.base.clock import Clock, SystemClock
from muster.base.config import load
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured
from muster.console.adapters.named_files import named
from muster.console.adapters.sql_books import SqlStore
from muster.console.adapters.vault import BoxVault, is_set_up
from muster.console.core.carriage import SshSettings
from muster.console.core.conditions import Condition, parse_conditions
from muster.console.core.keys import MAX_TEXT_CHARACTERS as MAX_KEY_TEXT
from muster.console.core.keys import KeyLine, StoredKey, check_passphrase, read_keys
from muster.console.core.lines import COLUMNS, SHOWN, cell, instant, line
from muster.console.core.reports import Report, as_csv, as_html, word
from muster.console.core.settings import SQLITE, ConsoleSettings
from muster.console.core.target_files import from_file
from muster.console.core.targets import Target, from_ansible, from_csv, from_list
from muster.console.core.verdict import Verdict
from muster.console.core.views import View
from muster.console.ports import AuditRow, Carrier, Machine, Row, Task, Vault, VendorService
from muster.console.service.acting import Console, Outcome, Resolve, begin, carry_out, forget_ssh_key
from muster.console.service.fleets import fleet_files
from muster.console.service.forests import activate_forest, delete_object, forest_request, product_of_key
from muster.console.service.importing import Collected, discover, keep_collected, read_collected
from muster.console.service.inventory import Chosen, remove_chosen, remove_view, save_view, tally, view_named, views
from muster.console.service.keeping import (
    Added,
    add_keys,
    change_passphrase,
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
from muster.console.service.reporting import DAYS as REPORT_DAYS
from muster.console.service.reporting import REPORTS, SIGNED, report
from muster.console.service.searching import Search, search_in
from muster.platform.durable_file import make_folder
from muster.platform.ldap.port import Directory
from muster.platform.settings_file import SettingsFile
from muster.platform.sql import sqlite_url
from muster.trust.product import Product
from muster.wire.bundle import DATABASE_BYTES

if TYPE_CHECKING:
    # Heavy, and of the pages or of SSH alone: imported when they are wanted.
    from muster.console.adapters.ssh import SshCarrier
    from muster.console.web.site import DirectoryRoom, Elsewhere, KeyRoom
    from muster.console.web.working import Workers
    from muster.platform.accounts import Accounts

SETTINGS, DATABASE = "console.toml", "console.db"
PREFIX = "MUSTER_CONSOLE_"
SETTINGS_FILE = SettingsFile(ConsoleSettings, "console", PREFIX, named)


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
    store = SqlStore(_database(home, chosen))
    store.migrate()
    return Console(store, clock or SystemClock(), actor or getpass.getuser())


def _database(home: Path, chosen: ConsoleSettings) -> str | URL:
    return sqlite_url(home / DATABASE) if chosen.store == SQLITE else chosen.store


def open_accounts(home: Path, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None) -> Accounts:
    """Who may log in to the pages, in the console's database; what is done to accounts stands in its audit."""
    from muster.console.service.access import console_accounts
    from muster.platform.accounts.sql import SqlAccounts

    work = open_console(home, environment=environment, clock=clock)
    store = SqlAccounts(_database(home, settings(home, environment)), "store in console.toml")
    store.migrate()
    return console_accounts(work.store, store, work.clock, SystemEntropy())


@contextmanager
def workers(home: Path) -> Iterator[Workers]:
    """What carries out the tasks of pages, by SSH as the settings say."""
    from muster.console.web.working import Workers

    @asynccontextmanager
    async def carrying() -> AsyncIterator[Carrier]:
        one = carrier(home)
        try:
            yield one
        finally:
            await one.close()

    found = Workers(carrying)
    try:
        yield found
    finally:
        found.close()


def key_room(home: Path) -> KeyRoom:
    """Where the pages find product keys sealed."""
    from muster.console.web.site import KeyRoom

    return KeyRoom(
        lambda: has_vault(home),
        lambda passphrase: make_vault(home, passphrase),
        lambda passphrase: open_vault(home, passphrase),
        vendor_services(),
        fresh_database_id,
    )


def directory_room(home: Path, *, environment: Mapping[str, str] | None = None) -> DirectoryRoom:
    """How the pages reach directories: as ``[directory]`` says, and as somebody with a password may say there."""
    from muster.console.directory.app import Where, connected
    from muster.console.web.site import DirectoryRoom

    around = os.environ if environment is None else environment
    own = settings(home, environment).directory

    def connect(place: str, user: str, password: str) -> AbstractAsyncContextManager[Directory]:
        server, domain = (place, "") if "://" in place else ("", place)
        if server.lower().startswith("ldapi:") and server != own.place:
            # The socket lets this process in as whoever it runs as: not for a page to choose.
            raise Misconfigured(Code.USAGE, "a local socket is a matter of console.toml", "Set place in [directory].")
        if user and not password:
            # To a directory that would be a log-in as nobody (RFC 4513 §5.1.2).
            raise Misconfigured(Code.USAGE, f"the password of {user} is missing", "Type it, or leave the user out.")
        keys = ("", "") if user else (own.keytab, own.principal)
        return connected(Where(server, domain, user, password, *keys, own.authority), around)

    return DirectoryRoom(own.place, own.base, connect)


def elsewhere(home: Path, *, environment: Mapping[str, str] | None = None) -> Elsewhere | None:
    """The identity provider of ``[openid]``, None where none is asked; `Misconfigured` for settings that cannot be."""
    from muster.console.service.access import ROLES
    from muster.console.web.site import Elsewhere
    from muster.platform.openid import provider_of
    from muster.platform.openid.exchange import HttpsIdentities

    provider = provider_of(settings(home, environment).openid, ROLES)
    return Elsewhere(HttpsIdentities(provider), SystemClock(), SystemEntropy()) if provider else None


def carrier(home: Path, *, environment: Mapping[str, str] | None = None, **changes: Any) -> SshCarrier:
    """SSH as the settings say, with `changes` for one action: other credentials, a jump host, another number at once."""
    from muster.console.adapters.ssh import SshCarrier

    chosen = settings(home, environment).ssh
    try:
        return SshCarrier(replace(chosen, **{name: value for name, value in changes.items() if value is not None}))
    except ValueError as error:
        raise Misconfigured(Code.USAGE, str(error), "see --help") from error


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


def remove(console: Console, conditions: Sequence[Condition]) -> int:
    """Take machines out of the inventory; nothing changes on them. How many."""
    return remove_chosen(console, Chosen(tuple(conditions)))


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
    "REPORTS",
    "REPORT_DAYS",
    "SETTINGS_FILE",
    "SHOWN",
    "SIGNED",
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
    "Report",
    "Request",
    "Resolve",
    "Search",
    "SshSettings",
    "StoredKey",
    "Taken",
    "TakenRow",
    "Target",
    "Task",
    "Vault",
    "VendorService",
    "Verdict",
    "View",
    "activate_forest",
    "add_keys",
    "add_product",
    "as_csv",
    "as_html",
    "audited",
    "begin",
    "carrier",
    "carry_out",
    "cell",
    "change_passphrase",
    "collect",
    "confirm_for_others",
    "confirm_online",
    "delete_object",
    "deposit",
    "directory_room",
    "discover",
    "elsewhere",
    "find_keys",
    "fleet_files",
    "forest_request",
    "forget_ssh_key",
    "fresh_database_id",
    "from_ansible",
    "from_csv",
    "from_file",
    "from_list",
    "has_vault",
    "install_keys",
    "instant",
    "keep_collected",
    "key_room",
    "key_rows",
    "keys",
    "make_vault",
    "maks",
    "open_accounts",
    "open_console",
    "open_vault",
    "parse_conditions",
    "product_of_key",
    "product_row",
    "products",
    "proxy_counts",
    "read_collected",
    "read_keys",
    "refresh_keys",
    "remove",
    "remove_keys",
    "remove_product",
    "remove_view",
    "report",
    "request_bundle",
    "rows",
    "save_view",
    "search_in",
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
    "view_named",
    "views",
    "word",
    "workers",
]

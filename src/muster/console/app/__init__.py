"""The console put together from its real parts, for the command line and for whoever embeds it.

console = open_console(home); discover(console, targets, "list"); await refresh(console, carrier, conditions)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from muster.console.app.opening import (
    DATABASE,
    SETTINGS,
    SETTINGS_FILE,
    carrier,
    fresh_database_id,
    has_vault,
    make_vault,
    open_console,
    open_vault,
    settings,
    vendor_services,
)
from muster.console.app.pages import directory_room, elsewhere, key_room, open_accounts, workers
from muster.console.core.carriage import SshSettings
from muster.console.core.conditions import Condition, parse_conditions
from muster.console.core.keys import MAX_TEXT_CHARACTERS as MAX_KEY_TEXT
from muster.console.core.keys import KeyLine, StoredKey, read_keys
from muster.console.core.lines import COLUMNS, SHOWN, cell, instant, line
from muster.console.core.reports import Report, as_csv, as_html, word
from muster.console.core.settings import ConsoleSettings
from muster.console.core.target_files import from_file
from muster.console.core.targets import Target, from_ansible, from_csv, from_list
from muster.console.core.verdict import Verdict
from muster.console.core.views import View
from muster.console.ports import AuditRow, Machine, Row, Task, Vault, VendorService
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
from muster.trust.product import Product


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
    "DATABASE",
    "MAX_KEY_TEXT",
    "REPORTS",
    "REPORT_DAYS",
    "SETTINGS",
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

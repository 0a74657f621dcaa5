"""The console put together from its real parts, for the command line and for whoever embeds it.

console = open_console(home); discover(console, targets, "list"); await refresh(console, carrier, conditions)
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from muster.base.clock import Clock, SystemClock
from muster.base.config import load
from muster.base.errors import Code, Misconfigured
from muster.console.adapters.sql_books import SqlStore
from muster.console.adapters.ssh import SshCarrier
from muster.console.core.carriage import SshSettings
from muster.console.core.conditions import Condition, parse_conditions
from muster.console.core.lines import COLUMNS, SHOWN, cell, instant, line
from muster.console.core.settings import SQLITE, ConsoleSettings
from muster.console.core.targets import Target, from_ansible, from_csv, from_list
from muster.console.core.verdict import Verdict
from muster.console.ports import AuditRow, Machine, Row, Task
from muster.console.service.acting import Console, Outcome, begin, carry_out, forget_ssh_key
from muster.console.service.importing import Collected, discover, keep_collected, read_collected
from muster.platform.durable_file import make_folder
from muster.platform.sql import sqlite_url

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
    "SHOWN",
    "AuditRow",
    "Collected",
    "Condition",
    "Console",
    "ConsoleSettings",
    "Machine",
    "Outcome",
    "SshCarrier",
    "SshSettings",
    "Target",
    "Task",
    "Verdict",
    "audited",
    "begin",
    "carrier",
    "carry_out",
    "cell",
    "discover",
    "forget_ssh_key",
    "from_ansible",
    "from_csv",
    "from_list",
    "instant",
    "keep_collected",
    "open_console",
    "parse_conditions",
    "read_collected",
    "remove",
    "rows",
    "selected",
    "settings",
    "tally",
    "unfinished",
    "verdicts",
]

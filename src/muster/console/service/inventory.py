"""The inventory as pages, files and saved views show it, and what is chosen in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured, Refused
from muster.console.core.conditions import Condition
from muster.console.core.keys import StoredKey
from muster.console.core.lines import line
from muster.console.core.paging import Mark, Place, Value
from muster.console.core.views import MAX_VIEWS, View
from muster.console.ports import Books, Machine, Part, Row, Task
from muster.console.service.acting import Console, written_down
from muster.console.service.keeping import INSTALL
from muster.trust.productkey import KeyKind

FILE_ROWS = 2_000
"""Lines that are read at a time when all are written to a file."""
MAX_CHOSEN = 10_000
"""Machines that may be chosen one by one."""


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a page; `before` and `after` are marks for its neighbours, None where there is none."""

    rows: tuple[Row, ...]
    total: int
    before: Mark | None
    after: Mark | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Machines by their numbers; none: all that fit the conditions."""

    conditions: tuple[Condition, ...] = ()
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.numbers) > MAX_CHOSEN:
            raise Misconfigured(Code.USAGE, f"more than {MAX_CHOSEN} machines were chosen", "choose them by conditions")


def show(console: Console, conditions: Sequence[Condition], place: Place) -> Page:
    """A page of the inventory."""
    now = console.clock.now()

    def work(books: Books) -> Page:
        found, size = books.page(conditions, now, place), place.size
        is_back, goes_on = place.before is not None, len(found) > size
        rows = tuple(found[-size:] if is_back else found[:size])
        has_before = goes_on if is_back else place.after is not None
        has_after = True if is_back else goes_on
        return Page(
            rows,
            books.count_rows(conditions, now),
            mark_of(rows[0], place.field) if rows and has_before else None,
            mark_of(rows[-1], place.field) if rows and has_after else None,
        )

    return console.store.run(work)


def mark_of(row: Row, field: str) -> Mark:
    """The mark of a line in a list that is sorted by `field`."""
    name = row.machine.target.name.lower()
    return Mark(_value(row, field), name, row.seen.edition if row.seen else "")


def _value(row: Row, field: str) -> Value:
    machine, seen = row.machine, row.seen
    of_machine: dict[str, Value] = {
        "name": machine.target.name.lower(),
        "address": machine.target.address,
        "group": machine.target.group,
        "source": machine.source,
        "action": machine.action,
        "result": machine.result,
        "contact": machine.contact_at,
    }
    if field in of_machine:
        return of_machine[field]
    of_edition = {"key": "partial_key", "kind": "key_kind", "client": "client_id", "expires": "expires_at"}
    value: Value = None if seen is None else getattr(seen, of_edition.get(field, field))
    return value


def line_of(row: Row) -> Mapping[str, Any]:
    """A line as people and scripts read it: every column of `core.lines`."""
    machine = row.machine
    last = machine.action, machine.result, machine.result_text
    return line(machine.target, machine.source, machine.contact_at, last, row.seen)


def every_row(console: Console, conditions: Sequence[Condition], sort: str) -> Iterator[Row]:
    """All lines that fit, in groups that are read one after the other: other work goes on between them."""
    now, place = console.clock.now(), Place(sort, size=FILE_ROWS)
    while True:
        rows = console.store.run(lambda books, at=place: books.page(conditions, now, at))  # type: ignore[misc]
        yield from rows[:FILE_ROWS]
        if len(rows) <= FILE_ROWS:
            return
        place = replace(place, after=mark_of(rows[FILE_ROWS - 1], place.field))


def every_line(console: Console, conditions: Sequence[Condition], sort: str) -> Iterator[Mapping[str, Any]]:
    """`every_row` as people and scripts read it."""
    return (line_of(row) for row in every_row(console, conditions, sort))


def tally(console: Console, field: str, conditions: Sequence[Condition]) -> dict[str, int]:
    """How many lines have each value of a text field; the most frequent first."""
    now = console.clock.now()
    return console.store.run(lambda books: books.tally(field, conditions, now))


def chosen_machines(console: Console, chosen: Chosen) -> list[Machine]:
    """The machines that were chosen, by name."""
    return console.store.run(lambda books: _chosen(console, books, chosen))


def _chosen(console: Console, books: Books, chosen: Chosen) -> list[Machine]:
    if chosen.numbers:
        return books.machines(chosen.numbers)
    return books.selected(chosen.conditions, console.clock.now())


def begin_chosen(console: Console, operation: str, parameters: Mapping[str, Any], chosen: Chosen) -> int:
    """`begin` for machines that were chosen in a list; the number of the task."""

    def work(books: Books) -> int:
        machines = [machine.id for machine in _chosen(console, books, chosen)]
        return written_down(console, books, operation, parameters, machines)

    return console.store.run(work)


def remove_chosen(console: Console, chosen: Chosen) -> int:
    """Take machines out of the inventory; nothing changes on them. How many."""
    now = console.clock.now()

    def work(books: Books) -> int:
        machines = _chosen(console, books, chosen)
        details = {"first": ", ".join(machine.target.name for machine in machines[:10])}
        books.audit(now, console.actor, "machines.removed", counted(len(machines), "machine"), details)
        return books.remove([machine.id for machine in machines])

    return console.store.run(work)


def views(console: Console) -> list[View]:
    """Saved views by name."""
    return console.store.run(lambda books: books.views())


def view_named(console: Console, name: str) -> View:
    """A saved view; `Misconfigured` (NOT_FOUND) names what there is."""
    known = views(console)
    for view in known:
        if view.name == name:
            return view
    names = ", ".join(view.name for view in known[:20]) or "none"
    raise Misconfigured(Code.NOT_FOUND, f"there is no view {name[:60]!r}", f"saved views: {names}")


def save_view(console: Console, view: View) -> None:
    """Keep a view in this person's name; `Refused` (NAME_TAKEN) when another person has one of its name."""
    now = console.clock.now()

    def work(books: Books) -> None:
        known = books.views()
        if any(each.name == view.name and each.owner != console.actor for each in known):
            raise Refused(Code.NAME_TAKEN, f"another person saved a view {view.name!r}", "choose another name")
        if len(known) >= MAX_VIEWS:
            raise Refused(Code.NAME_TAKEN, f"there are {MAX_VIEWS} views already", "remove one first")
        books.audit(now, console.actor, "view.saved", view.name, {"where": list(view.where), "sort": view.sort})
        books.keep_view(replace(view, owner=console.actor, saved_at=now))

    console.store.run(work)


def remove_view(console: Console, name: str, *, may_all: bool) -> None:
    """Forget a view; `Refused` (NOT_ALLOWED) when it is another person's, unless `may_all`."""
    found, now = view_named(console, name), console.clock.now()
    if found.owner != console.actor and not may_all:
        raise Refused(Code.NOT_ALLOWED, f"{found.owner} saved this view")

    def work(books: Books) -> None:
        books.audit(now, console.actor, "view.removed", name, {})
        books.remove_view(name)

    console.store.run(work)


@dataclass(frozen=True, slots=True)
class MachinePage:
    """A machine, its lines, what was done with it, and the SSH host key that is pinned."""

    machine: Machine
    lines: tuple[Row, ...]
    parts: tuple[Part, ...]
    ssh_key: str


def machine_page(console: Console, number: int, history: int) -> MachinePage:
    """A machine by its number; `Refused` (NOT_FOUND) when it is not there."""

    def work(books: Books) -> MachinePage:
        found = books.machines([number])
        if not found:
            raise Refused(Code.NOT_FOUND, f"there is no machine {number}", "See the list of machines.")
        return MachinePage(
            found[0], tuple(books.lines_of(number)), tuple(books.history(number, history)), books.ssh_key(number)
        )

    return console.store.run(work)


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A task, some of its machines and one more where there are more, and how many have each code."""

    task: Task
    parts: tuple[Part, ...]
    outcomes: Mapping[str, int]


def task_page(console: Console, number: int, after: str, size: int, *, only_bad: bool) -> TaskPage:
    """A task by its number, its machines from behind the name `after`; `Refused` (NOT_FOUND) when it is not there."""

    def work(books: Books) -> TaskPage:
        task = books.task(number)
        if task is None:
            raise Refused(Code.NOT_FOUND, f"there is no task {number}", "See the list of tasks.")
        parts = books.parts(number, after, size + 1, only_bad=only_bad)
        return TaskPage(task, tuple(parts), books.outcomes(number))

    return console.store.run(work)


def tasks_of(console: Console, limit: int) -> list[Task]:
    """Actions, the newest first."""
    return console.store.run(lambda books: books.tasks(limit))


def install_on_chosen(console: Console, key: StoredKey, chosen: Chosen) -> int:
    """Write down that a key goes on the machines that were chosen; `Refused` (KEY_WRONG_KIND) for a host key."""
    if key.kind is KeyKind.HOST:
        raise Refused(Code.KEY_WRONG_KIND, f"…{key.partial} is a host key: it belongs on an activation host")
    return begin_chosen(console, INSTALL, {"key": key.id, "partial_key": key.partial}, chosen)

"""Machines and their states that come as files: discovery, and status objects that any management tool collected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muster.base.errors import Code, Malformed
from muster.console.core.answer import EditionSeen, read_json, read_status, text
from muster.console.core.targets import Target, is_host
from muster.console.core.verdict import DONE, Verdict
from muster.console.ports import Books
from muster.console.service.acting import Console

IMPORTED = "import"


@dataclass(frozen=True, slots=True)
class Collected:
    """What one machine was found to say; `problem` when it is not understood."""

    name: str
    editions: tuple[EditionSeen, ...] = ()
    problem: str = ""


def discover(console: Console, targets: Sequence[Target], source: str) -> int:
    """Add machines; how many are new. What is on them is asked by a refresh."""
    return sum(is_new for _, is_new in discover_each(console, targets, source))


def discover_each(console: Console, targets: Sequence[Target], source: str) -> list[tuple[str, bool]]:
    """The same; each machine's name, and whether it is new."""
    now = console.clock.now()

    def work(books: Books) -> list[tuple[str, bool]]:
        books.audit(now, console.actor, "machines.discovered", source, {"machines": len(targets)})
        known = books.numbers(target.name for target in targets)
        books.add_machines(targets, source, now)
        return [(target.name, target.name.lower() not in known) for target in targets]

    return console.store.run(work)


def read_collected(name: str, raw: bytes) -> list[Collected]:
    """The status of the machine `name`, or lines of JSON, each with the machine's name beside its status: ``{"machine": …}``.

    What is not understood is told row by row; nothing else is lost.
    """
    lines = [line for line in raw.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for line in lines):
        return [_one(f"{name}:{number}", line) for number, line in enumerate(lines, 1)]
    return [_one(name, raw)]


def _one(name: str, raw: bytes) -> Collected:
    try:
        value = read_json(raw)
        name = text(value.get("machine")) or name
        if not is_host(name):
            raise Malformed(Code.ANSWER_MALFORMED, "no name of a machine")
        status = value.get("status", value)
        return Collected(name, read_status(status if isinstance(status, dict) else {}))
    except Malformed as error:
        return Collected(text(name), problem=error.message)


def keep_collected(console: Console, collected: Iterable[Collected]) -> int:
    """Keep what was understood, machines that are not known included; how many machines."""
    good = [each for each in collected if not each.problem]
    now = console.clock.now()

    def work(books: Books) -> int:
        books.audit(now, console.actor, "machines.imported", IMPORTED, {"machines": len(good)})
        books.add_machines((Target(each.name, each.name) for each in good), IMPORTED, now)
        numbers = books.numbers(each.name for each in good)
        for each in good:
            number = numbers[each.name.lower()]
            books.replace_editions(number, each.editions)
            books.record(number, Verdict(DONE), IMPORTED, now, answered=True)
        return len(good)

    return console.store.run(work)

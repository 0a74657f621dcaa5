"""Lines of the inventory as files, written while they are read: no inventory is too long."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence

from muster.console.core.conditions import Condition
from muster.console.core.lines import COLUMNS, cell
from muster.console.service.acting import Console
from muster.console.service.inventory import every_line

BUFFER = 64 * 1024


def lines_csv(console: Console, conditions: Sequence[Condition], sort: str) -> Iterator[str]:
    """With a line of names; no value is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for line in every_line(console, conditions, sort):
        writer.writerow({name: cell(value) for name, value in line.items()})
        if out.tell() > BUFFER:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def lines_json(console: Console, conditions: Sequence[Condition], sort: str) -> Iterator[str]:
    """One object with the list ``machines``."""
    yield '{"machines": ['
    for number, line in enumerate(every_line(console, conditions, sort)):
        yield (",\n" if number else "\n") + json.dumps(line)
    yield "\n]}\n"

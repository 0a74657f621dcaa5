"""The generated parts of pages: between ``<!-- generated: NAME -->`` and ``<!-- end -->``; everything else is by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from muster.base.errors import CATALOGUE, Code
from muster.client.core.control import OPERATIONS
from muster.client.core.events import EVENTS
from muster.client.core.rights import Role
from muster.host.core import events as host_events
from muster.trust.standing import TABLE
from muster.wire.activation import State
from tools import reference, state_picture, troubles

_BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def errors() -> str:
    """The catalogue of codes as a table."""
    rows = ["| number | code | what happened | what to do |", "|---|---|---|---|"]
    rows += [
        f"| {e.number} | `{code}` | {e.meaning} | {e.hint} |" for code, e in sorted(CATALOGUE.items(), key=_number)
    ]
    return "\n".join(rows)


def _number(item: tuple[Code, object]) -> int:
    return item[0].number


def state_diagram() -> str:
    """The state table as a diagram."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (before, event), after in TABLE.items():
        arrows.setdefault((before, after), []).append(event.value)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> UNLICENSED"]
    lines += [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in arrows.items()]
    return "\n".join([*lines, "```"])


def state_table() -> str:
    """The state table as a table: states across, events down."""
    events = list(dict.fromkeys(event for _, event in TABLE))
    rows = [f"| event | {' | '.join(str(s) for s in State)} |", "|---" * (len(State) + 1) + "|"]
    for event in events:
        cells = [str(TABLE.get((state, event), "–")) for state in State]
        rows.append(f"| {event.value} | {' | '.join(cells)} |")
    return "\n".join(rows)


def operations() -> str:
    """What may be asked of a machine, as a table."""
    rows = ["| operation | by | parameters | what |", "|---|---|---|---|"]
    for name, row in OPERATIONS.items():
        given = [
            f"{p}{'' if p in row.required else '?'}: {kind}{' (administrator)' if p in row.reserved else ''}"
            for p, kind in row.parameters.items()
        ]
        who = "anybody" if row.role is Role.USER else row.role
        rows.append(f"| {name} | {who} | {', '.join(given) or '–'} | {row.meaning} |")
    return "\n".join(rows)


def events() -> str:
    """The catalogue of a machine's events as a table."""
    return _events((name, e.fields, e.meaning) for name, e in EVENTS.items())


def events_of_hosts() -> str:
    """The catalogue of a host's events as a table."""
    return _events((name, e.fields, e.meaning) for name, e in host_events.EVENTS.items())


def _events(catalogue: Iterable[tuple[str, tuple[str, ...], str]]) -> str:
    rows = ["| event | fields | when |", "|---|---|---|"]
    rows += [f"| `{name}` | {', '.join(fields) or '–'} | {meaning} |" for name, fields, meaning in catalogue]
    return "\n".join(rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "errors": errors,
    "events": events,
    "events of hosts": events_of_hosts,
    "operations": operations,
    "state diagram": state_diagram,
    "state table": state_table,
    **reference.blocks(),
    "troubles": troubles.troubles,
}
FOLDERS = ("spec", "docs/reference", "docs/operate")


def pages(root: Path) -> Iterator[tuple[Path, str]]:
    """Path and text of every page that has a generated part, and of the drawing that is made the same way."""
    for path in sorted(page for folder in FOLDERS for page in (root / folder).glob("*.md")):
        text = path.read_text(encoding="utf-8")
        made = _BLOCK.sub(lambda match: f"{match[1]}{BLOCKS[match['name']]()}\n{match[3]}", text)
        if _BLOCK.search(text):
            yield path, made
    if (root / "docs").is_dir():
        yield root / state_picture.PICTURE, state_picture.picture()

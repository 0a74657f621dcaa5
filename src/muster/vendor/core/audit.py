"""What of an audit row may have to be erased: names of people, and what they wrote (spec/audit.md §What can be erased)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from muster.wire.audit import MAX_DETAILS_BYTES, MAX_TEXT_BYTES

ABOUT_PEOPLE = ("account.", "login", "token.")
"""Actions whose subject is a person's name, or what a person named."""
REMARKS = frozenset({"account", "email", "from", "identity", "name", "note", "reason"})
"""Details that name people, tell where somebody was (`from`, an address), or are free text."""
MAX_SUBJECT = 200


class Entry(NamedTuple):
    """A row in parts: `subject` and `details` for ever; `about` (a name) and `remark` (a JSON object) may be erased."""

    action: str
    subject: str
    details: str
    about: str | None
    remark: str | None


def separate(action: str, subject: str, details: Mapping[str, object]) -> Entry:
    """The parts of a row. `ValueError` for details that no seal takes: no row, no deed."""
    is_about = action.startswith(ABOUT_PEOPLE)
    kept = {name: value for name, value in details.items() if name not in REMARKS}
    remarks = {name: value for name, value in details.items() if name in REMARKS and value is not None}
    entry = Entry(
        action,
        "" if is_about else subject[:MAX_SUBJECT],
        _json(kept),
        subject[:MAX_SUBJECT] if is_about else None,
        _json(remarks) if remarks else None,
    )
    if len(entry.details) > MAX_DETAILS_BYTES or len(entry.remark or "") > MAX_TEXT_BYTES:
        message = f"the details of {action} are longer than an audit row takes"
        raise ValueError(message)
    return entry


def join(details: str, remark: str | None) -> dict[str, object]:
    """The details of a row as people read them; without a remark that was erased."""
    return {**json.loads(details), **(json.loads(remark) if remark else {})}


def remark_words(remark: str) -> list[tuple[str, str]]:
    """What a remark holds, by name."""
    return [(name, value if isinstance(value, str) else _json_of(value)) for name, value in json.loads(remark).items()]


def erased(person: int) -> str:
    """What stands for the name of a person that was erased."""
    return f"erased person {person}"


def _json(details: Mapping[str, object]) -> str:
    return _json_of(dict(details))


def _json_of(value: object) -> str:
    return json.dumps(value, default=str, sort_keys=True)

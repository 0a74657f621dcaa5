"""What a machine said of itself, read as from a stranger: `muster client status --json` (spec/status.md) and remote answers.

A managed machine may be hostile: an answer has a size limit before it comes here, and what it says is typed, cut and freed
of control characters before anything keeps it. Fields that are not known are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from muster.base.errors import Code, Malformed

MAX_ANSWER_BYTES = 256 * 1024
MAX_EDITIONS = 64
MAX_TEXT = 200
MAX_NUMBER = 2**32 - 1
STATES = frozenset({"UNLICENSED", "INITIAL_GRACE", "LICENSED", "RENEWAL_GRACE", "NOTIFICATION"})
METHODS = frozenset({"directory", "host", "mak"})
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class EditionSeen:
    """One edition on a machine, as it told it. Empty text and None: not told."""

    product: str
    edition: str
    state: str
    method: str = ""
    permanent: bool = False
    expires_at: datetime | None = None
    grace_ends_at: datetime | None = None
    count: int | None = None
    threshold: int | None = None
    host: str = ""
    organisation: int | None = None
    client_id: str = ""
    partial_key: str = ""
    key_kind: str = ""
    binding: str = ""
    error: str = ""
    error_text: str = ""


def read_json(raw: bytes) -> dict[str, Any]:
    """One JSON object of at most `MAX_ANSWER_BYTES`; `Malformed` (ANSWER_MALFORMED) for everything else."""
    if len(raw) > MAX_ANSWER_BYTES:
        raise _malformed(f"more than {MAX_ANSWER_BYTES} bytes")
    try:
        value = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise _malformed("no JSON") from error
    if not isinstance(value, dict):
        raise _malformed("no JSON object")
    return value


def read_status(value: Mapping[str, Any]) -> tuple[EditionSeen, ...]:
    """The editions of a status object; `Malformed` when it is none."""
    rows = value.get("editions")
    if not isinstance(rows, list) or len(rows) > MAX_EDITIONS:
        raise _malformed("no list of editions")
    editions = tuple(_edition(row) for row in rows)
    if len({row.edition for row in editions}) != len(editions):
        raise _malformed("an edition twice")
    return editions


def _edition(row: Any) -> EditionSeen:
    if not isinstance(row, dict):
        raise _malformed("an edition that is no object")
    state, method = text(row.get("state")), text(row.get("method"))
    if state not in STATES or (method and method not in METHODS) or not text(row.get("edition")):
        raise _malformed("an edition without name, or in no known state")
    client_id = text(row.get("client_id"))
    trouble = row.get("last_error")
    trouble = trouble if isinstance(trouble, dict) else {}
    return EditionSeen(
        product=text(row.get("product")),
        edition=text(row.get("edition")),
        state=state,
        method=method,
        permanent=row.get("permanent") is True,
        expires_at=_moment(row.get("expires_at")),
        grace_ends_at=_moment(row.get("grace_ends_at")),
        count=_number(row.get("count")),
        threshold=_number(row.get("threshold")),
        host=text(row.get("host")),
        organisation=_number(row.get("organisation")),
        client_id=client_id if len(client_id) == 32 and set(client_id) <= _HEX else "",  # noqa: PLR2004 - 16 bytes
        partial_key=text(row.get("partial_key"))[:5],
        key_kind=text(row.get("key_kind")),
        binding=text(row.get("binding")),
        error=text(trouble.get("code")),
        error_text=text(trouble.get("message")),
    )


def text(value: Any, limit: int = MAX_TEXT) -> str:
    """Foreign text without control characters, cut; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value[:limit])


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER else None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) > len("2027-05-23T00:00:00+00:00"):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _malformed(what: str) -> Malformed:
    return Malformed(Code.ANSWER_MALFORMED, f"the machine's answer is not understood: {what}")

"""A line of the inventory as people and scripts read it; the fields of spec/status.md beside those of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from muster.console.core.answer import EditionSeen
from muster.console.core.targets import Target

COLUMNS = (
    *(
        "machine",
        "address",
        "port",
        "group",
        "source",
        "product",
        "edition",
        "key_kind",
        "partial_key",
        "state",
        "method",
    ),
    *("permanent", "expires_at", "grace_ends_at", "count", "threshold", "host", "organisation", "client_id", "binding"),
    *("error", "last_contact", "last_action", "last_result", "last_text"),
)
SHOWN = ("machine", "edition", "state", "method", "expires_at", "last_contact", "last_result")


def line(
    target: Target, source: str, contact_at: datetime | None, last: tuple[str, str, str], seen: EditionSeen | None
) -> Mapping[str, Any]:
    """Every column is always there; what is not known is None."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"machine": target.name, "address": target.address, "port": target.port}
    row |= {"group": target.group or None, "source": source, "last_contact": instant(contact_at)}
    row |= {name: value or None for name, value in zip(("last_action", "last_result", "last_text"), last, strict=True)}
    if seen is not None:
        told = ("product", "edition", "key_kind", "partial_key", "state", "method", "permanent", "count", "threshold")
        row |= {
            name: _told(getattr(seen, name))
            for name in (*told, "host", "organisation", "client_id", "binding", "error")
        }
        row |= {"expires_at": instant(seen.expires_at), "grace_ends_at": instant(seen.grace_ends_at)}
    return row


def _told(value: Any) -> Any:
    return None if value == "" else value


def instant(moment: datetime | None) -> str | None:
    """UTC to the second, as in ``2027-05-23T00:00:00Z``."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula: names and texts come from machines."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"} else value

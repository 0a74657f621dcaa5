"""What is counted of the audit as its rows come under seals, so that nobody counts tables of millions of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum

from muster.wire.audit import AuditRecord

_MICROSECONDS = 1_000_000


class Noun(StrEnum):
    """What rows tell of; `ROW` is every one of them."""

    ORGANISATION = "organisation"
    KEY = "key"
    MACHINE = "machine"
    CERTIFICATE = "certificate"
    ROW = "row"


COUNTED = {
    "organisation.added": Noun.ORGANISATION,
    "key.issued": Noun.KEY,
    "key.replaced": Noun.KEY,
    "machine.confirmed": Noun.MACHINE,
    "host.certified": Noun.CERTIFICATE,
    "directory.certified": Noun.CERTIFICATE,
}
"""Actions of which each row stands for one new thing in the books: none is there without its row, and none is removed."""


def tally(records: Iterable[AuditRecord]) -> Counter[tuple[Noun, date]]:
    """How many of each noun there are, by the day (UTC) of their row."""
    found: Counter[tuple[Noun, date]] = Counter()
    for record in records:
        day = datetime.fromtimestamp(record.at // _MICROSECONDS, UTC).date()
        found[Noun.ROW, day] += 1
        if record.action in COUNTED:
            found[COUNTED[record.action], day] += 1
    return found

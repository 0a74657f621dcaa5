"""The sealer: rows of the audit that were committed come under a signed seal, within about a second (spec/audit.md §Seals).

Not in the transactions that write them: those would all wait for the one row that the chain ends with.
"""

from __future__ import annotations

import logging
import threading
from typing import Self

from muster.base.errors import Code, MusterError, StoreFailed
from muster.trust.audit import Head, read_seal, seal_digest, seal_records
from muster.vendor.core import keysets as plan
from muster.vendor.core.tally import tally
from muster.vendor.ports import Books
from muster.vendor.service.vendor import Vendor
from muster.wire.audit import MAX_RECORDS
from muster.wire.calendar import seconds
from muster.wire.keyset import Purpose

EVERY_SECONDS = 1.0

_log = logging.getLogger(__name__)


def head_of(books: Books) -> Head:
    """Where the chain in these books ends, as its newest seal says; nothing is verified."""
    newest = books.newest_seal()
    if newest is None:
        return Head()
    _, claims = read_seal(newest)
    return Head(claims.number, seal_digest(newest), claims.total)


def seal_due(vendor: Vendor) -> int:
    """Seal what is committed, at most `MAX_RECORDS` rows; how many it were. One at a time, whatever nodes there are."""
    if not vendor.store.run(lambda books: bool(books.unsealed(1))):
        return 0
    return vendor.store.run(lambda books: _seal(vendor, books), holding=True)


def seal_all(vendor: Vendor) -> int:
    """Seal until nothing is left; how many rows it were."""
    total = 0
    while rows := seal_due(vendor):
        total += rows
    return total


def _seal(vendor: Vendor, books: Books) -> int:
    books.hold_seals()
    rows, head, keysets = books.unsealed(MAX_RECORDS), head_of(books), vendor.chain.of(books)
    if not rows:
        return 0
    issuing = plan.current(keysets.newest, Purpose.PRODUCT, vendor.today)
    try:
        sealed = seal_records(
            vendor.keys.issuing(issuing.public),
            head,
            rows,
            vendor_id=keysets.vendor_id,
            issuing_key=issuing.number,
            sealed_at=seconds(vendor.clock.now()),
        )
    except ValueError as error:
        raise StoreFailed(Code.STATE_CORRUPT, f"a row of the audit cannot be sealed: {error}") from error
    books.add_seal(head.number + 1, sealed.signed, [row.number for row in rows])
    books.add_tally(tally(rows))
    return len(rows)


class Sealer:
    """A thread that seals until it is stopped, and once more then. What fails is logged, and tried again in its turn."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(EVERY_SECONDS):
            self._once()
        self._once()

    def _once(self) -> None:
        try:
            # Rows that come meanwhile wait for the next second: a seal over three of them costs what one over 500 does.
            while seal_due(self._vendor) == MAX_RECORDS:
                pass
        except MusterError as error:
            _log.warning("the audit is not sealed: %s", error)

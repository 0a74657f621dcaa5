"""Request bundles answered: a verdict for every row, in few transactions (spec/bundle.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from muster.base.errors import Code, MusterError, StoreFailed, Untrusted
from muster.trust.bundle import answer_bundle
from muster.vendor.core import keysets as plan
from muster.vendor.ports import Books
from muster.vendor.service.confirming import Confirmation, grant_packed, notice_refused
from muster.vendor.service.vendor import Vendor
from muster.wire.bundle import GRANTED, ConfirmationRow, RequestRow, decode_request_bundle
from muster.wire.keyset import Purpose

AT_ONCE = 100
"""Rows in one transaction: enough to be quick, few enough that others get their turn between."""


@dataclass(frozen=True, slots=True)
class AnsweredBundle:
    """The confirmation bundle as a file, and what became of each row: None for confirmed, else the refusal."""

    file: str
    names: tuple[str, ...]
    refusals: tuple[MusterError | None, ...]

    @property
    def confirmed(self) -> int:
        """How many rows were confirmed."""
        return sum(refusal is None for refusal in self.refusals)


def confirm_bundle(
    vendor: Vendor, text: bytes | str, progress: Callable[[int, int], object] | None = None
) -> AnsweredBundle:
    """Answer a request bundle; the same one again costs nothing. `progress` is told how many rows are done, of how many.

    `Malformed` for a damaged file, `Refused` with VERSION_NOT_SUPPORTED, `Untrusted` with VENDOR_MISMATCH. A refused row
    refuses no other one.
    """
    request, keysets = decode_request_bundle(text), vendor.keysets()
    if request.vendor_id != keysets.vendor_id:
        raise Untrusted(Code.VENDOR_MISMATCH, "the bundle asks another vendor")
    verdicts: list[Confirmation | MusterError] = []
    for start in range(0, len(request.rows), AT_ONCE):
        asked = request.rows[start : start + AT_ONCE]
        answered = _answered(vendor, asked)
        for row, verdict in zip(asked, answered, strict=True):
            if isinstance(verdict, MusterError):
                notice_refused(vendor, row.installation, verdict)
        verdicts += answered
        if progress is not None:
            progress(len(verdicts), len(request.rows))
    rows = [_row(row, verdict) for row, verdict in zip(request.rows, verdicts, strict=True)]
    newest = vendor.keysets().newest
    private = vendor.keys.issuing(plan.current(newest, Purpose.BUNDLE, vendor.today).public)
    file = answer_bundle(private, request, int(vendor.clock.now().timestamp()), rows)
    refusals = tuple(verdict if isinstance(verdict, MusterError) else None for verdict in verdicts)
    return AnsweredBundle(file, tuple(row.name for row in request.rows), refusals)


def _answered(vendor: Vendor, rows: Sequence[RequestRow]) -> list[Confirmation | MusterError]:
    def work(books: Books) -> list[Callable[[], Confirmation] | MusterError]:
        return [_granted(vendor, books, row.installation) for row in rows]

    return [
        granted if isinstance(granted, MusterError) else granted() for granted in vendor.store.run(work, holding=True)
    ]


def _granted(vendor: Vendor, books: Books, packed: bytes) -> Callable[[], Confirmation] | MusterError:
    try:
        return grant_packed(vendor, books, packed)
    except StoreFailed:
        raise
    except MusterError as refusal:
        return refusal


def _row(asked: RequestRow, verdict: Confirmation | MusterError) -> ConfirmationRow:
    if isinstance(verdict, MusterError):
        return ConfirmationRow(asked.installation, verdict.code.number)
    return ConfirmationRow(asked.installation, GRANTED, verdict.packed)

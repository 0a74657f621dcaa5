"""Request bundles answered: a verdict for every row, in few transactions (spec/bundle.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from muster.base.errors import Code, Malformed, MusterError, Refused, StoreFailed, Untrusted
from muster.trust.bundle import answer_bundle
from muster.vendor.core import keysets as plan
from muster.vendor.ports import Books
from muster.vendor.service.confirming import Confirmation, grant_packed, notice_refused
from muster.vendor.service.vendor import Vendor
from muster.wire.bundle import GRANTED, ConfirmationRow, RequestRow, decode_request_bundle
from muster.wire.installation import unpack_installation
from muster.wire.keyset import Purpose

MAX_WRONG_TAGS = 10
"""Of one key in one bundle; what comes after them is not looked at: a bundle is no way to guess."""
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
    wrong: Counter[bytes] = Counter()
    for start in range(0, len(request.rows), AT_ONCE):
        asked = request.rows[start : start + AT_ONCE]
        answered, wrong = _answered(vendor, asked, wrong)
        for row, verdict in zip(asked, answered, strict=True):
            if isinstance(verdict, MusterError) and _reference(row) is not None:
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


def references_in(text: bytes | str) -> Counter[bytes]:
    """How many rows a request bundle has for each reference of a key; `Malformed` for a damaged one."""
    found: Counter[bytes] = Counter()
    for row in decode_request_bundle(text).rows:
        if (reference := _reference(row)) is not None:
            found[reference] += 1
    return found


def _reference(row: RequestRow) -> bytes | None:
    try:
        return unpack_installation(row.installation).reference
    except Malformed:
        return None


def _answered(
    vendor: Vendor, rows: Sequence[RequestRow], wrong: Counter[bytes]
) -> tuple[list[Confirmation | MusterError], Counter[bytes]]:
    """Verdicts, and the wrong tags of each reference so far."""

    def work(books: Books) -> tuple[list[Callable[[], Confirmation] | MusterError], Counter[bytes]]:
        granted: list[Callable[[], Confirmation] | MusterError] = []
        found = wrong.copy()
        for row in rows:
            reference = _reference(row) or b""
            if found[reference] >= MAX_WRONG_TAGS:
                granted.append(
                    Refused(Code.RATE_LIMITED, "this bundle has too many wrong installation ids of that key")
                )
                continue
            granted.append(verdict := _granted(vendor, books, row.installation))
            if reference and isinstance(verdict, MusterError) and verdict.code is Code.KEY_UNKNOWN:
                found[reference] += 1
        return granted, found

    granted, found = vendor.store.run(work, holding=True)
    return [one if isinstance(one, MusterError) else one() for one in granted], found


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

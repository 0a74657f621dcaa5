"""The vendor's audit, as the books keep it (spec/audit.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from muster.vendor.core.tally import Noun
from muster.wire.audit import AuditRecord, Opening, SealedRecords


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, when, to what. `seal` is the number of its seal, None before it was sealed."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, object]
    seal: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A text that can be erased, beside what is sealed for it. `opening` is None once it is erased."""

    digest: bytes
    opening: Opening | None


@dataclass(frozen=True, slots=True)
class PersonKept:
    """A name in the audit: in how many rows as whoever acted, in how many as whoever was acted upon."""

    number: int
    name: str
    acted: int
    acted_upon: int


@dataclass(frozen=True, slots=True)
class RemarkKept:
    """What somebody wrote into a row of the audit, with its row's number."""

    row: int
    at: datetime
    action: str
    text: str


class Audits(Protocol):
    """Rows, seals, and what can be erased, inside one transaction."""

    def audit(self, at: datetime, actor: str, action: str, subject: str, details: Mapping[str, object]) -> None:
        """Write down what is being done, in the same transaction."""

    def audit_all(
        self, at: datetime, actor: str, action: str, subjects: Sequence[str], details: Mapping[str, object]
    ) -> None:
        """Write down the same for many subjects, a row each."""

    def audit_rows(self, last: int) -> tuple[AuditRow, ...]:
        """The newest rows, oldest first."""

    def hold_seals(self) -> None:
        """Nobody else seals until the transaction ends."""

    def unsealed(self, most: int) -> tuple[AuditRecord, ...]:
        """The first `most` rows without a seal, by number."""

    def count_unsealed(self) -> int:
        """How many rows have no seal yet."""

    def newest_seal(self) -> bytes | None:
        """The newest seal; None before the first."""

    def add_seal(self, number: int, signed: bytes, rows: Sequence[int]) -> None:
        """Keep a seal, and which rows are under it."""

    def add_tally(self, counts: Mapping[tuple[Noun, date], int]) -> None:
        """Add to the numbers of what there is, by day."""

    def seals(self, after: int, most: int) -> tuple[SealedRecords, ...]:
        """The next `most` seals after number `after`, with their rows as they stand in the books now.

        Rows that no seal could hold any more are an empty list.
        """

    def erasable(self) -> Iterator[Kept]:
        """Every text that can be erased or was."""

    def find_people(self, text: str, most: int) -> tuple[PersonKept, ...]:
        """The first `most` names, in their order, that hold `text`, whatever its case."""

    def find_remarks(self, text: str, most: int) -> tuple[RemarkKept, ...]:
        """The newest `most` rows with a remark that holds `text`, whatever its case."""

    def person(self, name: str) -> int | None:
        """The number of exactly this name, None when nobody of it is in the audit."""

    def erase_person(self, number: int) -> str | None:
        """Erase the name of a number with its salt; the name, None where there was none."""

    def erase_remark(self, row: int) -> str | None:
        """Erase what somebody wrote into a row, with its salt; what it was, None where there was nothing."""

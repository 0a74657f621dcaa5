"""Customers, what was sold to them, and what their hosts reported, as the books keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from muster.vendor.ports.lists import Listed, Search


@dataclass(frozen=True, slots=True)
class Organisation:
    """A customer. `id` travels in certificates; `until_day` is the last day of the contract, 0 for none."""

    id: int
    name: str
    is_blocked: bool
    created_at: datetime
    until_day: int = 0


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as a list shows it: how many keys, how many seats were sold, and the most machines of one month.

    Seats of blocked and replaced keys do not count. `month` is that of `machines`, None where nothing was reported.
    """

    organisation: Organisation
    keys: int
    seats: int
    machines: int
    month: int | None


@dataclass(frozen=True, slots=True)
class Reported:
    """`machines` distinct ones asked as an edition in a month; months count from January 1970, which is 0."""

    edition: int
    month: int
    machines: int


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A proven report, kept as it came. `digest` is SHA-256 of what the host signed."""

    organisation: int
    serial: int
    digest: bytes
    signed: bytes
    machines: bytes
    first_month: int
    last_month: int
    made_at: datetime


class Customers(Protocol):
    """Customers and their reports."""

    def list_organisations(self, search: Search, since_month: int = 0) -> Listed[Customer]:
        """Customers by name; machines are those of months from `since_month` on. States: blocked, open."""

    def organisations(self) -> tuple[Organisation, ...]:
        """All customers, by name."""

    def organisation_named(self, name: str) -> Organisation | None:
        """The customer of exactly this name."""

    def add_organisation(self, name: str, at: datetime) -> Organisation:
        """A new customer; `Refused` with ALREADY_SET_UP when there is one of this name."""

    def block_organisation(self, organisation: Organisation, *, blocked: bool) -> None:
        """Block or unblock a customer."""

    def end_organisation(self, organisation: Organisation, until_day: int) -> None:
        """Keep the last day of a customer's contract, 0 for none."""

    def add_report(self, row: ReportRow) -> bool:
        """Keep a report; False where it was kept before."""

    def reports_about(self, organisation: int, first_month: int, last_month: int) -> Sequence[bytes]:
        """The packed machines of every report of a customer that tells of one of these months."""

    def set_reported(self, organisation: int, months: range, counts: Mapping[tuple[int, int], int]) -> None:
        """Put down what was reported in these months anew: machines by edition and month."""

    def reported(self, organisation: int, since_month: int) -> tuple[Reported, ...]:
        """What a customer's hosts reported, newest month first."""

    def seats(self, organisation: int) -> Mapping[str, int]:
        """Seats sold to a customer by scope, of keys that are neither blocked nor replaced."""

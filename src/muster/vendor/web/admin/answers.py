"""What the endpoints answer, as records that JSON is made from. Days are dates, moments are UTC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from muster.trust.productkey import KeyKind
from muster.vendor.ports import Activation, AuditRow, Customer, KeyRow, Listed, Search
from muster.vendor.web.lists import MAX_PAGE, MAX_TEXT
from muster.wire.calendar import day_start
from muster.wire.report import month_name

MAX_SIZE = 500
DEFAULT_SIZE = 50
MAX_ID = 2**53 - 1

Row = TypeVar("Row")


def _search(
    *,
    text: Annotated[str, Query(max_length=MAX_TEXT, description="Found anywhere in the words of a row.")] = "",
    state: Annotated[str, Query(max_length=MAX_TEXT, description="Only rows in this state.")] = "",
    organisation: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only of this customer.")] = None,
    key: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only of this key.")] = None,
    page: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1,
    size: Annotated[int, Query(ge=1, le=MAX_SIZE)] = DEFAULT_SIZE,
) -> Search:
    return Search(text.replace("\0", "").strip(), state, organisation, key, page, size)


Asked = Annotated[Search, Depends(_search)]


class Page(BaseModel, Generic[Row]):
    """One page of a list. There are `total` rows; where `is_counted` is false, more than that. `is_more`: after this page."""

    rows: list[Row]
    total: int
    page: int
    is_more: bool
    is_counted: bool

    @classmethod
    def of(cls, search: Search, found: Listed[Any], rows: list[Row]) -> Page[Row]:
        """A page of what was found."""
        return cls(rows=rows, total=found.total, page=search.page, is_more=found.is_more, is_counted=found.is_counted)


class OrganisationAnswer(BaseModel):
    """A customer; `machines` is the most that its hosts reported of one month, of the last twelve, and `month` which."""

    number: int
    name: str
    is_blocked: bool
    contract_end: date | None
    created_at: datetime
    keys: int
    seats: int
    machines: int
    month: str | None

    @classmethod
    def of(cls, row: Customer) -> OrganisationAnswer:
        """A customer of the books."""
        own = row.organisation
        return cls(
            number=own.id,
            name=own.name,
            is_blocked=own.is_blocked,
            contract_end=day(own.until_day),
            created_at=own.created_at,
            keys=row.keys,
            seats=row.seats,
            machines=row.machines,
            month=None if row.month is None else month_name(row.month),
        )


class KeyAnswer(BaseModel):
    """A key as it is kept: never the key itself. Counts that do not concern its kind are 0."""

    number: int
    kind: str
    scope: str
    organisation: int
    organisation_name: str
    last_characters: str
    level: int | None
    hosts: int
    reactivations: int
    reactivated: int
    activations: int
    used: int
    days: int | None
    seats: int
    until: date | None
    covers_until: date | None
    is_blocked: bool
    replaced_by: int | None
    created_at: datetime

    @classmethod
    def of(cls, row: KeyRow) -> KeyAnswer:
        """A key of the books."""
        return cls(
            number=row.id,
            kind=str(row.kind),
            scope=row.scope_name,
            organisation=row.organisation.id,
            organisation_name=row.organisation.name,
            last_characters=row.partial,
            level=row.level if row.kind is KeyKind.HOST else None,
            hosts=row.hosts,
            reactivations=row.reactivations,
            reactivated=row.reactivated,
            activations=row.activations,
            used=row.used,
            days=row.days or None,
            seats=row.seats,
            until=day(row.until_day),
            covers_until=day(row.covers_until_day),
            is_blocked=row.is_blocked,
            replaced_by=row.replaced_by,
            created_at=row.created_at,
        )


class ActivationAnswer(BaseModel):
    """A machine, or a certificate (then `number` is its serial)."""

    number: int
    kind: str
    key: int
    last_characters: str
    scope: str
    organisation_name: str
    cost: str
    created_at: datetime
    is_withdrawn: bool
    replaced_by: int | None

    @classmethod
    def of(cls, row: Activation) -> ActivationAnswer:
        """An activation of the books."""
        return cls(
            number=row.number,
            kind=row.kind.name.lower(),
            key=row.key_id,
            last_characters=row.partial,
            scope=row.scope_name,
            organisation_name=row.organisation,
            cost=str(row.cost),
            created_at=row.created_at,
            is_withdrawn=row.is_withdrawn,
            replaced_by=row.replaced_by,
        )


class AuditAnswer(BaseModel):
    """Who did what, when, to what."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, object]

    @classmethod
    def of(cls, row: AuditRow) -> AuditAnswer:
        """A row of the audit."""
        return cls(
            number=row.id,
            at=row.at,
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            details=dict(row.details),
        )


def day(number: int) -> date | None:
    """A day number as a date; None for 0."""
    return day_start(number).date() if number else None

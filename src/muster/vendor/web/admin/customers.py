"""Endpoints of organisations and of the reports of their hosts."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, Field

from muster.base.errors import Code, Refused
from muster.vendor.ports import Customer, Search
from muster.vendor.service.access import CUSTOMERS, READ
from muster.vendor.service.reporting import take_reports
from muster.vendor.service.setting_up import (
    MAX_ORGANISATION_BYTES,
    add_organisation,
    block_organisation,
    end_contract,
)
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.answers import MAX_ID, Asked, OrganisationAnswer, Page
from muster.vendor.web.admin.gate import Asking, Gate, admin_router
from muster.vendor.web.customers import MONTHS
from muster.wire.report import month_name, month_of

BYTES = "application/octet-stream"

Number = Annotated[int, Path(ge=1, le=MAX_ID, description="The number of the organisation.")]


class NewOrganisation(BaseModel):
    """A customer to be."""

    name: Annotated[str, Field(max_length=MAX_ORGANISATION_BYTES)]


class Contract(BaseModel):
    """The last day of a contract; null for no end."""

    until: date | None


class ReportedAnswer(BaseModel):
    """`machines` distinct ones asked as an edition (its id) in a month."""

    month: str
    edition: int
    machines: int


class TakenAnswer(BaseModel):
    """What became of reports."""

    reports: int
    new: int
    organisations: list[str]


def customers(vendor: Vendor, gate: Gate) -> APIRouter:
    """The router of ``/organisations`` and ``/reports``."""
    router = admin_router("organisations")

    @router.get("/organisations", dependencies=gate.needs(READ))
    def list_organisations(search: Asked) -> Page[OrganisationAnswer]:
        """Organisations by name. States: open, blocked."""
        found = vendor.store.run(lambda books: books.list_organisations(search, _since(vendor)))
        return Page.of(search, found, [OrganisationAnswer.of(row) for row in found.rows])

    @router.post("/organisations", dependencies=gate.needs(CUSTOMERS), status_code=201)
    def add(asked: NewOrganisation, who: Asking) -> OrganisationAnswer:
        """A new organisation."""
        return _told(vendor, add_organisation(vendor.acting(who.name), asked.name).id)

    @router.get("/organisations/{number}", dependencies=gate.needs(READ))
    def show(number: Number) -> OrganisationAnswer:
        """One organisation."""
        return _told(vendor, number)

    @router.post("/organisations/{number}/block", dependencies=gate.needs(CUSTOMERS))
    def block(number: Number, who: Asking) -> OrganisationAnswer:
        """Refuse everything for an organisation. What was activated runs on."""
        block_organisation(vendor.acting(who.name), _find(vendor, number).organisation.name, blocked=True)
        return _told(vendor, number)

    @router.post("/organisations/{number}/unblock", dependencies=gate.needs(CUSTOMERS))
    def unblock(number: Number, who: Asking) -> OrganisationAnswer:
        """Take an organisation up again."""
        block_organisation(vendor.acting(who.name), _find(vendor, number).organisation.name, blocked=False)
        return _told(vendor, number)

    @router.put("/organisations/{number}/contract", dependencies=gate.needs(CUSTOMERS))
    def contract(number: Number, asked: Contract, who: Asking) -> OrganisationAnswer:
        """Set the last day of the contract. What was given before stays as it is."""
        end_contract(vendor.acting(who.name), _find(vendor, number).organisation.name, asked.until)
        return _told(vendor, number)

    @router.get("/organisations/{number}/reported", dependencies=gate.needs(READ))
    def reported(number: Number) -> list[ReportedAnswer]:
        """What the organisation's hosts reported of the last twelve months, newest first."""
        _find(vendor, number)
        rows = vendor.store.run(lambda books: books.reported(number, _since(vendor)))
        return [ReportedAnswer(month=month_name(row.month), edition=row.edition, machines=row.machines) for row in rows]

    @router.post("/reports", dependencies=gate.needs(CUSTOMERS))
    def take(report: Annotated[bytes, Body(media_type=BYTES)], who: Asking) -> TakenAnswer:
        """Take a report file of a host; it tells itself whose it is, and every signature is checked."""
        taken = take_reports(vendor.acting(who.name), [("the report", report)])
        return TakenAnswer(reports=taken.reports, new=taken.new, organisations=list(taken.customers))

    return router


def _since(vendor: Vendor) -> int:
    return month_of(vendor.clock.now()) - MONTHS + 1


def _told(vendor: Vendor, number: int) -> OrganisationAnswer:
    return OrganisationAnswer.of(_find(vendor, number))


def _find(vendor: Vendor, number: int) -> Customer:
    found = vendor.store.run(lambda books: books.list_organisations(Search(organisation=number), _since(vendor)))
    if not found.rows:
        raise Refused(Code.NOT_FOUND, f"there is no organisation {number}")
    return found.rows[0]

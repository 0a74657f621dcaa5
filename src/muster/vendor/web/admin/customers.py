"""Endpoints of organisations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from muster.base.errors import Code, Refused
from muster.vendor.ports import Books, Organisation, Search
from muster.vendor.service.access import CUSTOMERS, READ
from muster.vendor.service.setting_up import MAX_ORGANISATION_BYTES, add_organisation, block_organisation
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.answers import MAX_ID, Asked, OrganisationAnswer, Page
from muster.vendor.web.admin.gate import Asking, Gate, admin_router

Number = Annotated[int, Path(ge=1, le=MAX_ID, description="The number of the organisation.")]


class NewOrganisation(BaseModel):
    """A customer to be."""

    name: Annotated[str, Field(max_length=MAX_ORGANISATION_BYTES)]


def customers(vendor: Vendor, gate: Gate) -> APIRouter:
    """The router of ``/organisations``."""
    router = admin_router("organisations")

    @router.get("/organisations", dependencies=gate.needs(READ))
    def list_organisations(search: Asked) -> Page[OrganisationAnswer]:
        """Organisations by name. States: open, blocked."""
        found = vendor.store.run(lambda books: books.list_organisations(search))
        return Page.of(search, found, [OrganisationAnswer.of(*row) for row in found.rows])

    @router.post("/organisations", dependencies=gate.needs(CUSTOMERS), status_code=201)
    def add(asked: NewOrganisation, who: Asking) -> OrganisationAnswer:
        """A new organisation."""
        return OrganisationAnswer.of(add_organisation(vendor.acting(who.name), asked.name), 0)

    @router.get("/organisations/{number}", dependencies=gate.needs(READ))
    def show(number: Number) -> OrganisationAnswer:
        """One organisation."""
        return OrganisationAnswer.of(*_find(vendor, number))

    @router.post("/organisations/{number}/block", dependencies=gate.needs(CUSTOMERS))
    def block(number: Number, who: Asking) -> OrganisationAnswer:
        """Refuse everything for an organisation. What was activated runs on."""
        return _block(vendor.acting(who.name), number, blocked=True)

    @router.post("/organisations/{number}/unblock", dependencies=gate.needs(CUSTOMERS))
    def unblock(number: Number, who: Asking) -> OrganisationAnswer:
        """Take an organisation up again."""
        return _block(vendor.acting(who.name), number, blocked=False)

    return router


def _block(vendor: Vendor, number: int, *, blocked: bool) -> OrganisationAnswer:
    block_organisation(vendor, _find(vendor, number)[0].name, blocked=blocked)
    return OrganisationAnswer.of(*_find(vendor, number))


def _find(vendor: Vendor, number: int) -> tuple[Organisation, int]:
    def work(books: Books) -> tuple[Organisation, int]:
        found = books.list_organisations(Search(organisation=number)).rows
        if not found:
            raise Refused(Code.NOT_FOUND, f"there is no organisation {number}")
        return found[0]

    return vendor.store.run(work)

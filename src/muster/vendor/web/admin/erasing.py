"""Endpoints that find a person in the audit, and erase names and remarks from it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from muster.vendor.core.audit import remark_words
from muster.vendor.ports import PersonKept, RemarkKept
from muster.vendor.service.access import ERASE
from muster.vendor.service.erasing import MAX_TEXT, MIN_TEXT, erase, find_traces
from muster.vendor.service.selling import MAX_REASON
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.answers import MAX_ID
from muster.vendor.web.admin.gate import Asking, Gate, admin_router

MOST_AT_ONCE = 100

Number = Annotated[int, Field(ge=1, le=MAX_ID)]


class PeopleSearch(BaseModel):
    """Words of a person: a name, a mail address, or a part of them. In a body, so that no log of a proxy keeps them."""

    text: Annotated[str, Field(min_length=MIN_TEXT, max_length=MAX_TEXT)]


class PersonAnswer(BaseModel):
    """A name in the audit, and in how many rows it stands."""

    number: int
    name: str
    acted: int
    acted_upon: int

    @classmethod
    def of(cls, row: PersonKept) -> PersonAnswer:
        """A name of the books."""
        return cls(number=row.number, name=row.name, acted=row.acted, acted_upon=row.acted_upon)


class RemarkAnswer(BaseModel):
    """What somebody wrote into a row of the audit."""

    row: int
    at: datetime
    action: str
    written: dict[str, str]

    @classmethod
    def of(cls, row: RemarkKept) -> RemarkAnswer:
        """A remark of the books."""
        return cls(row=row.row, at=row.at, action=row.action, written=dict(remark_words(row.text)))


class TracesAnswer(BaseModel):
    """Where the words stand: what can be erased, and customers, whose names stay."""

    people: list[PersonAnswer]
    remarks: list[RemarkAnswer]
    customers: list[str]


class Erasure(BaseModel):
    """What is to be erased, names by number and remarks by row, and why; the reason names nobody."""

    people: Annotated[list[Number], Field(max_length=MOST_AT_ONCE)] = []
    remarks: Annotated[list[Number], Field(max_length=MOST_AT_ONCE)] = []
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON)]


def erasing(vendor: Vendor, gate: Gate) -> APIRouter:
    """The router of ``/people``."""
    router = admin_router("erasure")

    @router.post("/people/search", dependencies=gate.needs(ERASE))
    def search(asked: PeopleSearch) -> TracesAnswer:
        """Find a person in the audit: names, newest remarks, customers of that name."""
        found = find_traces(vendor, asked.text.replace("\0", ""))
        return TracesAnswer(
            people=[PersonAnswer.of(row) for row in found.people],
            remarks=[RemarkAnswer.of(row) for row in found.remarks],
            customers=list(found.customers),
        )

    @router.post("/people/erase", dependencies=gate.needs(ERASE), status_code=204)
    def erase_(asked: Erasure, who: Asking) -> None:
        """Erase names and remarks, all or none. It cannot be taken back; every seal still holds."""
        erase(vendor.acting(who.name), asked.people, asked.remarks, asked.reason.replace("\0", ""))

    return router

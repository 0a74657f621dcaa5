"""Organisations: search, add, block, the end of a contract, and seats sold against what hosts reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.config import load_text
from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import see_other, status_of
from muster.vendor.core.definition import Definition
from muster.vendor.ports import Books, Search
from muster.vendor.service.access import CUSTOMERS, KEYS, READ
from muster.vendor.service.reporting import take_reports
from muster.vendor.service.setting_up import add_organisation, block_organisation, end_contract
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.lists import day_in, search_of, shown
from muster.vendor.web.site import Site
from muster.wire.calendar import day_start
from muster.wire.report import month_name, month_of

PATH = "/organisations"
MONTHS = 12
"""How far back reports are compared with what was sold."""

Sent = Annotated[Form, Depends(read_form)]


def customers(site: Site) -> APIRouter:
    """The router of ``/organisations``."""
    router = site.router()

    @router.get(PATH)
    def list_(request: Request) -> Response:
        return _list(site, request, site.who(request, READ))

    @router.post(PATH)
    def add(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, CUSTOMERS)
        try:
            added = add_organisation(site.acting(who), form.text("name"))
        except MusterError as error:
            return _list(site, request, who, error)
        return see_other(f"{PATH}/{added.id}")

    @router.post(PATH + "/reports")
    def take(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, CUSTOMERS)
        try:
            if not form.files:
                raise Misconfigured(Code.USAGE, "no file was chosen", "Choose what muster host report wrote.")
            taken = take_reports(site.acting(who), [("the report", data) for data in form.files.values()])
        except MusterError as error:
            return _list(site, request, who, error)
        return _list(site, request, who, taken=taken)

    @router.get(PATH + "/{number:int}")
    def show(request: Request, number: int) -> Response:
        return _show(site, request, site.who(request, READ), number)

    @router.post(PATH + "/{number:int}/{action}")
    def act(request: Request, number: int, action: str, form: Sent) -> Response:
        who = site.form_of(request, form, CUSTOMERS)
        name = _facts(site.vendor, number)["customer"].organisation.name
        try:
            if action in {"block", "unblock"}:
                block_organisation(site.acting(who), name, blocked=action == "block")
            elif action == "contract":
                end_contract(site.acting(who), name, day_in(form, "until"))
            else:
                raise Refused(Code.NOT_FOUND)
        except MusterError as error:
            return _show(site, request, who, number, error)
        return see_other(f"{PATH}/{number}")

    return router


@dataclass(frozen=True, slots=True)
class _Line:
    """A month of a table: machines by edition."""

    month: str
    editions: tuple[tuple[str, int], ...]
    machines: int


def _list(
    site: Site, request: Request, who: Who, error: MusterError | None = None, *, taken: object = None
) -> Response:
    search, since = search_of(request), _since(site.vendor)
    found = site.vendor.store.run(lambda books: books.list_organisations(search, since))
    return site.show(
        request,
        who,
        "organisations.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        list=shown(request, search, found),
        may_change=who.may(CUSTOMERS),
        taken=taken,
        today=site.vendor.today,
        day=day_start,
        month_name=month_name,
    )


def _facts(vendor: Vendor, number: int) -> dict[str, Any]:
    since = _since(vendor)

    def work(books: Books) -> dict[str, Any]:
        found = books.list_organisations(Search(organisation=number), since).rows
        if not found:
            raise Refused(Code.NOT_FOUND, f"there is no organisation {number}")
        text = books.definition()
        names = {e.id: e.name for e in load_text(Definition, text, "the definition").edition} if text else {}
        reported = books.reported(number, since)
        months = sorted({row.month for row in reported}, reverse=True)
        lines = [
            _Line(
                month_name(month),
                tuple((names.get(r.edition, str(r.edition)), r.machines) for r in reported if r.month == month),
                sum(row.machines for row in reported if row.month == month),
            )
            for month in months
        ]
        return {"customer": found[0], "sold": books.seats(number), "lines": lines}

    return vendor.store.run(work)


def _show(site: Site, request: Request, who: Who, number: int, error: MusterError | None = None) -> Response:
    return site.show(
        request,
        who,
        "organisation.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        may_change=who.may(CUSTOMERS),
        may_issue=who.may(KEYS),
        today=site.vendor.today,
        day=day_start,
        month_name=month_name,
        **_facts(site.vendor, number),
    )


def _since(vendor: Vendor) -> int:
    return month_of(vendor.clock.now()) - MONTHS + 1

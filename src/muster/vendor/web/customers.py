"""Organisations: search, add, block."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, MusterError, Refused
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import see_other, status_of
from muster.vendor.service.access import CUSTOMERS, KEYS, READ
from muster.vendor.service.setting_up import add_organisation, block_organisation
from muster.vendor.web.lists import search_of, shown
from muster.vendor.web.site import Site

Sent = Annotated[Form, Depends(read_form)]


def customers(site: Site) -> APIRouter:
    """The router of ``/organisations``."""
    router = site.router()

    @router.get("/organisations")
    def list_(request: Request) -> Response:
        return _show(site, request, site.who(request, READ))

    @router.post("/organisations")
    def add(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, CUSTOMERS)
        try:
            add_organisation(site.acting(who), form.text("name"))
        except MusterError as error:
            return _show(site, request, who, error)
        return see_other("/organisations")

    @router.post("/organisations/{action}")
    def block(request: Request, action: str, form: Sent) -> Response:
        who = site.form_of(request, form, CUSTOMERS)
        if action not in {"block", "unblock"}:
            raise Refused(Code.NOT_FOUND)
        block_organisation(site.acting(who), form.text("name"), blocked=action == "block")
        return see_other("/organisations")

    return router


def _show(site: Site, request: Request, who: Who, error: MusterError | None = None) -> Response:
    search = search_of(request)
    found = site.vendor.store.run(lambda books: books.list_organisations(search))
    return site.show(
        request,
        who,
        "organisations.html",
        status_of(error) if error else 200,
        error=site.pages.explain(request, error) if error else None,
        list=shown(request, search, found),
        may_change=who.may(CUSTOMERS),
        may_issue=who.may(KEYS),
    )

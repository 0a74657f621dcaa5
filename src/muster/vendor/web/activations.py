"""Activations: machines with a multiple activation key, and hosts and directories with their certificates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import MusterError
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import see_other, status_of
from muster.vendor.core.keysets import Change
from muster.vendor.service.access import KEYS, READ
from muster.vendor.service.rotating import change
from muster.vendor.web.lists import number, search_of, shown
from muster.vendor.web.site import Site

Sent = Annotated[Form, Depends(read_form)]


def activations(site: Site) -> APIRouter:
    """The router of ``/activations``."""
    router = site.router()

    @router.get("/activations")
    def machines(request: Request) -> Response:
        who, search = site.who(request, READ), search_of(request)
        found = site.vendor.store.run(lambda books: books.list_machines(search))
        return site.show(request, who, "machines.html", list=shown(request, search, found))

    @router.get("/activations/hosts")
    def hosts(request: Request) -> Response:
        return _hosts(site, request, site.who(request, READ))

    @router.post("/activations/hosts")
    def withdraw(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, KEYS)
        try:
            change(site.acting(who), Change(withdraw=(form.number("serial") or 0,)))
        except MusterError as error:
            return _hosts(site, request, who, error)
        return see_other("/activations/hosts")

    return router


def _hosts(site: Site, request: Request, who: Who, error: MusterError | None = None) -> Response:
    search = search_of(request)
    found = site.vendor.store.run(lambda books: books.list_certificates(search))
    return site.show(
        request,
        who,
        "hosts.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        list=shown(request, search, found),
        may_withdraw=who.may(KEYS),
        serial=number(request.query_params.get("serial", "")) or "",
    )

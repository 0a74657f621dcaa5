"""Webhooks: whom the service tells of events, and what became of each telling."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, MusterError, Refused
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import see_other, status_of
from muster.vendor.core.webhooks import SUBSCRIBED
from muster.vendor.ports import Books
from muster.vendor.service.access import WEBHOOKS
from muster.vendor.service.webhooks import (
    add_webhook,
    pause_webhook,
    remove_webhook,
    send_again,
    send_test,
)
from muster.vendor.web.lists import search_of, shown
from muster.vendor.web.site import Site

PATH = "/webhooks"

Sent = Annotated[Form, Depends(read_form)]


def hooks(site: Site) -> APIRouter:
    """The router of ``/webhooks``."""
    router = site.router()

    @router.get(PATH)
    def list_(request: Request) -> Response:
        return _show(site, request, site.who(request, WEBHOOKS))

    @router.post(PATH)
    def add(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, WEBHOOKS)
        try:
            made = add_webhook(site.acting(who), form.text("address"), form.texts("event"))
        except MusterError as error:
            return _show(site, request, who, error, typed=form.text("address"), chosen=form.texts("event"))
        return _show(site, request, who, secret=made.secret, about=made.webhook.address)

    @router.post(PATH + "/deliveries/{number:int}/again")
    def again(request: Request, number: int, form: Sent) -> Response:
        send_again(site.acting(site.form_of(request, form, WEBHOOKS)), number)
        return see_other(PATH)

    @router.post(PATH + "/{number:int}/{action}")
    def act(request: Request, number: int, action: str, form: Sent) -> Response:
        vendor = site.acting(site.form_of(request, form, WEBHOOKS))
        if action in {"pause", "resume"}:
            pause_webhook(vendor, number, paused=action == "pause")
        elif action == "test":
            send_test(vendor, number)
        elif action == "remove":
            remove_webhook(vendor, number)
        else:
            raise Refused(Code.NOT_FOUND)
        return see_other(PATH)

    return router


def _show(site: Site, request: Request, who: Who, error: MusterError | None = None, **told: Any) -> Response:
    search = search_of(request)

    def work(books: Books) -> tuple[Any, Any]:
        return books.webhooks(), books.list_deliveries(search)

    webhooks, found = site.vendor.store.run(work)
    return site.show(
        request,
        who,
        "webhooks.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        webhooks=webhooks,
        events=[str(event) for event in SUBSCRIBED],
        list=shown(request, search, found),
        **{"secret": None, "about": "", "typed": "", "chosen": [str(event) for event in SUBSCRIBED], **told},
    )

"""The inventory and one machine of it: filter, group, sort, save a view, take it along as a file."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from muster.base.errors import Code, MusterError, Refused
from muster.console.core.answer import METHODS, STATES
from muster.console.core.views import View
from muster.console.service.access import ACT, READ, REMOVE
from muster.console.service.inventory import (
    Page,
    line_of,
    machine_page,
    remove_view,
    save_view,
    show,
    tally,
    view_named,
    views,
)
from muster.console.web.files import lines_csv, lines_json
from muster.console.web.listing import NONE, Listing, listing_of, listing_of_view
from muster.console.web.operations import OPERATIONS
from muster.console.web.site import Sent, Site
from muster.platform.accounts import Who
from muster.platform.pages.headers import secured
from muster.platform.pages.pages import see_other

# Field, heading: what the list shows and is sorted by.
HEADS = (
    *(("name", "Machine"), ("state", "State"), ("product", "Product"), ("edition", "Edition"), ("kind", "Key kind")),
    *(("key", "Key"), ("method", "Method"), ("expires", "Expires"), ("contact", "Last contact")),
    *(("action", "Last action"), ("result", "Result")),
)
GROUPS = (
    "state",
    "edition",
    "product",
    "method",
    "group",
    "host",
    "kind",
    "key",
    "result",
    "action",
    "error",
    "source",
)
MORE = (
    "product",
    "edition",
    "group",
    "host",
    "kind",
    "key",
    "client",
    "error",
    "action",
    "result",
    "source",
    "address",
)
HISTORY = 50
MAX_SHOWN_GROUPS = 500


def machines(site: Site) -> APIRouter:
    """The router of ``/machines``."""
    router = site.router()

    @router.get("/machines")
    def list_(request: Request) -> Response:
        who = site.who(request, READ)
        if name := request.query_params.get("view"):
            return see_other(listing_of_view(view_named(site.console, name)).address())
        return _list(site, request, who)

    @router.get("/machines.{kind}")
    def take_along(request: Request, kind: str) -> Response:
        site.who(request, READ)
        listing = listing_of(request)
        if kind not in {"csv", "json"}:
            raise Refused(Code.NOT_FOUND)
        write, media = (lines_csv, "text/csv; charset=utf-8") if kind == "csv" else (lines_json, "application/json")
        headers = {"content-disposition": f'attachment; filename="machines.{kind}"'}
        lines = write(site.console, listing.conditions, listing.sort)
        return secured(StreamingResponse(lines, media_type=media, headers=headers))

    @router.post("/views/{action}")
    def keep(request: Request, action: str, form: Sent) -> Response:
        who = site.form_of(request, form, READ)
        name = form.text("name")
        if action == "save":
            view = View(name, form.texts("where"), form.text("sort") or "name", form.text("group_by"))
            save_view(site.acting(who), view)
            return see_other(listing_of_view(view).address())
        if action == "remove":
            remove_view(site.acting(who), name, may_all=who.may(REMOVE))
            return see_other("/machines")
        raise Refused(Code.NOT_FOUND)

    @router.get("/machines/{number:int}")
    def one(request: Request, number: int) -> Response:
        who = site.who(request, READ)
        found = machine_page(site.console, number, HISTORY)
        return site.show(
            request,
            who,
            "machine.html",
            found=found,
            lines=[line_of(row) for row in found.lines],
            now=site.console.clock.now(),
            operations=_offered(who),
        )

    return router


def _list(site: Site, request: Request, who: Who, failure: MusterError | None = None) -> Response:
    listing, page, counts = Listing(), Page((), 0, None, None), dict[str, int]()
    try:
        listing = listing_of(request)
        if listing.group_by:
            counts = tally(site.console, listing.group_by, listing.conditions)
        else:
            page = show(site.console, listing.conditions, listing.place)
    except MusterError as error:
        failure = failure or error
    return site.show(
        request,
        who,
        "machines.html",
        failure,
        listing=listing,
        page=page,
        counts=list(counts.items())[:MAX_SHOWN_GROUPS],
        counted=sum(counts.values()),
        groups=len(counts),
        lines=[(row.machine.id, line_of(row)) for row in page.rows],
        heads=HEADS,
        views=views(site.console),
        states=[*_any((name, name.lower().replace("_", " ")) for name in sorted(STATES)), (NONE, "not known")],
        methods=[*_any((name, name) for name in sorted(METHODS)), (NONE, "none")],
        grouping=[("", "–"), *((name, name) for name in GROUPS)],
        more=MORE,
        operations=_offered(who),
        may_act=who.may(ACT),
        may_add=who.may(REMOVE),
    )


def _offered(who: Who) -> list[tuple[str, str]]:
    return [(name, operation.title) for name, operation in OPERATIONS.items() if who.may(operation.scope)]


def _any(choices: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", "any"), *choices]

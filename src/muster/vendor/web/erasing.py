"""A person looked for in the audit, and erased from it. What is looked for stands in no address, so in no log of a proxy."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Malformed, MusterError
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import status_of
from muster.vendor.core.audit import remark_words
from muster.vendor.service.access import ERASE
from muster.vendor.service.erasing import MAX_TEXT, MOST_PEOPLE, MOST_REMARKS, erase, find_traces
from muster.vendor.service.selling import MAX_REASON
from muster.vendor.service.vendor import MAX_ID
from muster.vendor.web.site import Site

PATH = "/audit/people"

Sent = Annotated[Form, Depends(read_form)]


def erasing(site: Site) -> APIRouter:
    """The router of ``/audit/people``."""
    router = site.router()

    @router.get(PATH)
    def ask(request: Request) -> Response:
        return _show(site, request, site.who(request, ERASE))

    @router.post(PATH)
    def search(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, ERASE)
        return _show(site, request, who, _text(form))

    @router.post(PATH + "/erase")
    def act(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, ERASE)
        try:
            people, remarks = _numbers(form, "person"), _numbers(form, "remark")
            erase(site.acting(who), people, remarks, form.text("reason", MAX_REASON))
        except MusterError as error:
            return _show(site, request, who, _text(form), error)
        return _show(site, request, who, _text(form), erased=(len(people), len(remarks)))

    return router


def _text(form: Form) -> str:
    return form.text("text", MAX_TEXT)


def _numbers(form: Form, name: str) -> set[int]:
    sent = form.texts(name)
    if any(not (text.isascii() and text.isdigit() and int(text) <= MAX_ID) for text in sent):
        raise Malformed(Code.USAGE, f"{name} is not a number", "Search again.")
    return {int(text) for text in sent}


def _show(
    site: Site,
    request: Request,
    who: Who,
    text: str = "",
    error: MusterError | None = None,
    *,
    erased: tuple[int, int] | None = None,
) -> Response:
    context: dict[str, Any] = {"traces": None}
    if text:
        try:
            context["traces"] = find_traces(site.vendor, text)
        except MusterError as failure:
            error = error or failure
        wanted = text.lower()
        rows = site.visitors.accounts.store.accounts()
        context["accounts"] = [row for row in rows if wanted in f"{row.name}\n{row.identity or ''}".lower()]
    return site.show(
        request,
        who,
        "people.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        text=text,
        erased=erased,
        words=remark_words,
        most=(MOST_PEOPLE, MOST_REMARKS),
        **context,
    )

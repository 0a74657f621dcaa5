"""The operator's page: somebody on the telephone reads an installation id; who it is, what is left, and the confirmation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import MusterError
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import status_of
from muster.trust.productkey import KeyKind
from muster.vendor.ports import KeyRow, Search
from muster.vendor.service.access import CONFIRM, EXCEPT
from muster.vendor.service.confirming import confirm_packed, key_behind
from muster.vendor.service.selling import MAX_REASON, extend_key
from muster.vendor.web import typed
from muster.vendor.web.portal import confirmed
from muster.vendor.web.site import Site

HISTORY = 10

Sent = Annotated[Form, Depends(read_form)]


def operator(site: Site) -> APIRouter:
    """The router of ``/operator``: look first, then confirm or grant an exception."""
    router = site.router()

    @router.get("/operator")
    def ask(request: Request) -> Response:
        return _ask(site, request, site.who(request, CONFIRM))

    @router.post("/operator")
    def look(request: Request, form: Sent) -> Response:
        who, text = site.form_of(request, form, CONFIRM), ""
        try:
            text = typed.given(form)
            packed = typed.packed(text)
            key = key_behind(site.vendor, packed)
        except MusterError as error:
            return _ask(site, request, who, text, error)
        return _decide(site, request, who, packed, key)

    @router.post("/operator/confirm")
    def confirm(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, CONFIRM)
        packed = typed.packed(form.text("installation"))
        try:
            done = confirm_packed(site.acting(who), packed, replaces=form.number("replaces"))
        except MusterError as error:
            return _decide(site, request, who, packed, key_behind(site.vendor, packed), error=error)
        key = key_behind(site.vendor, packed)
        return confirmed(site, request, done, "operator_done.html", who=who, language="en", key=key, cost=done.cost)

    @router.post("/operator/exception")
    def grant(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, EXCEPT)
        packed = typed.packed(form.text("installation"))
        key, problem = key_behind(site.vendor, packed), None
        names = ("activations",) if key.kind is KeyKind.MAK else ("hosts", "reactivations")
        try:
            granted = {name: form.number(name) or 0 for name in names}
            reason = form.text("reason", MAX_REASON)
            key = extend_key(site.acting(who), str(key.id), reason=reason, **granted)
        except MusterError as error:
            problem = error
        return _decide(site, request, who, packed, key, error=problem)

    return router


def _ask(site: Site, request: Request, who: Who, text: str = "", error: MusterError | None = None) -> Response:
    shown = typed.groups(text)
    return site.show(
        request,
        who,
        "operator.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        groups=shown if any(not group.is_good for group in shown) else (),
        typed=text[:4000],
    )


def _decide(
    site: Site, request: Request, who: Who, packed: bytes, key: KeyRow, *, error: MusterError | None = None
) -> Response:
    """Who stands behind the installation id, what was done with the key before, and what can be done now."""
    search = Search(key=key.id, size=HISTORY)
    is_host = key.kind is KeyKind.HOST
    history = site.vendor.store.run(
        lambda books: books.list_certificates(search) if is_host else books.list_machines(search)
    )
    standing = site.vendor.store.run(lambda books: books.list_certificates(Search(key=key.id, state="open")))
    return site.show(
        request,
        who,
        "operator_decide.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        key=key,
        installation=typed.digits(packed),
        history=history,
        replaceable=[("", "none")] + [(a.number, f"serial {a.number}, {a.created_at:%Y-%m-%d}") for a in standing.rows],
        is_host=is_host,
        may_except=who.may(EXCEPT),
    )

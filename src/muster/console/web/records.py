"""Who did what, and who may: the audit, and the accounts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, MusterError, Refused
from muster.console.service.access import ACCOUNTS, AUDIT
from muster.console.web.site import Sent, Site
from muster.platform.accounts import Who
from muster.platform.pages.pages import see_other

SIZE = 100
MAX_PAGE = 100_000


def audit(site: Site) -> APIRouter:
    """The router of ``/audit``."""
    router = site.router()

    @router.get("/audit")
    def list_(request: Request) -> Response:
        who, asked = site.who(request, AUDIT), request.query_params.get("page", "1")
        page = min(max(1, int(asked)), MAX_PAGE) if asked.isascii() and asked.isdigit() and len(asked) < SIZE else 1
        rows = site.console.store.run(lambda books: books.audited(SIZE + 1, (page - 1) * SIZE))
        return site.show(request, who, "audit.html", rows=rows[:SIZE], page=page, more=len(rows) > SIZE)

    return router


def people(site: Site) -> APIRouter:
    """The router of ``/accounts``."""
    router = site.router()
    accounts = site.visitors.accounts

    @router.get("/accounts")
    def list_(request: Request) -> Response:
        return _people(site, request, site.who(request, ACCOUNTS))

    @router.post("/accounts/{action}")
    def act(request: Request, action: str, form: Sent) -> Response:
        who = site.form_of(request, form, ACCOUNTS)
        name = form.text("name", 64)
        try:
            if name == who.name and action in {"reset", "block", "role"}:
                raise Refused(Code.NOT_ALLOWED, "nobody locks himself out here", "Ask another administrator.")
            if action in {"add", "reset"}:
                is_new = action == "add"
                made = accounts.add(who.name, name, form.text("role")) if is_new else accounts.reset(who.name, name)
                return _people(site, request, who, secret=made.password, about=made.name, until=made.until)
            if action == "role":
                accounts.change(who.name, name, role=form.text("role"))
            elif action in {"block", "unblock"}:
                accounts.change(who.name, name, blocked=action == "block")
            else:
                raise Refused(Code.NOT_FOUND)
        except MusterError as error:
            return _people(site, request, who, error)
        return see_other("/accounts")

    return router


def _people(site: Site, request: Request, who: Who, failure: MusterError | None = None, **told: Any) -> Response:
    accounts = site.visitors.accounts
    told = {"secret": None, **told}
    return site.show(
        request, who, "accounts.html", failure, accounts=accounts.store.accounts(), roles=list(accounts.roles), **told
    )

"""Who did what, and who may: the audit, and the accounts and tokens."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, MusterError, Refused
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import status_of
from muster.vendor.service.access import ACCOUNTS, AUDIT, ERASE
from muster.vendor.web.lists import search_of, shown
from muster.vendor.web.site import Site

Sent = Annotated[Form, Depends(read_form)]


def audit(site: Site) -> APIRouter:
    """The router of ``/audit``."""
    router = site.router()

    @router.get("/audit")
    def list_(request: Request) -> Response:
        who, search = site.who(request, AUDIT), search_of(request)
        found = site.vendor.store.run(lambda books: books.list_audit(search))
        return site.show(request, who, "audit.html", list=shown(request, search, found), may_erase=who.may(ERASE))

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
        name, told = form.text("name", 64), dict[str, Any]()
        try:
            if name == who.name and action in {"reset", "block", "role"}:
                raise Refused(Code.NOT_ALLOWED, "nobody locks himself out here", "Ask another administrator.")
            if action in {"add", "reset"}:
                is_new = action == "add"
                made = accounts.add(who.name, name, form.text("role")) if is_new else accounts.reset(who.name, name)
                told = {"secret": made.password, "about": made.name, "until": made.until}
            elif action == "role":
                accounts.change(who.name, name, role=form.text("role"))
            elif action in {"block", "unblock"}:
                accounts.change(who.name, name, blocked=action == "block")
            elif action == "token":
                text = accounts.issue_token(
                    who.name, name, form.text("account", 64), frozenset(form.texts("scope")), form.number("days") or 0
                )
                told = {"secret": text, "about": name, "until": None}
            elif action == "end-token":
                accounts.end_token(who.name, name)
            else:
                raise Refused(Code.NOT_FOUND)
        except MusterError as error:
            return _people(site, request, who, error)
        return _people(site, request, who, **told)

    return router


def _people(site: Site, request: Request, who: Who, error: MusterError | None = None, **told: Any) -> Response:
    accounts = site.visitors.accounts
    return site.show(
        request,
        who,
        "accounts.html",
        status_of(error) if error else 200,
        error=site.pages.explain(request, error) if error else None,
        accounts=accounts.store.accounts(),
        tokens=accounts.store.tokens(),
        roles=[(role, role) for role in accounts.roles],
        scopes=sorted(set().union(*accounts.roles.values())),
        **{"secret": None, **told},
    )

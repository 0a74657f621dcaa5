"""Who may log in, and which programs hold tokens: the page at ``/accounts`` of every program that has accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, MusterError, Refused
from muster.platform.accounts import Accounts, Who
from muster.platform.pages.forms import Form, read_form
from muster.platform.pages.pages import Pages, status_of
from muster.platform.pages.visitors import Visitors

PATH = "/accounts"
DAYS = 90
MAX_NAME = 64

Sent = Annotated[Form, Depends(read_form)]


class Site(Protocol):
    """What a program's pages stand on."""

    @property
    def pages(self) -> Pages:
        """Its templates."""

    @property
    def visitors(self) -> Visitors:
        """Its sessions."""

    def who(self, request: Request, scope: str) -> Who:
        """Whoever is logged in and may do `scope`."""

    def form_of(self, request: Request, form: Form, scope: str) -> Who:
        """The same of whoever sent a form of ours."""


def people(site: Site, scope: str, language: str, told: str, offered: Iterable[str]) -> APIRouter:
    """The router of the page, for whoever may do `scope`. `told` says what the roles may do, `offered` what tokens open."""
    router = site.pages.router()
    accounts = site.visitors.accounts

    @router.get(PATH)
    def list_(request: Request) -> Response:
        return show(request, site.who(request, scope))

    @router.post(PATH + "/{action}")
    def act(request: Request, action: str, form: Sent) -> Response:
        who = site.form_of(request, form, scope)
        try:
            return show(request, who, **_done(accounts, who, action, form))
        except MusterError as error:
            return show(request, who, error)

    def show(request: Request, who: Who, failure: MusterError | None = None, **context: Any) -> Response:
        return site.pages.render(
            request,
            "accounts.html",
            status_of(failure) if failure else 200,
            language,
            who=who,
            error=site.pages.explain(request, failure) if failure else None,
            accounts=accounts.store.accounts(),
            tokens=accounts.store.tokens(),
            roles=list(accounts.roles),
            scopes=sorted(offered),
            told=told,
            days=DAYS,
            **{"secret": None, **context},
        )

    return router


def _done(accounts: Accounts, who: Who, action: str, form: Form) -> dict[str, Any]:
    """Do what a form of the page asks for; what is shown once."""
    name = form.text("name", MAX_NAME)
    if name == who.name and action in {"reset", "block", "role", "remove"}:
        raise Refused(Code.NOT_ALLOWED, "nobody locks himself out here", "Ask another administrator.")
    if action in {"add", "reset"}:
        is_new = action == "add"
        made = accounts.add(who.name, name, form.text("role")) if is_new else accounts.reset(who.name, name)
        return {"secret": made.password, "about": made.name, "until": made.until}
    if action == "token":
        scopes, days = frozenset(form.texts("scope")), form.number("days") or 0
        text = accounts.issue_token(who.name, name, form.text("account", MAX_NAME), scopes, days)
        return {"secret": text, "about": name, "until": None}
    if action == "role":
        accounts.change(who.name, name, role=form.text("role"))
    elif action in {"block", "unblock"}:
        accounts.change(who.name, name, blocked=action == "block")
    elif action == "remove":
        accounts.remove(who.name, name)
    elif action == "end-token":
        accounts.end_token(who.name, name)
    else:
        raise Refused(Code.NOT_FOUND)
    return {}

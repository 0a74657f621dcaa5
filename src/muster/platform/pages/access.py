"""Log in, log out, change one's password: the pages at ``/login``, ``/logout`` and ``/password``."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, MusterError
from muster.platform.accounts.passwords import MAX_CHARACTERS
from muster.platform.pages.forms import Form, read_form
from muster.platform.pages.pages import LOGIN, Pages, see_other, status_of
from muster.platform.pages.visitors import Visitors, place

PASSWORD = "/password"  # noqa: S105 - a path
# A path of ours, and nothing that a browser might take for another site.
_OURS = re.compile(r"/(?:[A-Za-z0-9_.~-][A-Za-z0-9_.~/-]*)?")

Sent = Annotated[Form, Depends(read_form)]


def access(pages: Pages, visitors: Visitors, home: str, other: str = "") -> APIRouter:
    """The router of these pages. `home` is where somebody goes who asked for nothing else, `other` another way in."""
    router = pages.router()

    @router.get(LOGIN)
    def ask(request: Request) -> Response:
        wanted = ours(request.query_params.get("next", ""), home)
        return pages.render(request, "login.html", next=wanted, name="", other=other)

    @router.post(LOGIN)
    def log_in(request: Request, form: Sent) -> Response:
        wanted = ours(form.text("next"), home)
        name = form.text("name", 64)
        try:
            secret = visitors.accounts.log_in(name, form.text("password", MAX_CHARACTERS), place(request))
        except MusterError as error:
            told = pages.explain(request, error)
            return pages.render(
                request, "login.html", status_of(error), next=wanted, name=name, error=told, other=other
            )
        if visitors.accounts.visitor(secret).must_change:
            wanted = PASSWORD
        return visitors.come(see_other(wanted), secret)

    @router.post("/logout")
    def log_out(request: Request, form: Sent) -> Response:
        visitors.who(request).check_form(form.text("form"))
        return visitors.go(request, see_other(LOGIN))

    @router.get(PASSWORD)
    def ask_password(request: Request) -> Response:
        return pages.render(request, "password.html", who=visitors.who(request))

    @router.post(PASSWORD)
    def change_password(request: Request, form: Sent) -> Response:
        who = visitors.who(request)
        who.check_form(form.text("form"))
        old, new, again = (form.text(name, 2 * MAX_CHARACTERS) for name in ("old", "new", "again"))
        try:
            if new != again:
                raise Misconfigured(Code.PASSWORD_WEAK, "the new password was not typed the same twice")
            secret = visitors.accounts.change_password(who.name, old, new, place(request))
        except MusterError as error:
            told = pages.explain(request, error)
            return pages.render(request, "password.html", status_of(error), who=who, error=told)
        return visitors.come(see_other(home), secret)

    return router


def ours(path: str, otherwise: str) -> str:
    """A path of this site, or `otherwise`: nobody is sent elsewhere after a log-in."""
    return path if _OURS.fullmatch(path) else otherwise

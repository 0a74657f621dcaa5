"""Who did what, and who may: the audit, and the accounts."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.console.service.access import ACCOUNTS, AUDIT
from muster.console.web.programs import SCOPES
from muster.console.web.site import LANGUAGES, Site
from muster.platform.pages.people import people as accounts_page

SIZE = 100
MAX_PAGE = 100_000
ROLES_TOLD = (
    "Viewers look; operators act on machines; admins also find and remove machines, activate directories, keep keys, read "
    "the audit and manage people. Programs hold tokens."
)


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
    return accounts_page(site, ACCOUNTS, LANGUAGES[0], ROLES_TOLD, SCOPES)

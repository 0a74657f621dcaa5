"""Who did what, and who may: the audit, and the accounts and tokens."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.platform.pages.people import people as accounts_page
from muster.vendor.service.access import ACCOUNTS, AUDIT, ERASE, ROLES
from muster.vendor.web.lists import search_of, shown
from muster.vendor.web.site import LANGUAGES, Site

ROLES_TOLD = (
    "Operators look, confirm and grant exceptions; auditors look at everything and change nothing; admins do all of it. "
    "Programs hold tokens."
)


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
    return accounts_page(site, ACCOUNTS, LANGUAGES[0], ROLES_TOLD, set().union(*ROLES.values()))

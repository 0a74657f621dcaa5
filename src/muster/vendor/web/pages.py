"""All pages for people, put on an application: the portal for strangers, the rest behind a log-in."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from muster.platform.accounts import Accounts
from muster.platform.openid.exchange import Identities
from muster.platform.pages.access import access
from muster.platform.pages.openid import by_identity
from muster.platform.pages.pages import see_other, static_files
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.activations import activations
from muster.vendor.web.bundles import bundles
from muster.vendor.web.customers import customers
from muster.vendor.web.described import described
from muster.vendor.web.erasing import erasing
from muster.vendor.web.keys import keys
from muster.vendor.web.keysets import keysets
from muster.vendor.web.limits import Limits
from muster.vendor.web.operator import operator
from muster.vendor.web.overview import overview
from muster.vendor.web.portal import portal
from muster.vendor.web.products import products
from muster.vendor.web.records import audit, people
from muster.vendor.web.site import MENU, Site, make_site
from muster.vendor.web.webhooks import hooks

HOME = "/home"


def add_pages(
    app: FastAPI, vendor: Vendor, accounts: Accounts, limits: Limits | None = None, identities: Identities | None = None
) -> None:
    """Put every page on the application. `limits` refuse strangers who ask too often; `identities` is another way in."""
    site = make_site(vendor, accounts, limits or Limits(vendor.clock))
    app.mount("/static", static_files())
    other = identities.provider.name if identities else ""
    app.include_router(access(site.pages, site.visitors, HOME, other))
    if identities:
        app.include_router(by_identity(site.pages, site.visitors, identities, vendor, HOME))
    for room in (
        home,
        portal,
        bundles,
        described,
        operator,
        overview,
        keys,
        customers,
        activations,
        products,
        keysets,
        hooks,
        audit,
        erasing,
        people,
    ):
        app.include_router(room(site))


def home(site: Site) -> APIRouter:
    """Where somebody goes after a log-in: the first page of the menu that the role may see."""
    router = site.router()

    @router.get(HOME)
    def first(request: Request) -> Response:
        who = site.visitors.who(request)
        return see_other(next((address for address, _, scope in MENU if who.may(scope)), "/password"))

    return router

"""What all pages of the vendor stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request

from muster.platform.accounts import Accounts, Who
from muster.platform.pages import Catalogue, Pages, Visitors
from muster.vendor.service.vendor import NAME, Vendor

HERE = Path(__file__).parent
LANGUAGES = ("en", "de")

Limit = Callable[[Request], None]


@dataclass(frozen=True)
class Site:
    """A vendor, its pages and who is logged in. `limit` refuses a stranger who asks too often, with RATE_LIMITED."""

    vendor: Vendor
    pages: Pages
    visitors: Visitors
    limit: Limit

    def router(self) -> APIRouter:
        """A router for pages of this site."""
        return self.pages.router()

    def who(self, request: Request, scope: str) -> Who:
        """Whoever is logged in, if that one may do `scope`; else `Refused` with SESSION_ENDED or NOT_ALLOWED."""
        who = self.visitors.who(request)
        who.need(scope)
        return who

    def acting(self, who: Who) -> Vendor:
        """The vendor, with audit rows in this name."""
        return self.vendor.acting(who.name)


def make_site(vendor: Vendor, accounts: Accounts, limit: Limit) -> Site:
    """The site of a vendor."""
    owner = vendor.store.run(lambda books: books.setting(NAME)) or "Muster"
    pages = Pages(HERE / "templates", Catalogue(HERE / "texts", LANGUAGES), owner=owner)
    return Site(vendor, pages, Visitors(accounts), limit)

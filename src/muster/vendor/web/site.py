"""What all pages of the vendor stand on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import MusterError
from muster.platform.accounts import Accounts, Who
from muster.platform.pages import Catalogue, Form, Pages, Visitors
from muster.vendor.service.access import ACCOUNTS, AUDIT, CONFIRM, READ, WEBHOOKS
from muster.vendor.service.vendor import NAME, Vendor
from muster.vendor.web.limits import Limits

HERE = Path(__file__).parent
LANGUAGES = ("en", "de")

# Address, name and the scope somebody needs to see it.
MENU = (
    ("/operator", "Confirm", CONFIRM),
    ("/overview", "Overview", READ),
    ("/keys", "Keys", READ),
    ("/organisations", "Organisations", READ),
    ("/activations", "Activations", READ),
    ("/products", "Products", READ),
    ("/keysets", "Keysets", READ),
    ("/webhooks", "Webhooks", WEBHOOKS),
    ("/audit", "Audit", AUDIT),
    ("/accounts", "Accounts", ACCOUNTS),
)


@dataclass(frozen=True)
class Site:
    """A vendor, its pages and who is logged in. `limits` refuse a stranger who asks too often, with RATE_LIMITED."""

    vendor: Vendor
    pages: Pages
    visitors: Visitors
    limits: Limits

    def router(self) -> APIRouter:
        """A router for pages of this site."""
        return self.pages.router()

    def who(self, request: Request, scope: str) -> Who:
        """Whoever is logged in, if that one may do `scope`; else `Refused` with SESSION_ENDED or NOT_ALLOWED."""
        who = self.visitors.who(request)
        who.need(scope)
        return who

    def form_of(self, request: Request, form: Form, scope: str) -> Who:
        """Whoever sent a form of a page behind the log-in: `who`, and `Refused` with FORM_OUTDATED for a foreign one."""
        who = self.who(request, scope)
        who.check_form(form.text("form"))
        return who

    def show(self, request: Request, who: Who, template: str, status: int = 200, **context: Any) -> Response:
        """A page behind the log-in; these are in English."""
        return self.pages.render(request, template, status, LANGUAGES[0], who=who, **context)

    def told(self, request: Request, error: MusterError | None) -> dict[str, object] | None:
        """A failure for a page behind the log-in, if there is one."""
        return self.pages.explain(request, error, LANGUAGES[0]) if error else None

    def acting(self, who: Who) -> Vendor:
        """The vendor, with audit rows in this name."""
        return self.vendor.acting(who.name)


def make_site(vendor: Vendor, accounts: Accounts, limits: Limits) -> Site:
    """The site of a vendor."""
    owner = vendor.store.run(lambda books: books.setting(NAME)) or "Muster"
    visitors = Visitors(accounts)
    pages = Pages(HERE / "templates", Catalogue(HERE / "texts", LANGUAGES), visitors, owner=owner, menu=MENU)
    return Site(vendor, pages, visitors, limits)

"""All pages for people, put on an application: the portal for strangers, the rest behind a log-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI
from starlette.requests import Request

from muster.platform.accounts import Accounts, AccountStore
from muster.platform.pages.pages import static_files
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.portal import portal
from muster.vendor.web.site import make_site

READ, CONFIRM, EXCEPT, KEYS, CUSTOMERS, AUDIT, ACCOUNTS = (
    "read",
    "confirm",
    "except",
    "keys",
    "customers",
    "audit",
    "accounts",
)
ROLES = {
    "admin": frozenset({READ, CONFIRM, EXCEPT, KEYS, CUSTOMERS, AUDIT, ACCOUNTS}),
    "operator": frozenset({READ, CONFIRM, EXCEPT}),
    "auditor": frozenset({READ, AUDIT}),
}


def vendor_accounts(vendor: Vendor, store: AccountStore) -> Accounts:
    """The accounts of a vendor: what is done to them is written into the vendor's own audit."""

    def record(actor: str, action: str, subject: str, details: Mapping[str, object]) -> None:
        vendor.store.run(lambda books: vendor.acting(actor).write(books, action, subject, **details))

    return Accounts(store, vendor.clock, vendor.entropy, ROLES, record)


def no_limit(request: Request) -> None:
    """For tests and for a service that is not on the Internet."""


def add_pages(app: FastAPI, vendor: Vendor, accounts: Accounts, limit: Callable[[Request], None] = no_limit) -> None:
    """Put every page on the application. `limit` refuses strangers who ask too often."""
    site = make_site(vendor, accounts, limit)
    app.mount("/static", static_files())
    for room in (portal,):
        app.include_router(room(site))

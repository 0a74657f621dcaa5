"""All endpoints of the vendor's programs, put on an application."""

from __future__ import annotations

from fastapi import FastAPI

from muster.platform.accounts import Accounts
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.catalogue import catalogue
from muster.vendor.web.admin.customers import customers
from muster.vendor.web.admin.erasing import erasing
from muster.vendor.web.admin.gate import Gate
from muster.vendor.web.admin.given import given
from muster.vendor.web.admin.keys import keys
from muster.vendor.web.admin.keysets import keysets
from muster.vendor.web.admin.people import people
from muster.vendor.web.admin.webhooks import webhooks


def add_admin(app: FastAPI, vendor: Vendor, accounts: Accounts) -> None:
    """Put every endpoint on the application."""
    gate = Gate(accounts)
    for room in (customers, keys, given, catalogue, keysets, webhooks, erasing):
        app.include_router(room(vendor, gate))
    app.include_router(people(vendor, accounts, gate))

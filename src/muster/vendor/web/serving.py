"""The application that `muster vendor serve` runs: API, pages, and what operators of the service watch."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from muster import __version__
from muster.platform.accounts import Accounts
from muster.platform.openid.exchange import Identities
from muster.platform.pages.problems import describe_problems
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.site import add_admin
from muster.vendor.web.api import Confirming, api
from muster.vendor.web.bodies import CappedBodies
from muster.vendor.web.limits import Limits
from muster.vendor.web.pages import add_pages
from muster.vendor.web.problems import add_problems
from muster.vendor.web.quick import QuickActivations
from muster.vendor.web.watching import Watched, add_watching


def create_app(
    vendor: Vendor, accounts: Accounts, limits: Limits | None = None, identities: Identities | None = None
) -> FastAPI:
    """API and pages of a vendor whose keys are unlocked; with `identities` people may log in elsewhere."""
    limits = limits or Limits(vendor.clock)
    # The usual page at /docs loads scripts from strangers' servers; ours is in web/described.py.
    app = FastAPI(title="Muster vendor", version=__version__, docs_url=None, redoc_url=None)
    registry = CollectorRegistry()
    add_problems(app)
    confirming = Confirming(vendor, limits)
    app.include_router(api(vendor, limits, confirming))
    add_admin(app, vendor, accounts)
    add_watching(app, vendor, registry)
    add_pages(app, vendor, accounts, limits, identities)

    async def activate(digits: str) -> bytes:
        return (await confirming.activate(digits)).model_dump_json().encode()

    app.add_middleware(QuickActivations, activate=activate)
    app.add_middleware(CappedBodies, limits=limits)
    app.add_middleware(Watched, registry=registry)
    describe_problems(app)
    return app

"""The application that `muster vendor serve` runs: API, pages, and what operators of the service watch."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from muster import __version__
from muster.platform.accounts import Accounts
from muster.platform.openid.exchange import Identities
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.site import add_admin
from muster.vendor.web.api import Problem, api
from muster.vendor.web.bodies import CappedBodies
from muster.vendor.web.limits import Limits
from muster.vendor.web.pages import add_pages
from muster.vendor.web.problems import add_problems


def create_app(
    vendor: Vendor, accounts: Accounts, limits: Limits | None = None, identities: Identities | None = None
) -> FastAPI:
    """API and pages of a vendor whose keys are unlocked; with `identities` people may log in elsewhere."""
    limits = limits or Limits(vendor.clock)
    # The usual page at /docs loads scripts from strangers' servers; /openapi.json is there for any viewer.
    app = FastAPI(title="Muster vendor", version=__version__, docs_url=None, redoc_url=None)
    registry = CollectorRegistry()
    add_problems(app)
    app.include_router(api(vendor, limits))
    add_admin(app, vendor, accounts)
    _add_watching(app, vendor, registry)
    add_pages(app, vendor, accounts, limits, identities)
    app.add_middleware(CappedBodies, limits=limits)
    app.add_middleware(_Counted, registry=registry)
    _describe_problems(app)
    return app


def _add_watching(app: FastAPI, vendor: Vendor, registry: CollectorRegistry) -> None:
    @app.get("/health", include_in_schema=False)
    async def health() -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    @app.get("/ready", include_in_schema=False)
    def ready() -> Response:
        """The database answers and the keysets hold; 503 otherwise."""
        return JSONResponse({"status": "ready", "keyset": vendor.keysets().version})

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        """Counters of this node, for Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _describe_problems(app: FastAPI) -> None:
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = described  # type: ignore[method-assign]


class _Counted:
    """Counts answers by route and status; an address that is no route is counted as one."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._answers = Counter(
            "muster_vendor_answers", "Answers by route and status.", ("route", "status"), registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                self._answers.labels(route, message["status"]).inc()
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)

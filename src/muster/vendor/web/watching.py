"""What operators of the service watch: health, readiness, counters, and a line in the log for each answer."""

from __future__ import annotations

import logging
from asyncio import get_running_loop

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from muster.base.log import event
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.limits import prefix_of

UNHURT = 500
QUIET = frozenset({"/health", "/ready", "/metrics"})
"""Asked by machines every few seconds: logged only when they fail."""


def add_watching(app: FastAPI, vendor: Vendor, registry: CollectorRegistry) -> None:
    """Put /health, /ready and /metrics on the application."""

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


class Watched:
    """Counts and logs answers by route, method and status; an address that is no route is counted as one.

    What a path, a query, a header or a body holds never reaches the log: it may be a key, a token or an installation id.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._answers = Counter(
            "muster_vendor_answers", "Answers by route and status.", ("route", "status"), registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = get_running_loop()
        begun = loop.time()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._tell(scope, message["status"], loop.time() - begun)
            await send(message)

        await self._app(scope, receive, watched)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._answers.labels(route, status).inc()
        if route in QUIET and status < UNHURT:
            return
        client = scope.get("client")
        event(
            "vendor",
            "vendor.answered",
            logging.WARNING if status >= UNHURT else logging.INFO,
            route=route,
            method=scope["method"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
            prefix=prefix_of(client[0]) if client else "",
        )

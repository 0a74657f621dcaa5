"""The first page behind the log-in: how many there are, what happened lately, what needs somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.config import load_text
from muster.platform.pages.charts import bars
from muster.vendor.core.definition import Definition
from muster.vendor.ports import Books
from muster.vendor.service.access import READ
from muster.vendor.service.vendor import FINGERPRINT
from muster.vendor.web.site import Site

DAYS = 90
NEARLY_EXHAUSTED = 10


def overview(site: Site) -> APIRouter:
    """The router of ``/overview``."""
    router = site.router()

    @router.get("/overview")
    def show(request: Request) -> Response:
        who = site.who(request, READ)
        now = site.vendor.clock.now()
        since = now - timedelta(days=DAYS - 1)

        def work(books: Books) -> dict[str, Any]:
            text = books.definition()
            return {
                "totals": books.totals(),
                "days": books.activations_per_day(since.replace(hour=0, minute=0, second=0, microsecond=0)),
                "nearly": books.nearly_exhausted(NEARLY_EXHAUSTED),
                "editions": load_text(Definition, text, "the imported definition").edition if text else (),
                "fingerprint": books.setting(FINGERPRINT),
            }

        facts = site.vendor.store.run(work)
        chart = bars(facts.pop("days"), since.date(), now.date(), "Activations")
        keyset = site.vendor.keysets().newest
        return site.show(request, who, "overview.html", chart=chart, keyset=keyset, **facts)

    return router

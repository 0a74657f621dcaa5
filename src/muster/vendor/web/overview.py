"""The first page behind the log-in: how many there are, what happened lately, what needs somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.config import load_text
from muster.platform.pages.charts import Bar, bars, rows
from muster.vendor.core.definition import Definition
from muster.vendor.core.webhooks import DeliveryState
from muster.vendor.ports import Books, KeyRow, Search
from muster.vendor.service.access import READ, WEBHOOKS
from muster.vendor.service.vendor import FINGERPRINT
from muster.vendor.web.lists import number
from muster.vendor.web.site import Site

DAYS = 90
PERIODS = (30, DAYS, 365)
NEARLY_EXHAUSTED = 10
WHOLE = 100


def overview(site: Site) -> APIRouter:
    """The router of ``/overview``."""
    router = site.router()

    @router.get("/overview")
    def show(request: Request) -> Response:
        who = site.who(request, READ)
        now, asked = site.vendor.clock.now(), number(request.query_params.get("days", ""))
        days = asked if asked in PERIODS else DAYS
        since = now - timedelta(days=days - 1)

        def work(books: Books) -> dict[str, Any]:
            text = books.definition()
            return {
                "totals": books.totals(),
                "days": books.activations_per_day(since.date()),
                "nearly": books.nearly_exhausted(NEARLY_EXHAUSTED),
                "editions": load_text(Definition, text, "the imported definition").edition if text else (),
                "fingerprint": books.setting(FINGERPRINT),
                "given_up": books.list_deliveries(Search(state=DeliveryState.DEAD, size=1)),
            }

        facts = site.vendor.store.run(work)
        context: dict[str, Any] = {
            "chart": bars(facts.pop("days"), since.date(), now.date(), "Activations"),
            "pools": rows([_pool(key) for key in facts["nearly"]], "Keys nearly used up, the fullest first"),
            "keyset": site.vendor.keysets().newest,
            "days": days,
            "periods": PERIODS,
            "may_hooks": who.may(WEBHOOKS),
        }
        return site.show(request, who, "overview.html", **context, **facts)

    return router


def _pool(key: KeyRow) -> Bar:
    """A key as a row of the chart: how much of its pool is used, in hundredths."""
    style = "bar-warn" if key.used < key.activations else "bar-bad"
    told = f"{key.used:,} of {key.activations:,}"
    return Bar(f"…{key.partial} {key.organisation.name}", key.used * WHOLE // key.activations, WHOLE, style, told)

"""Endpoints of what is sold: the product definition, and figures of all of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel
from starlette.responses import Response

from muster.base.config import load_text
from muster.base.errors import Code, Malformed, Refused
from muster.vendor.core.definition import Definition
from muster.vendor.ports import Books
from muster.vendor.service.access import CUSTOMERS, READ
from muster.vendor.service.setting_up import import_product
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.answers import KeyAnswer
from muster.vendor.web.admin.gate import Asking, Gate, admin_router

NEARLY = 100
MAX_DAYS = 400
TOML = "application/toml"


class FiguresAnswer(BaseModel):
    """How many there are, how many came on each day, and which keys are nearly used up."""

    organisations: int
    keys: int
    machines: int
    certificates: int
    activations: dict[date, int]
    nearly_exhausted: list[KeyAnswer]


class EditionAnswer(BaseModel):
    """An edition that keys are sold for."""

    id: int
    name: str
    product: str
    group: str


def catalogue(vendor: Vendor, gate: Gate) -> APIRouter:
    """The router of ``/figures``, ``/editions`` and ``/product``."""
    router = admin_router("products")

    @router.get("/figures", dependencies=gate.needs(READ))
    def figures(days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = 90) -> FiguresAnswer:
        """Figures of the last `days` days. Days without an activation are left out."""
        since = vendor.clock.now() - timedelta(days=days - 1)

        def work(books: Books) -> FiguresAnswer:
            totals = books.totals()
            return FiguresAnswer(
                organisations=totals.organisations,
                keys=totals.keys,
                machines=totals.machines,
                certificates=totals.hosts,
                activations=dict(books.activations_per_day(since.date())),
                nearly_exhausted=[KeyAnswer.of(row) for row in books.nearly_exhausted(NEARLY)],
            )

        return vendor.store.run(work)

    @router.get("/editions", dependencies=gate.needs(READ))
    def editions() -> list[EditionAnswer]:
        """The editions of the definition that holds."""
        definition = load_text(Definition, _definition(vendor), "the imported definition")
        return [EditionAnswer(id=e.id, name=e.name, product=e.product, group=e.group) for e in definition.edition]

    @router.get("/product", dependencies=gate.needs(READ), response_class=Response)
    def product() -> Response:
        """The product definition that holds, as TOML."""
        return Response(_definition(vendor), media_type=TOML)

    @router.put("/product", dependencies=gate.needs(CUSTOMERS), status_code=204)
    def import_(text: Annotated[bytes, Body(media_type=TOML)], who: Asking) -> None:
        """Make another product definition the one that holds; ids never change their meaning."""
        try:
            import_product(vendor.acting(who.name), text.decode(), "the definition")
        except UnicodeDecodeError as error:
            raise Malformed(Code.MESSAGE_MALFORMED, "the definition is not UTF-8") from error

    return router


def _definition(vendor: Vendor) -> str:
    text = vendor.store.run(lambda books: books.definition())
    if text is None:
        raise Refused(Code.NOT_FOUND, "no product definition was imported yet", "Send one with PUT.")
    return text

"""Products and editions: the definition that holds, another one in its place, and the file that machines install."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.config import load_text
from muster.base.errors import Code, Malformed, Misconfigured, MusterError
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.headers import secured
from muster.platform.pages.pages import status_of
from muster.vendor.core.definition import Definition
from muster.vendor.service.access import CUSTOMERS, READ
from muster.vendor.service.publishing import published_product
from muster.vendor.service.setting_up import import_product
from muster.vendor.web.site import Site

PATH = "/products"
MAX_DEFINITION_BYTES = 256 * 1024

Sent = Annotated[Form, Depends(read_form)]


def products(site: Site) -> APIRouter:
    """The router of ``/products``."""
    router = site.router()

    @router.get(PATH)
    def show(request: Request) -> Response:
        return _show(site, request, site.who(request, READ))

    @router.post(PATH)
    def import_(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, CUSTOMERS)
        try:
            import_product(site.acting(who), _definition(form), "the definition")
        except MusterError as error:
            return _show(site, request, who, error)
        return _show(site, request, who, is_new=True)

    @router.get(PATH + "/definition")
    def definition(request: Request) -> Response:
        site.who(request, READ)
        text = site.vendor.store.run(lambda books: books.definition()) or ""
        return _file(text, "product.toml", "application/toml")

    @router.get(PATH + "/file")
    def file(request: Request) -> Response:
        site.who(request, READ)
        return _file(published_product(site.vendor), "product.muster", "text/plain; charset=us-ascii")

    return router


def _file(text: str, name: str, media: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return secured(Response(text, media_type=media, headers=headers))


def _definition(form: Form) -> str:
    data = form.files.get("definition")
    if data is None:
        raise Misconfigured(Code.USAGE, "no file was chosen", "Choose a definition, a TOML file.")
    if len(data) > MAX_DEFINITION_BYTES:
        raise Malformed(Code.MESSAGE_MALFORMED, "this file is too large for a definition")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed(Code.MESSAGE_MALFORMED, "the definition is not UTF-8") from error


def _show(
    site: Site, request: Request, who: Who, error: MusterError | None = None, *, is_new: bool = False
) -> Response:
    text = site.vendor.store.run(lambda books: books.definition())
    return site.show(
        request,
        who,
        "products.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        editions=load_text(Definition, text, "the imported definition").edition if text else (),
        is_new=is_new,
        may_change=who.may(CUSTOMERS),
    )

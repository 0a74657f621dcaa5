"""Request bundles on the portal: a file in, a file back, and what became of the rows. Nothing of it is kept on the server."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Malformed, MusterError
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import status_of
from muster.vendor.service.bundling import confirm_bundle, references_in
from muster.vendor.web.portal import as_download, query
from muster.vendor.web.site import Site

MAX_SHOWN = 100

Sent = Annotated[Form, Depends(read_form)]


def bundles(site: Site) -> APIRouter:
    """The router of ``/bundle``."""
    router = site.router()

    @router.get("/bundle")
    def ask(request: Request) -> Response:
        return site.pages.render(request, "bundle.html", query=query(request), done=None)

    @router.post("/bundle")
    def answer(request: Request, form: Sent) -> Response:
        try:
            site.limits.address(request.client)
            if "file" not in form.files:
                raise Malformed(Code.MESSAGE_MALFORMED, "no file was chosen", "Choose a request bundle.")
            site.limits.bundle(request.client, references_in(form.files["file"]))
            done = confirm_bundle(site.vendor, form.files["file"])
        except MusterError as error:
            told = site.pages.explain(request, error)
            return site.pages.render(
                request, "bundle.html", status_of(error), error=told, query=query(request), done=None
            )
        refused = ((number, error) for number, error in enumerate(done.refusals, 1) if error)
        return site.pages.render(
            request,
            "bundle.html",
            done=done,
            refused=[
                (number, done.names[number - 1], site.pages.explain(request, error))
                for number, error in islice(refused, MAX_SHOWN)
            ],
            more=max(0, len(done.refusals) - done.confirmed - MAX_SHOWN),
            file=as_download(done.file),
            query=query(request),
        )

    return router

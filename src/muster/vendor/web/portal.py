"""The activation portal: a stranger's installation id in, its confirmation out. No log-in, no cookie, no JavaScript."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Malformed, MusterError
from muster.platform import qr
from muster.platform.pages import Form, read_form
from muster.platform.pages.pages import markup, status_of
from muster.vendor.service.confirming import Confirmation, confirm_packed
from muster.vendor.web import typed
from muster.vendor.web.site import Site
from muster.wire.calendar import day_start
from muster.wire.confirmation import PermanentConfirmation, unpack_confirmation
from muster.wire.installation import unpack_installation

Sent = Annotated[Form, Depends(read_form)]


def portal(site: Site) -> APIRouter:
    """The portal's pages at ``/``."""
    router = site.router()

    @router.get("/")
    def ask(request: Request) -> Response:
        return _ask(site, request)

    @router.post("/")
    def answer(request: Request, form: Sent) -> Response:
        text = ""
        try:
            site.limits.address(request.client)
            text = typed.given(form)
            installation = typed.packed(text)
            site.limits.key(unpack_installation(installation).reference)
            done = confirm_packed(site.vendor, installation, replaces=form.number("replaces"))
        except MusterError as error:
            return _ask(site, request, form, text, error)
        return confirmed(site, request, done, "confirmation.html")

    return router


def confirmed(site: Site, request: Request, done: Confirmation, template: str, **context: Any) -> Response:
    """The page of a confirmation in its four forms: digits, QR code, file and mail."""
    kind = unpack_installation(done.installation).kind.name.lower()
    confirmation = unpack_confirmation(done.packed)
    end_day = confirmation.end_day if isinstance(confirmation, PermanentConfirmation) else 0
    language, catalogue = site.pages.language(request), site.pages.catalogue
    mail = catalogue.text(
        language,
        "confirmation.mail_text",
        installation=typed.digits(done.installation),
        confirmation=done.digits,
        how=catalogue.text(language, f"confirmation.digits_hint.{kind}"),
    )
    subject = catalogue.text(language, "confirmation.mail_subject")
    return site.pages.render(
        request,
        template,
        kind=kind,
        serial=done.serial,
        until=day_start(end_day).date() if end_day else None,
        groups=done.digits.split("-"),
        qr=markup(qr.draw(done.digits.replace("-", ""))),
        file=as_download(done.file),
        command=done.digits.replace("-", ""),
        mail=mail,
        mail_link=f"mailto:?subject={quote(subject)}&body={quote(mail.replace(chr(10), chr(13) + chr(10)))}",
        query=query(request),
        **context,
    )


def as_download(text: str) -> str:
    """A text as the address of a download: nothing of it is kept on the server."""
    return f"data:text/plain;charset=us-ascii,{quote(text)}"


def query(request: Request) -> str:
    """What keeps the language that was asked for in the next address."""
    asked = request.query_params.get("lang")
    return f"?lang={quote(asked, safe='')}" if asked else ""


def _ask(
    site: Site, request: Request, form: Form | None = None, text: str = "", error: MusterError | None = None
) -> Response:
    shown = typed.groups(text) if isinstance(error, Malformed) else ()
    return site.pages.render(
        request,
        "portal.html",
        status_of(error) if error else 200,
        error=site.pages.explain(request, error) if error else None,
        groups=shown if any(not group.is_good for group in shown) else (),
        typed=text[:4000],
        replaces=next(iter(form.texts("replaces")), "")[:12] if form else "",
        query=query(request),
    )

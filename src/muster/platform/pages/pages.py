"""Templates into responses, and failures into pages that say what happened and what to do next."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, StoreFailed, Unreachable, Untrusted
from muster.platform.accounts import Who
from muster.platform.pages.catalogue import Catalogue
from muster.platform.pages.headers import secured
from muster.platform.pages.visitors import Visitors

HERE = Path(__file__).parent
STATIC = HERE / "static"
LOGIN = "/login"
_SEE_OTHER = 303
_STATUS = {
    Code.NOT_FOUND: 404,
    Code.SESSION_ENDED: 401,
    Code.LOGIN_REFUSED: 401,
    Code.NOT_ALLOWED: 403,
    Code.FORM_OUTDATED: 403,
    Code.RATE_LIMITED: 429,
    Code.INTERNAL: 500,
}
_log = logging.getLogger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Pages:
    """A program's pages. `templates` is its folder; `facts` are values every template sees, like the vendor's name.

    `visitors` know who is logged in, where somebody can be.
    """

    def __init__(
        self, templates: Path, catalogue: Catalogue, visitors: Visitors | None = None, **facts: object
    ) -> None:
        self.catalogue = catalogue
        self._visitors = visitors
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(templates), FileSystemLoader(HERE / "templates")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(facts)

    def render(
        self, request: Request, template: str, status: int = 200, language: str | None = None, **context: object
    ) -> Response:
        """A template as a page, in the visitor's language unless told; ``t(key, …)`` in it is a text of the catalogue."""
        language = language or self.language(request)

        def text(key: str, **values: object) -> str:
            return self.catalogue.text(language, key, **values)

        html = self._environment.get_template(template).render(
            t=text,
            language=language,
            languages=self.catalogue.order,
            path=request.url.path,
            **{"who": None, "error": None, **context},
        )
        return secured(HTMLResponse(html, status, headers={"content-language": language, "vary": "accept-language"}))

    def language(self, request: Request) -> str:
        """The language a visitor asked for."""
        return self.catalogue.choose(request.query_params.get("lang"), request.headers.get("accept-language"))

    def explain(self, request: Request, error: MusterError, language: str | None = None) -> dict[str, object]:
        """A failure for a template: code, number, what happened, what to do; translated where the catalogue knows it."""
        language, code = language or self.language(request), error.code
        told = (
            self.catalogue.find(language, f"error.{code}.message"),
            self.catalogue.find(language, f"error.{code}.hint"),
        )
        is_foreign = language != self.catalogue.order[0]
        return {
            "code": str(code),
            "number": code.number,
            "message": (told[0] if is_foreign else None) or _sentence(error.message),
            "hint": (told[1] if is_foreign else None) or _sentence(error.hint),
        }

    def fail(self, request: Request, error: MusterError) -> Response:
        """The page of a failure; a stranger where somebody must be logged in goes to the log-in page."""
        if error.code is Code.SESSION_ENDED and request.method in {"GET", "HEAD"}:
            return see_other(f"{LOGIN}?next={quote(request.url.path, safe='/')}")
        who = self._who(request)
        language = self.catalogue.order[0] if who else self.language(request)  # as all pages behind the log-in
        told = self.explain(request, error, language)
        return self.render(request, "failure.html", status_of(error), language, who=who, error=told)

    def _who(self, request: Request) -> Who | None:
        """Whoever is logged in, as far as that can be told while something else fails."""
        if self._visitors is not None:
            with suppress(MusterError):
                return self._visitors.who(request)
        return None

    def router(self) -> APIRouter:
        """A router whose handlers may raise a `MusterError`; kept out of the API's description."""
        pages = self

        class PageRoute(APIRoute):
            def get_route_handler(self) -> Handler:
                handle = super().get_route_handler()

                async def guarded(request: Request) -> Response:
                    try:
                        return await handle(request)
                    except MusterError as error:
                        return pages.fail(request, error)
                    except RequestValidationError:
                        return pages.fail(request, Malformed(Code.USAGE, "the address is not complete"))

                return guarded

        return APIRouter(route_class=PageRoute, include_in_schema=False)


def see_other(address: str) -> Response:
    """Send the browser to a page of ours after a form was done."""
    return secured(RedirectResponse(address, _SEE_OTHER))


def static_files() -> StaticFiles:
    """Style sheet and icon, to be mounted at ``/static``."""
    return StaticFiles(directory=STATIC)


def status_of(error: MusterError) -> int:
    """The HTTP status of a failure."""
    if isinstance(error, Misconfigured):
        return 422
    if error.code in _STATUS:
        return _STATUS[error.code]
    if isinstance(error, StoreFailed | Unreachable):
        return 503
    return 422 if isinstance(error, Malformed | Untrusted) else 409


def markup(svg: str) -> Markup:
    """Markup that we made ourselves, never a stranger's text."""
    return Markup(svg)  # noqa: S704 - see above


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) or not text else ".")

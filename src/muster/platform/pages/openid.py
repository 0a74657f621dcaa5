"""Log-in by an identity provider: there at ``/login/openid``, and back again with a code."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import quote, unquote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from muster.base.clock import Clock
from muster.base.entropy import Entropy
from muster.base.errors import MusterError
from muster.platform.openid.entering import enter
from muster.platform.openid.exchange import Identities
from muster.platform.openid.settings import CALLBACK
from muster.platform.openid.tokens import SECRET_BYTES, Ask, read_answer
from muster.platform.pages.access import ours
from muster.platform.pages.headers import secured
from muster.platform.pages.pages import Pages, see_other, status_of
from muster.platform.pages.visitors import Visitors, place

START = "/login/openid"
COOKIE = "__Host-muster-openid"
MAX_AGE_SECONDS = 600
_SEE_OTHER = 303
_PARTS = 4


class Chance(Protocol):
    """Clock and chance of the service."""

    clock: Clock
    entropy: Entropy


def by_identity(pages: Pages, visitors: Visitors, identities: Identities, world: Chance, home: str) -> APIRouter:
    """The router of these pages. `home` is where somebody goes who asked for nothing else."""
    router = pages.router()
    name = identities.provider.name

    @router.get(START)
    def begin(request: Request) -> Response:
        wanted = ours(request.query_params.get("next", ""), home)
        try:
            visitors.accounts.begin_elsewhere(place(request))
            ask = Ask.of(world.entropy.token(3 * SECRET_BYTES))
            answer = secured(RedirectResponse(identities.address(ask), _SEE_OTHER))
        except MusterError as error:
            return _failed(request, wanted, error)
        answer.set_cookie(
            COOKIE,
            ":".join((ask.state, ask.nonce, ask.verifier, quote(wanted, safe=""))),
            max_age=MAX_AGE_SECONDS,
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return answer

    @router.get(CALLBACK)
    def back(request: Request) -> Response:
        ask, wanted = _begun(request.cookies.get(COOKIE, ""), home)
        try:
            begun, code = read_answer(identities.provider, ask, request.query_params)
            claims = identities.claims(begun, code, world.clock.now())
            secret = enter(visitors.accounts, identities.provider, claims, place(request))
        except MusterError as error:
            return _forget(_failed(request, wanted, error))
        return _forget(visitors.come(see_other(wanted), secret))

    def _failed(request: Request, wanted: str, error: MusterError) -> Response:
        told = pages.explain(request, error)
        return pages.render(request, "login.html", status_of(error), next=wanted, name="", error=told, other=name)

    return router


def _begun(cookie: str, home: str) -> tuple[Ask | None, str]:
    """What a browser took with it, and where it wanted to go; None and home for a browser that began nothing."""
    parts = cookie.split(":")
    if len(parts) != _PARTS or not all(parts):
        return None, home
    return Ask(*parts[:3]), ours(unquote(parts[3]), home)


def _forget(answer: Response) -> Response:
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer

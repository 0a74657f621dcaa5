"""Who may ask a program's API: a bearer token with the scope that an endpoint needs, and how refusals are told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Security
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends as Needs
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.platform.accounts import Accounts, Who
from muster.platform.pages.pages import status_of
from muster.platform.pages.problems import REFUSED, malformed, problem

MAX_TOKEN = 200
REFUSALS: dict[int | str, dict[str, Any]] = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 429, 500, 503), REFUSED)
_SCHEME = HTTPBearer(scheme_name="token", description="A token of an account, as its page issues it.", auto_error=False)
_NOT_OURS = 503

Sent = Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)]


class Gate:
    """Lets tokens of `accounts` in."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def needs(self, scope: str) -> Sequence[Needs]:
        """The dependency of an endpoint that wants `scope`; `asking` tells who it let in."""
        return [Security(self._check, scopes=[scope])]

    def _check(self, request: Request, wanted: SecurityScopes, sent: Sent) -> None:
        if sent is None or len(sent.credentials) > MAX_TOKEN:
            raise Refused(Code.LOGIN_REFUSED, "no bearer token was sent", "Send: Authorization: Bearer TOKEN")
        who = self._accounts.bearer(sent.credentials)
        for scope in wanted.scopes:
            who.need(scope)
        request.state.who = who


def _asking(request: Request) -> Who:
    who: Who = request.state.who
    return who


Asking = Annotated[Who, Depends(_asking)]


class TokenRoute(APIRoute):
    """What somebody asked wrongly is 422 here: whoever asks keeps the program, so nothing is anybody else's fault."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute`."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                answer = await handle(request)
            except RequestValidationError as error:
                answer = problem(malformed(error))
            except MusterError as error:
                is_not_ours = isinstance(error, Misconfigured) and error.code is Code.NOT_SET_UP
                answer = problem(error, _NOT_OURS if is_not_ours else status_of(error))
                if error.code is Code.LOGIN_REFUSED:
                    answer.headers["www-authenticate"] = "Bearer"
            answer.headers["cache-control"] = "no-store"
            return answer

        return guarded


def token_router(prefix: str, tag: str) -> APIRouter:
    """A router of endpoints that only tokens reach."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=TokenRoute, responses=REFUSALS)

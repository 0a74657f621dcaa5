"""Activations of machines on the shortest way: a request as every machine sends it is answered before any route is looked for.

Nothing is decided here. What is not quite as agreed goes on to the route of the same address, which says what is wrong;
FastAPI's way to a route costs more than the activation itself.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from muster.base.errors import MusterError
from muster.vendor.web.problems import problem

PATH = "/v1/permanent-activations"
ASKED = "installation_id"
_JSON = b"application/json"
_ROUTE = SimpleNamespace(path=PATH)


class QuickActivations:
    """Answers `PATH` by `activate`, which takes an installation id and gives the answer as JSON. Bodies arrive whole."""

    def __init__(self, app: ASGIApp, activate: Callable[[str], Awaitable[bytes]]) -> None:
        self._app = app
        self._activate = activate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        whole = await receive()
        digits = _asked(scope, whole)
        if digits is None:
            messages = [whole]

            async def replay() -> Message:
                return messages.pop() if messages else await receive()

            await self._app(scope, replay, send)
            return
        scope["route"] = _ROUTE
        try:
            body = await self._activate(digits)
        except MusterError as error:
            await problem(error)(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(body)), (b"content-type", _JSON)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _asked(scope: Scope, whole: Message) -> str | None:
    """The installation id of a request that is nothing but that, None for any other."""
    if whole["type"] != "http.request" or whole.get("more_body") or (b"content-type", _JSON) not in scope["headers"]:
        return None
    try:
        found = json.loads(whole.get("body", b""))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.keys() != {ASKED} or not isinstance(found[ASKED], str):
        return None
    return str(found[ASKED])

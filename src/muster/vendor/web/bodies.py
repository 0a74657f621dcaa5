"""How much of a body is read before anything looks at it (spec/vendor.md)."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from muster.base.errors import Code, Malformed
from muster.vendor.web.limits import Limits, TooFast
from muster.vendor.web.problems import problem

MAX_JSON_BYTES = 4096
MAX_BUNDLE_BYTES = 2 * 1024 * 1024
MAX_DEFINITION_BYTES = 256 * 1024
BUNDLES = "/v1/request-bundles"
MAX_REPORT_BYTES = 8 * 1024 * 1024
DEFINITION = "/v1/admin/product"
REPORTS = "/v1/admin/reports"
MAX_SIGNED_BYTES = 512 * 1024
SIGNED = "/v1/admin/keyset/publish"
_LARGER = {
    BUNDLES: MAX_BUNDLE_BYTES,
    DEFINITION: MAX_DEFINITION_BYTES,
    REPORTS: MAX_REPORT_BYTES,
    SIGNED: MAX_SIGNED_BYTES,
}


class CappedBodies:
    """Reads the bodies of the API up to their cap, and answers 413 beyond it. Pages cap their forms themselves.

    Whoever asks too often is answered before the body is read.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        try:
            self._limits.address(scope["client"])
        except TooFast as refused:
            await problem(refused)(scope, receive, send)
            return
        most = _LARGER.get(scope["path"], MAX_JSON_BYTES)
        body, goes_on = bytearray(), True
        while goes_on:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            goes_on = message.get("more_body", False)
            if len(body) > most:
                answer = problem(Malformed(Code.MESSAGE_MALFORMED, f"the body is larger than {most} bytes"), 413)
                answer.headers["connection"] = "close"
                await answer(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)

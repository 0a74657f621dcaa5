"""Refusals of the API as RFC 9457 has them, with the codes of spec/errors.md; the statuses are those of spec/vendor.md."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.platform.pages import problems
from muster.platform.pages.pages import status_of
from muster.vendor.web.limits import TooFast

_log = logging.getLogger(__name__)


def problem(error: MusterError, status: int | None = None) -> Response:
    """The answer that tells a failure; RATE_LIMITED says when to come again."""
    if status is None:
        # What the vendor did not set up is no fault of whoever asks.
        status = 503 if isinstance(error, Misconfigured) else status_of(error)
    headers = {"retry-after": str(error.seconds)} if isinstance(error, TooFast) else None
    return problems.problem(error, status, headers)


def add_problems(app: FastAPI) -> None:
    """Tell every failure that no page tells itself as a problem."""

    @app.exception_handler(MusterError)
    def refused(_request: Request, error: MusterError) -> Response:
        return problem(error)

    @app.exception_handler(RequestValidationError)
    def malformed(_request: Request, error: RequestValidationError) -> Response:
        return problem(problems.malformed(error))

    @app.exception_handler(HTTPException)
    def missing(_request: Request, error: HTTPException) -> Response:
        code = Code.NOT_FOUND if error.status_code == 404 else Code.MESSAGE_MALFORMED  # noqa: PLR2004 - HTTP's own
        answer = problem(Refused(code, str(error.detail).lower()), error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    def failed(_request: Request, error: Exception) -> Response:
        _log.error("request failed", exc_info=error)
        return problem(Refused(Code.INTERNAL, "the service failed; nothing was told of it here"), 500)

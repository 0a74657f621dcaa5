"""Refusals of a program's API as RFC 9457 has them, with the codes of spec/errors.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from muster.base.errors import Code, Malformed, MusterError
from muster.platform.pages.pages import status_of

MEDIA = "application/problem+json"
REFUSED: dict[str, Any] = {
    "description": "Refused.",
    "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class Problem(BaseModel):
    """RFC 9457, with the code of spec/errors.md."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    number: int
    hint: str


def problem(error: MusterError, status: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells a failure, with the status of a page about it unless told."""
    told = Problem(
        type="about:blank",
        title=error.code.meaning,
        status=status or status_of(error),
        detail=error.message,
        code=str(error.code),
        number=error.code.number,
        hint=error.hint,
    )
    return JSONResponse(told.model_dump(), told.status, headers, MEDIA)


def malformed(error: RequestValidationError) -> Malformed:
    """What is wrong with a request. Never the value: it may be a key."""
    where = ", ".join(sorted({".".join(str(step) for step in row["loc"]) for row in error.errors()}))
    return Malformed(Code.MESSAGE_MALFORMED, f"the request is not as agreed: {where[:200]}")


def describe_problems(app: FastAPI, *others: type[BaseModel]) -> None:
    """Put the form of a problem into the application's description, and of what else is only referred to there."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        models: tuple[type[BaseModel], ...] = (Problem, *others)
        schemas |= {model.__name__: model.model_json_schema() for model in models}
        return document

    app.openapi = described  # type: ignore[method-assign]

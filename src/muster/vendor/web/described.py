"""``/docs``: the API for people, made from its own description; no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.vendor.web.site import LANGUAGES, Site

DOCS, DOCUMENT = "/docs", "/openapi.json"
_REFERENCE = "#/components/schemas/"


def described(site: Site) -> APIRouter:
    """The router of ``/docs``."""
    router = site.router()

    @router.get(DOCS)
    def show(request: Request) -> Response:
        document = request.app.openapi()
        return site.pages.render(
            request,
            "docs.html",
            language=LANGUAGES[0],
            document=DOCUMENT,
            version=document["info"]["version"],
            operations=operations(document),
            schemas={
                name: fields(schema)
                for name, schema in sorted(document.get("components", {}).get("schemas", {}).items())
            },
        )

    return router


def operations(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every operation of an OpenAPI document, in its order, as the page shows it."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "text": told.get("description") or told.get("summary", ""),
            "needs_token": bool(told.get("security")),
            "parameters": [
                {"name": p["name"], "where": p["in"], "required": p.get("required", False), "type": words(p["schema"])}
                for p in told.get("parameters", ())
            ],
            "asks": _content(told.get("requestBody", {})),
            "answers": [
                (status, answer["description"], _content(answer)) for status, answer in told["responses"].items()
            ],
        }
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]


def _content(part: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(media, words(one.get("schema", {}))) for media, one in part.get("content", {}).items()]


def fields(schema: Mapping[str, Any]) -> list[dict[str, object]]:
    """The members of an object, with what they hold."""
    needed = schema.get("required", ())
    return [
        {"name": name, "type": words(one), "required": name in needed, "text": one.get("description", "")}
        for name, one in schema.get("properties", {}).items()
    ]


def words(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: its name, or its type with its limits."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    if "anyOf" in schema:
        return " or ".join(map(words, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {words(schema.get('items', {}))}"
    kind = str(schema.get("format") or schema.get("type") or "anything")
    limits = [f"{word} {schema[name]}" for name, word in _LIMITS.items() if name in schema]
    if "enum" in schema:
        limits.append("one of " + ", ".join(map(str, schema["enum"])))
    return ", ".join([kind, *limits])


_LIMITS = {
    "minimum": "from",
    "maximum": "to",
    "minLength": "at least characters:",
    "maxLength": "at most characters:",
    "pattern": "like",
}

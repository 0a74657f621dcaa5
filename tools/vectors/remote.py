"""Requests to a machine from afar (spec/remote.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from muster.base.errors import Code
from tools.vectors import Case, refused


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _requests()
    yield from _refusals()


def _body(operation: Any, version: Any = 1, **parameters: Any) -> str:
    return json.dumps({"version": version, "operation": operation, **parameters})


def _requests() -> Iterator[Case]:
    rows: dict[str, tuple[str, dict[str, Any], str]] = {
        "status": (_body("status"), {"edition": None}, "No parameters at all."),
        "line": (_body("status") + "\n", {"edition": None}, "White space around it is JSON's."),
        "type": (_body("set-type", way="host"), {"way": "host", "edition": None}, "Parameters beside the operation."),
        "rearm": (_body("rearm", keep_grace=False), {"keep_grace": False}, "False is given."),
    }
    for name, (body, parameters, about) in rows.items():
        expect = {"operation": json.loads(body)["operation"], "parameters": parameters}
        yield Case("remote", f"request_{name}", "remote_request", about, {"body": body}, expect)


def _refusals() -> Iterator[Case]:
    rows: dict[str, tuple[Code, str, str]] = {
        "version": (Code.VERSION_NOT_SUPPORTED, _body("status", 2), "Version 2."),
        "no_json": (Code.MESSAGE_MALFORMED, "", "Nothing."),
        "two": (Code.MESSAGE_MALFORMED, _body("status") * 2, "One request, not two."),
        "no_operation": (Code.MESSAGE_MALFORMED, '{"version": 1}', "Nothing is asked."),
        "near_only": (Code.USAGE, _body("install", file="x"), "An operation of the control protocol alone."),
        "nested": (
            Code.USAGE,
            _body("rearm", parameters={"keep_grace": True}),
            "Parameters as the control protocol has them.",
        ),
        "user": (Code.USAGE, _body("status", user=0), "Who asks is not said in a request."),
        "missing": (Code.USAGE, _body("set-type"), "No way."),
    }
    for name, (code, body, about) in rows.items():
        yield Case("remote", f"refused_{name}", "remote_request", about, {"body": body}, refused(str(code)))

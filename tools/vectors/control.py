"""Requests to a licensing service, and who may make them (spec/control.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from muster.base.errors import Code
from muster.client.core.control import MAX_WORDS
from tools.vectors import Case, refused

OWNER, STAFF, STRANGER = 1000, 50, 2000


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _requests()
    yield from _refusals()
    yield from _rights()


def _body(operation: Any, parameters: Any = None, version: Any = 1, **more: Any) -> str:
    given = {} if parameters is None else {"parameters": parameters}
    return json.dumps({"version": version, "operation": operation, **given, **more})


def _requests() -> Iterator[Case]:
    rows: dict[str, tuple[str, dict[str, Any], str]] = {
        "status": (_body("status"), {"edition": None}, "No parameters at all."),
        "null": (_body("status", {"edition": None}), {"edition": None}, "Null is not given."),
        "set_host": (
            _body("set-host", {"hosts": "kms1.corp.example,kms2.corp.example:1700"}),
            {"hosts": "kms1.corp.example,kms2.corp.example:1700", "edition": None, "product": None},
            "For an administrator.",
        ),
        "log": (_body("log", {"last": 0}), {"last": 0}, "Zero is a number."),
        "caching": (_body("set-caching", {"on": False}), {"on": False}, "False is given."),
        "not_ascii": (_body("status", {"edition": "bürö"}), {"edition": "bürö"}, "Escaped, as JSON may."),
    }
    for name, (body, parameters, about) in rows.items():
        expect = {"operation": json.loads(body)["operation"], "parameters": parameters}
        yield Case("control", f"request_{name}", "control_request", about, {"body": body}, expect)


def _refusals() -> Iterator[Case]:
    rows: dict[str, tuple[Code, str, str]] = {
        "version": (Code.VERSION_NOT_SUPPORTED, _body("status", version=2), "Version 2."),
        "version_true": (Code.VERSION_NOT_SUPPORTED, _body("status", version=True), "True is not 1."),
        "no_json": (Code.MESSAGE_MALFORMED, '{"version": 1', "Cut off."),
        "no_object": (Code.MESSAGE_MALFORMED, "[1]", "A list."),
        "no_operation": (Code.MESSAGE_MALFORMED, '{"version": 1}', "Nothing is asked."),
        "another_field": (Code.MESSAGE_MALFORMED, _body("status", user=0), "Who calls is not said in a request."),
        "deep": (Code.MESSAGE_MALFORMED, "[" * 5_000, "Deeper than any reader should follow."),
        "unknown": (Code.USAGE, _body("reboot"), "No such operation."),
        "unknown_parameter": (Code.USAGE, _body("status", {"role": "administrator"}), "No such parameter."),
        "wrong_type": (Code.USAGE, _body("set-caching", {"on": "off"}), "Text for a boolean."),
        "missing": (Code.USAGE, _body("set-host", {"edition": "acme-cad-pro"}), "No hosts."),
        "too_long": (Code.USAGE, _body("status", {"edition": "x" * (MAX_WORDS + 1)}), "Text beyond its limit."),
    }
    for name, (code, body, about) in rows.items():
        yield Case("control", f"refused_{name}", "control_request", about, {"body": body}, refused(str(code)))


def _rights() -> Iterator[Case]:
    rows: dict[str, tuple[int, list[int], int | None, str, str]] = {
        "root": (0, [0], None, "administrator", "User 0."),
        "owner": (OWNER, [OWNER], None, "administrator", "The owner of the state folder."),
        "group": (STRANGER, [STRANGER, STAFF], STAFF, "administrator", "In the group that is named."),
        "no_group": (STRANGER, [STRANGER, STAFF, 0], None, "user", "No group is named; that of root is none either."),
        "other_group": (STRANGER, [STRANGER], STAFF, "user", "Not in the group."),
    }
    for name, (user, groups, administrators, role, about) in rows.items():
        given = {"user": user, "groups": groups, "owner": OWNER, "administrators": administrators}
        yield Case("control", f"rights_{name}", "control_rights", about, given, {"role": role})

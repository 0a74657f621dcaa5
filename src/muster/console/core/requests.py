"""What the console asks of a machine, and what the answer means: the JSON of `muster client remote`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from muster.console.core.answer import EditionSeen, read_json, read_status, text
from muster.console.core.verdict import DONE, Verdict

VERSION = 1
STATUS = "status"
READING = frozenset({STATUS, "installation-id"})
CHANGING = frozenset({"install-key", "activate", "renew", "rearm", "set-host", "set-type", "confirm"})
MAX_CODE = 64


def request(operation: str, parameters: Mapping[str, Any]) -> bytes:
    """One line of JSON."""
    return json.dumps({"version": VERSION, "operation": operation, **parameters}).encode() + b"\n"


def read_answer(raw: bytes) -> tuple[Verdict, tuple[EditionSeen, ...] | None, dict[str, Any]]:
    """Verdict, what is on the machine now (None when it did not tell), and the whole answer. Raises `Malformed`."""
    answer = read_json(raw)
    editions = read_status(answer) if "editions" in answer else None
    error = answer.get("error")
    if error is None:
        return Verdict(DONE), editions, answer
    told = error if isinstance(error, dict) else {}
    code = text(told.get("code"), MAX_CODE)
    return Verdict(code if code.isidentifier() else "INTERNAL", text(told.get("message"))), editions, answer

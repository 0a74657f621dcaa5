"""What a machine is asked from afar: one flat JSON object in, one out (spec/remote.md).

Pure. Narrower than the control protocol that it rests on: what is not in `REMOTE` cannot be asked through it, whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from muster.base.errors import Code, Malformed, Misconfigured, MusterError
from muster.client.core.control import Request, make_request, plain_error, read_request_object

REMOTE = (
    "status",
    "install-key",
    "activate",
    "renew",
    "set-host",
    "set-type",
    "installation-id",
    "confirm",
    "rearm",
)
_EXIT = "exit"


def decode_remote(body: bytes) -> Request:
    """Read a request; `Malformed`, `Refused` and `Misconfigured` as of `control.decode_request`."""
    plain = read_request_object(body)
    name = plain.get("operation")
    if not isinstance(name, str):
        raise Malformed(Code.MESSAGE_MALFORMED, "a request names its operation")
    if name not in REMOTE:
        raise Misconfigured(Code.USAGE, f"{name[:40]!r} cannot be asked from afar", f"one of {', '.join(REMOTE)}")
    return make_request(name, {key: value for key, value in plain.items() if key not in {"version", "operation"}})


def encode_remote(found: Mapping[str, Any], editions: Mapping[str, Any]) -> bytes:
    """The answer: an operation's own fields, with what is on the machine after it (an answer to ``status``)."""
    own = {name: value for name, value in found.items() if name != "error"}
    error = found.get("error")
    told = {"error": _told(error)} if error is not None else {}
    return _line({**own, **editions, **told})


def encode_remote_failure(error: MusterError) -> bytes:
    """The answer that says why nothing was done."""
    return _line({"error": _told(plain_error(error))})


def _told(error: Mapping[str, Any]) -> dict[str, Any]:
    """Without the exit code: a command that gave an answer ends with 0."""
    return {name: value for name, value in error.items() if name != _EXIT}


def _line(plain: Mapping[str, Any]) -> bytes:
    # ASCII alone: the locale at the far end of a login is anybody's guess.
    return json.dumps(plain, default=str).encode("ascii") + b"\n"

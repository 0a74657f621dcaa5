"""The control protocol of a machine: one JSON request, one JSON answer (spec/control.md).

Pure: bytes to a checked request, a finding to bytes. A request names an operation and its parameters; each has a type and
a limit, and what is not in the table is refused. Never decides who may ask: see `rights`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from muster.base.errors import BY_NUMBER, Code, Malformed, Misconfigured, MusterError, Refused, Unreachable, Untrusted
from muster.client.core.rights import Role

VERSION = 1
LENGTH_BYTES = 4
MAX_REQUEST_BYTES = 6 * 1024 * 1024
MAX_USER_REQUEST_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_FILE_TEXT = 4 * 1024 * 1024
MAX_WORDS = 4096
MAX_ROWS = 100_000


class Kind(StrEnum):
    """What a parameter is in JSON."""

    WORDS = "text"
    FILE = "text of a file"
    FLAG = "boolean"
    NUMBER = "integer"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that may be asked. `changes` is False where the state folder is only looked at.

    `reserved` are parameters that only an administrator may give to an operation for everybody.
    """

    role: Role
    changes: bool
    parameters: Mapping[str, Kind]
    meaning: str
    required: frozenset[str] = frozenset()
    reserved: frozenset[str] = frozenset()


def _shown(meaning: str, **parameters: Kind) -> Operation:
    return Operation(Role.USER, False, parameters, meaning)


def _asked(meaning: str, reserved: str = "", **parameters: Kind) -> Operation:
    return Operation(Role.USER, True, parameters, meaning, reserved=frozenset(reserved.split()))


def _set(meaning: str, required: str = "", **parameters: Kind) -> Operation:
    return Operation(Role.ADMINISTRATOR, True, parameters, meaning, frozenset(required.split()))


OPERATIONS: Mapping[str, Operation] = {
    "status": _shown("the object of [status](status.md)", edition=Kind.WORDS),
    "license": _shown("what an edition rests on", edition=Kind.WORDS),
    "choices": _shown("what commands have set"),
    "log": _shown("the newest events, oldest first", last=Kind.NUMBER),
    "diagnose": _shown("steps and verdict; with `bundle` what support needs", edition=Kind.WORDS, bundle=Kind.FLAG),
    "activate": _asked("try to activate an edition now", "service", edition=Kind.WORDS, service=Kind.WORDS),
    "renew": _asked("the same, before its time", "service", edition=Kind.WORDS, service=Kind.WORDS),
    "installation-id": _asked("digits, and the same as a file", edition=Kind.WORDS),
    "install": _set(
        "a product file, and the generic key of an edition", "file", file=Kind.FILE, edition=Kind.WORDS, force=Kind.FLAG
    ),
    "install-key": _set("a key in place of the one before", "key", key=Kind.WORDS, edition=Kind.WORDS),
    "uninstall-key": _set("remove key and activation of an edition", edition=Kind.WORDS),
    "confirm": _set("deposit a confirmation id, or a file", digits=Kind.WORDS, file=Kind.FILE, edition=Kind.WORDS),
    "enter": _set(
        "groups of a confirmation id, kept until all are there; or group `number` anew",
        groups=Kind.WORDS,
        number=Kind.NUMBER,
        edition=Kind.WORDS,
    ),
    "request": _set("an activation request as a file", edition=Kind.WORDS),
    "set-host": _set(
        "hosts to ask, in order; empty: found in DNS", "hosts", hosts=Kind.WORDS, edition=Kind.WORDS, product=Kind.WORDS
    ),
    "set-domain": _set("the zone to ask; empty: the machine's own", "zone", zone=Kind.WORDS),
    "set-dns": _set("the name server to ask; empty: the system's", "address", address=Kind.WORDS),
    "set-caching": _set("remember the host that answered last", "on", on=Kind.FLAG),
    "set-type": _set("how it may be activated", "way", way=Kind.WORDS, edition=Kind.WORDS),
    "rearm": _set("new client ids, before an image is captured", keep_grace=Kind.FLAG),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may be carried out, once its caller was found to have the right. Absent parameters are None."""

    name: str
    parameters: Mapping[str, Any]

    @property
    def operation(self) -> Operation:
        """Its row of the table."""
        return OPERATIONS[self.name]

    @property
    def reserved(self) -> tuple[str, ...]:
        """What was given that only an administrator may give."""
        return tuple(name for name in sorted(self.operation.reserved) if self.parameters[name] is not None)


def make_request(name: str, parameters: Mapping[str, Any]) -> Request:
    """A checked request; `Misconfigured` with USAGE names what is wrong with it."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise _usage(f"there is no operation {name[:40]!r}", f"one of {', '.join(OPERATIONS)}")
    for parameter, value in parameters.items():
        kind = operation.parameters.get(parameter)
        if kind is None:
            known = ", ".join(operation.parameters) or "none"
            raise _usage(f"{name} has no parameter {parameter[:40]!r}", f"known: {known}")
        if value is not None and not _fits(kind, value):
            raise _usage(f"{parameter} of {name} is no {kind} within its limit", "see spec/control.md")
    given = {parameter: parameters.get(parameter) for parameter in operation.parameters}
    missing = [
        parameter for parameter in operation.parameters if parameter in operation.required and given[parameter] is None
    ]
    if missing:
        raise _usage(f"{name} needs {missing[0]}", "see spec/control.md")
    return Request(name, given)


def _fits(kind: Kind, value: Any) -> bool:
    if kind is Kind.FLAG:
        return isinstance(value, bool)
    if kind is Kind.NUMBER:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ROWS
    return isinstance(value, str) and len(value) <= (MAX_FILE_TEXT if kind is Kind.FILE else MAX_WORDS)


def _usage(message: str, hint: str) -> Misconfigured:
    return Misconfigured(Code.USAGE, message, hint)


def encode_request(request: Request) -> bytes:
    """The body of a request."""
    given = {name: value for name, value in request.parameters.items() if value is not None}
    return json.dumps({"version": VERSION, "operation": request.name, "parameters": given}).encode()


def decode_request(body: bytes) -> Request:
    """Read a request. `Malformed` for what is no such object, `Refused` for another version, `Misconfigured` as above."""
    plain = read_request_object(body)
    name, parameters = plain.get("operation"), plain.get("parameters", {})
    if not isinstance(name, str) or not isinstance(parameters, dict) or plain.keys() - _REQUEST_FIELDS:
        raise Malformed(Code.MESSAGE_MALFORMED, "a request is version, operation and parameters")
    return make_request(name, parameters)


def read_request_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request in our version, nothing else of it checked. Errors as of `decode_request`."""
    plain = _object(body, MAX_REQUEST_BYTES)
    version = plain.get("version")
    if version != VERSION or isinstance(version, bool):
        raise Refused(Code.VERSION_NOT_SUPPORTED, f"this machine speaks version {VERSION} of the control protocol")
    return plain


_REQUEST_FIELDS = {"version", "operation", "parameters"}
_BY_EXIT: Mapping[int, type[MusterError]] = {2: Misconfigured, 3: Unreachable, 4: Untrusted}


def encode_answer(found: Mapping[str, Any]) -> bytes:
    """The body of an answer that carries what was found."""
    return json.dumps({"version": VERSION, "answer": found}, ensure_ascii=False, default=str).encode()


def encode_failure(error: MusterError) -> bytes:
    """The body of an answer that says why not."""
    return json.dumps({"version": VERSION, "error": plain_error(error)}, ensure_ascii=False).encode()


def plain_error(error: MusterError) -> dict[str, Any]:
    """An error as JSON; `exit` is what a command ends with (spec/errors.md)."""
    return {
        "code": str(error.code),
        "number": error.code.number,
        "message": error.message,
        "hint": error.hint,
        "exit": error.exit_code,
    }


def read_error(plain: Any) -> MusterError:
    """The error that `plain_error` wrote; an unknown code is told as INTERNAL, with its own words."""
    row = plain if isinstance(plain, dict) else {}
    number, exit_code = row.get("number"), row.get("exit")
    code = BY_NUMBER.get(number, Code.INTERNAL) if isinstance(number, int) else Code.INTERNAL
    kind = _BY_EXIT.get(exit_code, Refused) if isinstance(exit_code, int) else Refused
    return kind(code, str(row.get("message", "")), str(row.get("hint", "")))


def decode_answer(body: bytes) -> dict[str, Any]:
    """What was found; raises what the other side says went wrong, or `Malformed`."""
    plain = _object(body, MAX_ANSWER_BYTES)
    if "error" in plain:
        raise read_error(plain["error"])
    found = plain.get("answer")
    if plain.get("version") != VERSION or not isinstance(found, dict):
        raise Malformed(Code.MESSAGE_MALFORMED, "the licensing service answered in another protocol")
    return found


def _object(body: bytes, limit: int) -> dict[str, Any]:
    if len(body) > limit:
        raise Malformed(Code.MESSAGE_MALFORMED, f"more than {limit} bytes")
    try:
        plain = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed(Code.MESSAGE_MALFORMED, "this is no JSON") from error
    if not isinstance(plain, dict):
        raise Malformed(Code.MESSAGE_MALFORMED, "this is no JSON object")
    return plain

"""The child process: one LDAP connection, asked line by line on standard input, answering on standard output.

Started by `directory_process` only. Holds no state beyond the connection, writes nothing to disk, and ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO

from muster.base.errors import Code, MusterError, Refused
from muster.platform.ldap.bonsai_session import BonsaiSession
from muster.platform.ldap.lines import (
    MAX_LINE_BYTES,
    attributes_from_plain,
    connection_from_plain,
    entry_to_plain,
    error_to_plain,
    line,
)
from muster.platform.ldap.port import Scope

# What a hostile server may make this process hold before the system ends it.
MAX_MEMORY_BYTES = 1024 * 1024 * 1024


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the input ends."""
    session: BonsaiSession | None = None
    while message := asked.readline(MAX_LINE_BYTES):
        answer: dict[str, Any]
        try:
            plain = _message(message)
            if plain["do"] == "connect":
                session = BonsaiSession(*connection_from_plain(plain))
                answer = {}
            elif session is None:
                raise Refused(Code.INTERNAL, "nothing is connected")
            else:
                answer = _do(session, plain)
        except MusterError as error:
            answer = error_to_plain(error)
        except Exception as error:  # noqa: BLE001 - the border: a bug here must not look like a dead server
            answer = error_to_plain(Refused(Code.INTERNAL, f"the LDAP library failed: {type(error).__name__}: {error}"))
        answers.write(line(answer))
        answers.flush()


def _message(message: bytes) -> dict[str, Any]:
    """One message of the parent."""
    plain: dict[str, Any] = json.loads(message)
    return plain


def _do(session: BonsaiSession, plain: dict[str, Any]) -> dict[str, Any]:
    what = plain["do"]
    if what == "read":
        found = session.read(
            plain["base"], Scope(plain["scope"]), plain["filter"], tuple(plain["attributes"]), plain["limit"]
        )
        return {"entries": [entry_to_plain(entry) for entry in found]}
    if what == "add":
        session.add(plain["dn"], attributes_from_plain(plain["attributes"]))
    elif what == "replace":
        session.replace(plain["dn"], attributes_from_plain(plain["attributes"]))
    else:
        session.remove(plain["dn"])
    return {}


def main() -> None:
    """Run as ``python -m muster.platform.ldap.worker``."""
    _bound_memory()
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


def _bound_memory() -> None:
    """Windows has no such limit for a process that wants none; there the parent's deadline is all."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()

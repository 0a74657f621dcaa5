"""One request from afar, answered: whoever carried it here has this process's rights and no others (spec/remote.md)."""

from __future__ import annotations

from pathlib import Path

from muster.base.errors import MusterError
from muster.client.app.asking import ask
from muster.client.core.remote import decode_remote, encode_remote, encode_remote_failure

STATUS = "status"


def answer(home: Path, body: bytes) -> bytes:
    """The answer to a request, as one line of JSON. What goes wrong is in it; nothing that is known is raised."""
    try:
        request = decode_remote(body)
        found = ask(home, request.name, **request.parameters)
        return encode_remote(found, {} if request.name == STATUS else ask(home, STATUS))
    except MusterError as error:
        return encode_remote_failure(error)

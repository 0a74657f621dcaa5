"""One request from afar, answered: whoever carried it here has this process's rights and no others (spec/remote.md)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from muster.base.entropy import SystemEntropy
from muster.base.errors import MusterError
from muster.client.app import asking
from muster.client.core.remote import decode_remote, encode_remote, encode_remote_failure
from muster.client.service.reception import incident

STATUS = "status"
Ask = Callable[..., dict[str, Any]]


def answer(home: Callable[[], Path], body: bytes, ask: Ask = asking.ask) -> bytes:
    """The answer to a request, as one line of JSON. What goes wrong is in it, what nobody expected as INTERNAL.

    `home` finds the machine that is asked. Never raises.
    """
    try:
        request, place = decode_remote(body), home()
        found = ask(place, request.name, **request.parameters)
        return encode_remote(found, {} if request.name == STATUS else ask(place, STATUS))
    except MusterError as error:
        return encode_remote_failure(error)
    except Exception as error:  # noqa: BLE001 - the border: who asks waits for a line of JSON, whatever happened here
        return encode_remote_failure(incident(error, SystemEntropy()))

"""From the bytes of a caller to the bytes of an answer: read, checked for rights, carried out (spec/control.md).

What nobody expected leaves as INTERNAL with an incident id; the details go to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from muster.base.entropy import Entropy
from muster.base.errors import Code, MusterError, StoreFailed
from muster.client.core.control import (
    MAX_ANSWER_BYTES,
    MAX_REQUEST_BYTES,
    MAX_USER_REQUEST_BYTES,
    Request,
    decode_request,
    encode_answer,
    encode_failure,
)
from muster.client.core.rights import Ownership, Peer, Role, check, role_of

INCIDENT_BYTES = 4


class Servant(Protocol):
    """Who does what was asked."""

    async def carry_out(self, request: Request, role: Role) -> dict[str, Any]:
        """The finding; raises `MusterError`."""


class Reception:
    """Answers callers. `ownership` is looked up for each: a group that was changed counts at once."""

    def __init__(self, servant: Servant, ownership: Callable[[], Ownership], entropy: Entropy) -> None:
        self._servant = servant
        self._ownership = ownership
        self._entropy = entropy

    def limit(self, peer: Peer) -> int:
        """How many bytes a request of this caller may have: product files come from administrators only."""
        return MAX_REQUEST_BYTES if self._role(peer) is Role.ADMINISTRATOR else MAX_USER_REQUEST_BYTES

    async def answer(self, peer: Peer, body: bytes) -> bytes:
        """The body of the answer to the body of a request. Never raises."""
        try:
            request, role = decode_request(body), self._role(peer)
            check(request.name, request.operation.role, role)
            for parameter in request.reserved:
                check(f"{request.name} with {parameter}", Role.ADMINISTRATOR, role)
            answer = encode_answer(await self._servant.carry_out(request, role))
            if len(answer) > MAX_ANSWER_BYTES:
                raise StoreFailed(Code.USAGE, "the answer is larger than an answer may be", "ask for fewer rows")
        except MusterError as error:
            return encode_failure(error)
        except Exception as error:  # noqa: BLE001 - the border: what is unknown leaves as INTERNAL
            return encode_failure(incident(error, self._entropy))
        return answer

    def _role(self, peer: Peer) -> Role:
        try:
            return role_of(peer, self._ownership())
        except OSError:
            return Role.USER


def incident(error: Exception, entropy: Entropy) -> MusterError:
    """What is told of an exception that nobody expected; its details go to the log."""
    number = entropy.token(INCIDENT_BYTES).hex()
    fields = {"fields": {"incident": number}}
    logging.getLogger("muster.client").error("internal", exc_info=error, extra=fields)
    return MusterError(Code.INTERNAL, f"something unexpected happened, incident {number}")

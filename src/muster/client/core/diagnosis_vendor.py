"""The steps of a diagnosis that are about a multiple activation key: what its vendor said, and whether its service is there.

Pure. Whoever is activated needs nobody; a generic key asks no service.
"""

from __future__ import annotations

from muster.base.errors import BY_NUMBER, Code, MusterError, Refused
from muster.client.core.diagnosis import Facts, Stage, Status, Step, wrong
from muster.client.core.licensing import Scene
from muster.wire.activation import State
from muster.wire.record import KeyKindCode

# What the vendor says of a key, and not of a request.
_OF_THE_KEY = frozenset(
    {Code.KEY_BLOCKED, Code.KEY_EXHAUSTED, Code.KEY_UNKNOWN, Code.KEY_WRONG_EDITION, Code.ORGANISATION_BLOCKED}
)


def has_mak(scene: Scene) -> bool:
    """Whether the edition has a multiple activation key."""
    return scene.part.key is not None and scene.part.key.kind is KeyKindCode.MAK


def no_of_the_vendor(scene: Scene) -> MusterError | None:
    """Why the vendor did not confirm the key at the last attempt; None when it did, was not asked, or had another reason."""
    attempts = scene.part.attempts
    code = BY_NUMBER.get(attempts.code)
    if code not in _OF_THE_KEY or not attempts.failures or scene.standing().state is State.LICENSED:
        return None
    return Refused(code, attempts.message)


def service_step(facts: Facts) -> Step:
    """Whether the vendor's service is there, and is this vendor's."""
    if facts.service is None:
        return Step(Stage.SERVICE, Status.NOT_SET_UP, "the vendor's service is not asked")
    if facts.service.error is not None:
        return wrong(Stage.SERVICE, facts.service.error)
    return Step(Stage.SERVICE, Status.OK, f"{facts.service.address} answers, and is this vendor's")

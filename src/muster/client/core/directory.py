"""Which activation object activates an edition, and what the machine keeps of it (spec/directory.md §Machine).

Pure: objects as they were read come in, the better one and a changed record go out. No failure takes a good lease away.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from muster.base.errors import Code, MusterError, Refused
from muster.client.core.licensing import Scene
from muster.client.core.machine import keep, moment_of
from muster.client.core.membership import Membership
from muster.trust.directory import Proven, choose_object
from muster.trust.evidence import Method
from muster.trust.hardware import lease_parts
from muster.trust.standing import is_suspect
from muster.wire.activation import State
from muster.wire.calendar import seconds
from muster.wire.directory import ActivationObject
from muster.wire.record import DirectoryEvidence, VendorRecord

# Nothing is wrong with a directory that says so: hosts are asked, and their answer tells more.
QUIET = frozenset({Code.NO_DOMAIN, Code.NO_ACTIVATION_OBJECT})


@dataclass(frozen=True, slots=True)
class Found:
    """What one directory showed: its id (16 bytes) and the objects for one vendor and group; errors where unreadable."""

    ident: bytes
    objects: tuple[ActivationObject | MusterError, ...]


@dataclass(slots=True)
class Look:
    """What was seen on the way. `found` when a server answered; else `error` says why not.

    `trials` are the servers that were asked, and what each said; None: it answered.
    """

    membership: Membership | None = None
    servers: tuple[str, ...] = ()
    trials: dict[str, MusterError | None] = field(default_factory=dict)
    found: Found | None = None
    error: MusterError | None = None


def choose(found: Found, scene: Scene, organisation: int | None = None) -> tuple[ActivationObject, Proven]:
    """The object that activates the edition for longest; the error of the one that came nearest when none does.

    A suspect clock could make an old object new, and nothing here is signed with a time: then CLOCK_SUSPECT.
    """
    if is_suspect(scene.record.high_water, scene.now):
        raise Refused(Code.CLOCK_SUSPECT, "a clock that was put back proves no activation object")
    product, edition = scene.product, scene.edition
    return choose_object(found.objects, found.ident, product.keysets, edition, scene.now, organisation=organisation)


def with_object(scene: Scene, found: Found, chosen: ActivationObject) -> VendorRecord:
    """The record after an object was read: evidence from now on, unless the one it has is good and ends later."""
    record = scene.record
    evidence = DirectoryEvidence(
        chosen.certificate,
        found.ident,
        lease_parts(scene.hardware, record.salt),
        record.salt,
        moment_of(record, scene.now),
    )
    after = replace(scene, record=keep(record, scene.part._replace(directory=evidence)))
    old, new = scene.standing(), after.standing()
    is_better = old.state is State.LICENSED and old.method is Method.DIRECTORY and new.method is Method.DIRECTORY
    if is_better and old.expires_at and new.expires_at and old.expires_at > new.expires_at:
        after = scene
    part = after.part
    told = part.attempts._replace(
        failures=0,
        code=0,
        message="",
        attempted_at=seconds(scene.now),
        next_at=seconds(scene.now + scene.product.policy.renewal),
    )
    return keep(after.record, part._replace(attempts=told))


def outside(scene: Scene, ident: bytes | None) -> VendorRecord:
    """The record of a machine that is in no domain any more (`ident` None), or in that of another directory."""
    seen = scene.part.directory
    if seen is None or seen.left or seen.directory == ident:
        return scene.record
    return keep(scene.record, scene.part._replace(directory=seen._replace(left=True)))


def more_telling(directory: MusterError, host: MusterError) -> MusterError:
    """Of the two reasons why an edition was not activated, the one to tell."""
    return host if directory.code in QUIET or host.code is not Code.NO_HOST_FOUND else directory

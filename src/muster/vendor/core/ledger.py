"""What a key still covers: the vendor's limits as a pure decision (docs/operate/vendor.md).

Facts about a key and what was activated with it come in; a grant goes out, or the error with its code. The store holds the
key's row while this is decided, so that two requests never spend the same activation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from muster.base.errors import Code, Refused
from muster.trust.hardware import same_hardware
from muster.trust.productkey import KeyKind
from muster.wire.calendar import MAX_DAY

HOSTS = 6
REACTIVATIONS = 9
ACTIVATIONS = 1
CERTIFICATE_DAYS = 3 * 365
FRESH_WITHIN_DAYS = 90
"""In the last days of a certificate the next one costs nothing."""

MAX_ACTIVATIONS = 10_000_000
MAX_DAYS = 100 * 365
"""Of a certificate or an activation: day numbers travel in 16 bits, which end in 2149."""
MAX_HOSTS = 1_000


LOW_FROM = 5
"""Smaller pools are used up before anybody could be warned."""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key as the vendor sold it. Days are day numbers, 0 for none; `used` and `reactivated` are spent."""

    kind: KeyKind
    partial: str
    is_blocked: bool
    is_organisation_blocked: bool
    hosts: int = HOSTS
    reactivations: int = REACTIVATIONS
    activations: int = ACTIVATIONS
    used: int = 0
    reactivated: int = 0
    days: int = 0
    until_day: int = 0


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate given under the key. `subject` is a host's public key or a directory's hash."""

    serial: int
    subject: bytes
    not_before_day: int
    days: int
    is_replaced: bool = False
    is_withdrawn: bool = False
    is_key_usable: bool = True

    @property
    def end_day(self) -> int:
        """The first day that is no longer covered."""
        return self.not_before_day + self.days


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A machine that was activated with the key: its installation id, the parts in it, the end day (0: none)."""

    installation: bytes
    parts: bytes
    end_day: int


class Cost(StrEnum):
    """What a grant takes from the key."""

    NOTHING = "nothing"
    HOST = "host"
    REACTIVATION = "reactivation"
    ACTIVATION = "activation"


@dataclass(frozen=True, slots=True)
class CertificateGrant:
    """A certificate may be given: the one of serial `repeats` again, or a new one that replaces `replaces`."""

    cost: Cost
    repeats: int | None = None
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class PermanentGrant:
    """A machine may be activated for good, or until the end of `end_day` (0: no end)."""

    cost: Cost
    end_day: int


def is_low(activations: int, used: int) -> bool:
    """Whether four fifths of a pool are used."""
    return activations >= LOW_FROM and used * 5 >= activations * 4


def check_key(key: KeyFacts) -> None:
    """`Refused` when the key, or its owner, is blocked. Whoever presents a real key may be told."""
    if key.is_blocked:
        raise Refused(Code.KEY_BLOCKED, f"the key …{key.partial} is blocked")
    if key.is_organisation_blocked:
        raise Refused(Code.ORGANISATION_BLOCKED, "the organisation of this key is blocked")


def grant_certificate(
    key: KeyFacts, given: Sequence[Certified], subject: bytes, today: int, replaces: int | None = None
) -> CertificateGrant:
    """Whether a host or directory with `subject` may have a certificate, and at what cost.

    The same subject again gets the same certificate, or a fresh one in the last 90 days, for nothing; once that has ended
    it is counted like a new one, since its place may be taken. `given` are the certificates of this key for subjects of
    the same sort. `Refused` with HOST_LIMIT_REACHED, NOT_FOUND, KEY_EXHAUSTED, CERTIFICATE_WITHDRAWN.
    """
    check_key(key)
    if key.until_day and today > key.until_day:
        raise Refused(Code.KEY_EXHAUSTED, f"the key …{key.partial} has ended")
    live = [c for c in given if not c.is_replaced and not c.is_withdrawn and c.end_day > today]
    if any(c.subject == subject and c.is_withdrawn for c in given):
        raise Refused(
            Code.CERTIFICATE_WITHDRAWN,
            f"a certificate of this key pair under the key …{key.partial} was withdrawn",
            "What was withdrawn stays so; the host needs a new key pair.",
        )
    own = [c for c in live if c.subject == subject]
    if own:
        newest = max(own, key=lambda c: (c.end_day, c.serial))
        if newest.end_day - today > FRESH_WITHIN_DAYS and newest.is_key_usable:
            return CertificateGrant(Cost.NOTHING, repeats=newest.serial)
        return CertificateGrant(Cost.NOTHING, replaces=newest.serial)
    if replaces is not None:
        return _replacement(key, live, replaces)
    subjects = {c.subject for c in live}
    if len(subjects) >= key.hosts:
        serials = ", ".join(str(c.serial) for c in sorted(live, key=lambda c: c.serial))
        raise Refused(
            Code.HOST_LIMIT_REACHED,
            f"the key …{key.partial} has activated {len(subjects)} of {key.hosts}",
            f"Replace one that is gone (--replaces SERIAL, one of {serials}), or grant more: muster vendor key extend",
        )
    return CertificateGrant(Cost.HOST)


def _replacement(key: KeyFacts, live: Sequence[Certified], replaces: int) -> CertificateGrant:
    if replaces not in {c.serial for c in live}:
        serials = ", ".join(str(c.serial) for c in live) or "none"
        raise Refused(
            Code.NOT_FOUND, f"the key …{key.partial} has no certificate {replaces} in use", f"In use: {serials}."
        )
    if key.reactivated >= key.reactivations:
        raise Refused(
            Code.HOST_LIMIT_REACHED,
            f"the key …{key.partial} has replaced a host {key.reactivated} of {key.reactivations} times",
            "Grant an exception: muster vendor key extend --reactivations N --reason TEXT",
        )
    return CertificateGrant(Cost.REACTIVATION, replaces=replaces)


def grant_permanent(
    key: KeyFacts, known: Sequence[Confirmed], installation: bytes, parts: bytes, today: int
) -> PermanentGrant:
    """Whether a machine may be activated with a multiple activation key, and at what cost.

    The same installation id again, or the same hardware within tolerance, costs nothing and keeps its end day. `Refused`
    with KEY_EXHAUSTED when the pool is empty or the key has ended.
    """
    check_key(key)
    for machine in known:
        if machine.installation == installation or same_hardware(machine.parts, parts):
            return PermanentGrant(Cost.NOTHING, machine.end_day)
    if key.until_day and today > key.until_day:
        raise Refused(Code.KEY_EXHAUSTED, f"the key …{key.partial} has ended")
    if key.used >= key.activations:
        raise Refused(
            Code.KEY_EXHAUSTED, f"the key …{key.partial} has used {key.used} of {key.activations} activations"
        )
    ends = [day for day in (today + key.days if key.days else 0, key.until_day) if day]
    return PermanentGrant(Cost.ACTIVATION, min([*ends, MAX_DAY]) if ends else 0)

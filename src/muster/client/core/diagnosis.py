"""What is wrong with an edition's activation: every step of the way, and one verdict (docs/operate/diagnose.md).

Pure: what was found comes in as `Facts`, a `Diagnosis` goes out. Never asks, never changes anything. The verdict names
the one fault that stands in the way; what merely follows from it, or heals with it, is told as a step and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from muster.base.errors import Code, MusterError
from muster.client.core.attempt import Outcome
from muster.client.core.choices import Guidance
from muster.client.core.directory import Look
from muster.client.core.discovery import Address, ServiceRecord
from muster.client.core.licensing import Scene
from muster.wire.certificate import CertificateClaims


class Status(StrEnum):
    """How a step stands. `NOT_REACHED`: something before it is wrong, so that it could not be tried."""

    OK = "ok"
    NOT_SET_UP = "not set up"
    WRONG = "wrong"
    NOT_REACHED = "not reached"


class Stage(StrEnum):
    """The steps in the order in which they are walked."""

    HOME = "state folder"
    PRODUCT = "product file"
    VENDOR = "vendor"
    KEY = "key"
    LEASE = "lease"
    CLOCK = "clock"
    DOMAIN = "domain"
    DIRECTORY_SERVER = "LDAP server"
    DIRECTORY = "directory"
    SERVICE = "vendor service"
    ZONES = "zones"
    SRV = "SRV records"
    ADDRESS = "addresses"
    TCP = "TCP"
    FRAME = "frame"
    CERTIFICATE = "certificate"
    SCOPE = "scope"
    COUNT = "count"


# What does not stop a host from activating the machine, from the weightier to the lighter: it is the verdict only when
# nothing else is wrong.
_HEALED_BY_AN_ANSWER = (Stage.CLOCK, Stage.LEASE)
# What a wrong clock alone can make of a good certificate.
_MADE_BY_A_CLOCK = frozenset({Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_NOT_YET_VALID})


@dataclass(frozen=True, slots=True)
class HomeAccess:
    """The state folder as this user meets it. `problem` is the system's word; empty when it can be written."""

    path: str
    is_writable: bool
    is_own: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One host on the way: its numeric addresses, or why there are none; why no connection came about, if none did."""

    address: Address
    numbers: tuple[str, ...] | MusterError
    unreached: MusterError | None = None


@dataclass(frozen=True, slots=True)
class ServiceVisit:
    """The vendor's service as it was met; `error` is None when it showed the vendor's first keyset."""

    address: str
    error: MusterError | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was found out. `obstacle` says why there is no `scene`; `walk_error` why no host could be asked at all.

    `look` is what the directory showed, `choice` what came of it: the certificate that activates, or why none does.
    `refused_key` is the code with which the last key was refused, when no other was installed since; `is_copied` says
    that the state was made on another machine.
    """

    home: HomeAccess
    vendors: tuple[str, ...] = ()
    obstacle: MusterError | None = None
    scene: Scene | None = None
    guidance: Guidance | None = None
    is_copied: bool = False
    refused_key: Code | None = None
    look: Look | None = None
    choice: CertificateClaims | MusterError | None = None
    zones: tuple[str, ...] = ()
    answers: tuple[tuple[str, tuple[ServiceRecord, ...] | MusterError], ...] = ()
    visits: tuple[Visit, ...] = ()
    outcome: Outcome | None = None
    service: ServiceVisit | None = None

    @property
    def is_by_directory(self) -> bool:
        """Whether the directory activates the edition, so that no host is asked."""
        return isinstance(self.choice, CertificateClaims)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the diagnosis. `host` where the step is about one of several hosts; `code` where it is wrong."""

    stage: Stage
    status: Status
    detail: str
    host: str = ""
    code: Code | None = None
    remedy: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON knows values; every field is always there."""
        return {
            "step": str(self.stage),
            "status": str(self.status),
            "host": self.host or None,
            "code": str(self.code) if self.code else None,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one fault, its cause and its remedy. `code` is None when nothing is wrong; `activates`: a host activated it."""

    code: Code | None
    stage: Stage | None
    cause: str
    remedy: str
    activates: bool

    def plain(self) -> dict[str, Any]:
        """As JSON knows values; every field is always there."""
        return {
            "code": str(self.code) if self.code else None,
            "step": str(self.stage) if self.stage else None,
            "cause": self.cause,
            "remedy": self.remedy or None,
            "activates": self.activates,
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Every step in order, and the verdict. `names` are those of hosts and zones that its words may contain."""

    edition: str | None
    steps: tuple[Step, ...]
    verdict: Verdict
    names: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The object that ``muster client diagnose --json`` prints."""
        steps = [step.plain() for step in self.steps]
        return {"edition": self.edition, "steps": steps, "verdict": self.verdict.plain()}


def wrong(stage: Stage, error: MusterError, host: str = "") -> Step:
    """A step that an error speaks of."""
    return Step(stage, Status.WRONG, error.message, host, error.code, error.hint)


def judge(facts: Facts, steps: tuple[Step, ...]) -> Diagnosis:
    """The verdict on steps that were walked in order."""
    edition = facts.scene.edition.name if facts.scene else None
    return Diagnosis(edition, steps, _verdict(facts, steps), tuple(_names(facts)))


def _names(facts: Facts) -> Iterator[str]:
    yield from facts.zones
    if facts.look is not None:
        yield from (urlsplit(url).hostname or url for url in facts.look.servers)
        if facts.look.membership is not None and facts.look.membership.domain:
            yield facts.look.membership.domain
    if facts.service is not None:
        yield urlsplit(facts.service.address).hostname or facts.service.address
    if facts.guidance is not None:
        yield from (candidate.address.host for candidate in facts.guidance.configured)
    for _, answer in facts.answers:
        if not isinstance(answer, MusterError):
            yield from (record.target for record in answer)
    yield from (visit.address.host for visit in facts.visits)


def _verdict(facts: Facts, steps: tuple[Step, ...]) -> Verdict:
    outcome = facts.outcome
    activates = facts.is_by_directory or (outcome is not None and outcome.error is None)
    fault = _fault(facts, [s for s in steps if s.status is Status.WRONG])
    if fault is not None:
        return Verdict(fault.code, fault.stage, fault.detail, fault.remedy, activates)
    if outcome is not None and outcome.error is not None:
        return Verdict(outcome.error.code, None, outcome.error.message, outcome.error.hint, activates)
    if activates:
        by = "directory" if facts.is_by_directory else "activation host"
        return Verdict(None, None, f"nothing is wrong: the {by} activates this edition", "", activates)
    return Verdict(None, None, "nothing is wrong", "", activates)


def _fault(facts: Facts, faults: list[Step]) -> Step | None:
    """The one step that stands in the way, or the weightiest of those that do not."""
    by_stage = {step.stage: step for step in reversed(faults)}
    clock = by_stage.get(Stage.CLOCK)
    blocking = [step for step in faults if step.stage not in _HEALED_BY_AN_ANSWER]
    told = _told_by_hosts(facts, blocking)
    if told is not None:
        by_clock = clock is not None and told.code in _MADE_BY_A_CLOCK
        return clock if by_clock else told
    for stage in _HEALED_BY_AN_ANSWER:
        if stage in by_stage:
            return by_stage[stage]
    return None


def _told_by_hosts(facts: Facts, blocking: list[Step]) -> Step | None:
    """The first step that is wrong; among hosts, the one whose result tells most, as an attempt would tell it.

    Once a host activated the machine, other hosts that do not are no fault of this machine.
    """
    outcome = facts.outcome
    if outcome is None:
        return blocking[0] if blocking else None
    about_hosts = [step for step in blocking if step.host]
    others = [step for step in blocking if not step.host]
    if outcome.error is None:
        return others[0] if others else None
    first = [s for s in others if s.stage not in {Stage.SRV, Stage.ZONES}]
    if first:
        return first[0]
    same = [step for step in about_hosts if step.code is outcome.error.code]
    return next(iter(same or about_hosts or others), None)

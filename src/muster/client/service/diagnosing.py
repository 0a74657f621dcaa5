"""Walking the way of an activation to see where it ends. Changes nothing on this machine: no record, no journal.

A host that is reached is asked as an activation would ask it, under the id that the machine has already: it counts the
machine as it would at the next attempt, and never twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from muster.base.errors import Code, Misconfigured, MusterError, Unreachable, Untrusted
from muster.client.core.attempt import Attempt, Circumstances, Effect, Outcome, Response, attempt
from muster.client.core.choices import ActivationType
from muster.client.core.diagnosis import Diagnosis, Facts, ServiceVisit, Visit
from muster.client.core.diagnosis_steps import diagnose as judged
from muster.client.core.diagnosis_vendor import has_mak
from muster.client.core.directory import choose
from muster.client.core.discovery import Address, ServiceRecord
from muster.client.core.licensing import Scene
from muster.client.core.search import AskName
from muster.client.ports import Inspection
from muster.client.service.activating import circumstances_of
from muster.client.service.confirming import address_of
from muster.client.service.domain import look
from muster.client.service.machine import Machine
from muster.platform.service_address import check_service
from muster.wire.activation import State
from muster.wire.certificate import CertificateClaims
from muster.wire.record import KeyKindCode

REMEMBERED_EVENTS = 200


@dataclass(slots=True)
class _Walked:
    """What was seen on the way."""

    answers: list[tuple[str, tuple[ServiceRecord, ...] | MusterError]] = field(default_factory=list)
    visits: dict[Address, Visit] = field(default_factory=dict)


async def diagnose(machine: Machine, inspection: Inspection, edition: str | None = None) -> Diagnosis:
    """Walk every step for an edition, or for the only one. Never raises for what is wrong: that is what it tells."""
    facts = Facts(inspection.home(), vendors=_vendors(machine))
    try:
        scene = machine.scene(edition)
        guidance = machine.guidance(scene.edition)
        stored = machine.state.record(scene.product.keysets.vendor_id)
    except MusterError as error:
        return judged(replace(facts, obstacle=error, refused_key=_refused_key(machine, edition)))
    facts = replace(facts, scene=scene, guidance=guidance, refused_key=_refused_key(machine, scene.edition.name))
    if has_mak(scene) and scene.standing().state is not State.LICENSED:
        if guidance.type in {ActivationType.ANY, ActivationType.MAK}:
            facts = replace(facts, service=await _visit_service(machine, scene, address_of(scene, guidance)))
        return judged(facts)
    if stored is None or not _has_generic_key(scene):
        return judged(facts)
    if guidance.type in {ActivationType.ANY, ActivationType.DIRECTORY}:
        facts = await _with_directory(machine, facts, scene)
    if facts.is_by_directory or guidance.type not in {ActivationType.ANY, ActivationType.HOST}:
        return judged(facts)
    circumstances = await circumstances_of(machine, scene, guidance)
    order = replace(circumstances.order, skipped=frozenset(), renewal=True)
    # A copied record is given a new id when it is woken for good; until then the old one is counted already.
    circumstances = replace(circumstances, client_id=stored.client_id, order=order)
    walked = _Walked()
    outcome = await _walk(machine, inspection, circumstances, walked)
    return judged(
        replace(
            facts,
            is_copied=stored.client_id != scene.record.client_id,
            zones=order.zones,
            answers=tuple(walked.answers),
            visits=tuple(walked.visits.values()),
            outcome=outcome,
        )
    )


async def _visit_service(machine: Machine, scene: Scene, address: str) -> ServiceVisit:
    """Ask the vendor's service for what proves whose it is: that costs nothing, and nothing of this machine is told."""
    known = scene.product.keysets
    try:
        if not address or machine.vendor is None:
            raise Misconfigured(Code.NO_SERVICE)
        document = await machine.vendor.keyset(check_service(address), known.vendor_id, 1)
    except MusterError as error:
        if error.code is not Code.NOT_FOUND:
            return ServiceVisit(address, error)
        document = b""
    if document != known.documents[0]:
        problem = f"the service at {address} is not that of {scene.product.claims.vendor}"
        return ServiceVisit(address, Untrusted(Code.VENDOR_MISMATCH, problem, "Name the right one: --service URL"))
    return ServiceVisit(address)


def _has_generic_key(scene: Scene) -> bool:
    key = scene.part.key
    return key is not None and key.kind is KeyKindCode.GENERIC


async def _with_directory(machine: Machine, facts: Facts, scene: Scene) -> Facts:
    seen = await look(machine, scene)
    choice: CertificateClaims | MusterError | None = seen.error
    if seen.found is not None:
        organisation = facts.guidance.organisation if facts.guidance else None
        try:
            choice = choose(seen.found, scene, organisation)[1].claims
        except MusterError as error:
            choice = error
    return replace(facts, look=seen, choice=choice)


def _vendors(machine: Machine) -> tuple[str, ...]:
    try:
        return tuple(product.claims.vendor for _, product in machine.products())
    except MusterError:
        return ()


def _refused_key(machine: Machine, edition: str | None) -> Code | None:
    """The code of the last key, when it was refused; None when a key was installed since."""
    for event in reversed(machine.journal.last(REMEMBERED_EVENTS)):
        if edition is not None and event.get("edition") not in {None, edition}:
            continue
        if event.get("event") in {"key.installed", "product.installed"}:
            return None
        if event.get("event") == "key.refused":
            return next((code for code in Code if str(code) == event.get("code")), None)
    return None


async def _walk(machine: Machine, inspection: Inspection, around: Circumstances, walked: _Walked) -> Outcome:
    walk: Attempt = attempt(around)
    try:
        effect: Effect = next(walk)
        while True:
            effect = walk.send(await _respond(machine, inspection, effect, walked))
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome


async def _respond(machine: Machine, inspection: Inspection, effect: Effect, walked: _Walked) -> Response:
    if isinstance(effect, AskName):
        answer: tuple[ServiceRecord, ...] | MusterError
        try:
            answer = await machine.names.services(effect.name)
        except MusterError as error:
            answer = error
        walked.answers.append((effect.name, answer))
        return answer
    visit = walked.visits.get(effect.address)
    if visit is None:
        visit = walked.visits[effect.address] = await _visit(machine, inspection, effect.address)
    if isinstance(visit.numbers, MusterError):
        return visit.numbers
    if visit.unreached is not None or not visit.numbers:
        return visit.unreached or Unreachable(Code.HOST_UNREACHABLE, f"{effect.address} has no address")
    try:
        return await machine.hosts.exchange(effect.address, effect.body)
    except MusterError as error:
        return error


async def _visit(machine: Machine, inspection: Inspection, address: Address) -> Visit:
    try:
        numbers = await machine.names.addresses(address.host)
    except MusterError as error:
        return Visit(address, error)
    last: MusterError | None = None
    for number in numbers:
        try:
            await inspection.reach(address, number)
        except MusterError as error:
            last = error
        else:
            return Visit(address, numbers)
    return Visit(address, numbers, last)
